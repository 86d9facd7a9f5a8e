"""Unmodified posthog-js in headless Chromium, on a page of another origin than the server's."""

import pytest

pytestmark = [pytest.mark.live, pytest.mark.browser]


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
