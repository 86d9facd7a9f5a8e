"""Pages with posthog-js in headless Chromium."""

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.live import NODE, run_node

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
    """Opens a page with posthog-js of a package, runs a script there and tells what happened.

    The page has the site's app.js, or else a small one of ours.
    """
    folder, origin = site
    monkeypatch.setenv("CHROMIUM", shutil.which("chromium"))

    def open_page(script: str, package: str | None = "posthog-js", **options) -> dict:
        if package is None:
            library = f"{server.url}/static/array.js"
        else:
            shutil.copy(NODE / "node_modules" / package / "dist" / "array.full.js", folder)
            library = "array.full.js"
        if not (folder / "app.js").exists():
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
