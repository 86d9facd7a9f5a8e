"""Unmodified posthog-js in headless Chromium, on a page of another origin than the server's."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.live import NODE, run_node

pytestmark = [pytest.mark.live, pytest.mark.browser]

SNIPPET = """<!doctype html>
<meta charset="utf-8">
<title>Shop</title>
<link rel="icon" href="data:,">
<script src="{library}"></script>
<script src="app.js"></script>
<script>
posthog.init({token}, {{
    api_host: {host},
    opt_out_useragent_filter: true,
    request_batching: false,
    loaded: () => {{ setTimeout(() => {{ window.ready = true }}, 500) }},
    ...{options}
}});
</script>
<h1>Shop</h1>
"""
APP = """
function priceOf(order) { return order.items.length }
function checkout() { return priceOf({}) }
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path):
    """A folder that is served on a port of its own: another origin for the browser."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        try:
            yield tmp_path, f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()


@pytest.fixture
def visit(server, site, monkeypatch):
    """Opens a page with posthog-js of a package, runs a script there and tells what happened."""
    folder, origin = site
    monkeypatch.setenv("CHROMIUM", shutil.which("chromium"))

    def open_page(script: str, package: str | None = "posthog-js", **options) -> dict:
        if package is None:
            library = f"{server.url}/static/array.js"
        else:
            shutil.copy(NODE / "node_modules" / package / "dist" / "array.full.js", folder)
            library = "array.full.js"
        (folder / "app.js").write_text(APP)
        (folder / "index.html").write_text(
            SNIPPET.format(
                library=library,
                token=json.dumps(server.token),
                host=json.dumps(server.url),
                options=json.dumps(options),
            )
        )
        answer = run_node(NODE / "browser.mjs", server, f"{origin}/index.html", script)
        assert answer["refusals"] == []
        return answer

    return open_page


def uncaught(event):
    return not event["properties"]["$exception_handled"]


def test_a_page_view_a_login_and_a_click_belong_to_one_person(server, visit, unique):
    answer = visit(
        f"""
        posthog.capture("opened", {{page: "shop"}});
        posthog.identify("{unique}", {{email: "dora@example.com"}}, {{source: "ad"}});
        posthog.capture("purchase", {{amount: 5}});
        """
    )
    assert any("/e/" in request for request in answer["requests"])

    person = server.person(unique)
    expected = {"email": "dora@example.com", "source": "ad"}
    assert expected.items() <= person["properties"].items()
    events = {event["event"]: event for event in server.events(4, person_id=person["uuid"])}
    assert set(events) >= {"$pageview", "opened", "$identify", "purchase"}
    properties = events["purchase"]["properties"]
    assert properties["$lib"] == "web"
    assert properties["$session_id"]
    assert properties["$browser"]


def test_what_a_page_throws_becomes_an_issue(server, visit, unique):
    visit(
        f"""
        posthog.identify("{unique}");
        setTimeout(checkout, 0);
        setTimeout(() => Promise.reject(new RangeError("no stock")), 50);
        try {{ checkout() }} catch (error) {{ posthog.captureException(error, {{order: 7}}) }}
        """
    )

    events = server.events(3, distinct_id=unique, event="$exception")
    kinds = sorted((e["properties"]["$exception_types"][0], uncaught(e)) for e in events)
    assert kinds == [("RangeError", True), ("TypeError", False), ("TypeError", True)]
    thrown = next(e for e in events if uncaught(e) and "TypeError" in str(e["properties"]))
    frames = thrown["properties"]["$exception_list"][0]["stacktrace"]["frames"]
    assert {"priceOf", "checkout"} <= {frame["mangled_name"] for frame in frames}
    issue = server.issue_of(thrown)
    assert issue["name"] == "TypeError"
    assert issue["status"] == "active"


def test_the_snippet_loads_everything_from_this_server(server, visit, unique):
    answer = visit(f'posthog.identify("{unique}"); setTimeout(checkout, 0);', package=None)

    requests = answer["requests"]
    assert "200 GET /static/array.js" in requests
    assert any("exception-autocapture.js" in request for request in requests)
    assert not [request for request in requests if request.startswith(("4", "5"))]
    [event] = server.events(distinct_id=unique, event="$exception")
    assert server.issue_of(event)["name"] == "TypeError"


@pytest.mark.parametrize("options", [{"disable_compression": True}, {"request_batching": True}])
def test_other_ways_to_send(server, visit, unique, options):
    visit(f'posthog.identify("{unique}"); posthog.capture("purchase", {{amount: 5}})', **options)
    events = server.events(2, distinct_id=unique)
    assert "purchase" in {event["event"] for event in events}


def test_a_version_of_2024(server, visit, unique):
    visit(
        f"""
        posthog.identify("{unique}", {{email: "emil@example.com"}});
        posthog.capture("purchase", {{amount: 5}});
        try {{ checkout() }} catch (error) {{ posthog.captureException(error) }}
        """,
        package="posthog-js-1.180",
    )
    events = server.events(3, distinct_id=unique)
    assert {event["event"] for event in events} >= {"$identify", "purchase", "$exception"}
    assert server.person(unique)["properties"]["email"] == "emil@example.com"
    [exception] = [event for event in events if event["event"] == "$exception"]
    assert server.issue_of(exception)["name"] == "TypeError"
