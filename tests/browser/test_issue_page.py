"""The admin's page of an issue in headless Chromium: how it looks, and how one works with it."""

import json
import shutil

import pytest
import requests

from tests.live import NODE, run_node

pytestmark = [pytest.mark.live, pytest.mark.browser]
EMAIL, PASSWORD = "ops@example.com", "correct horse battery"
MAKE_SUPERUSER = f"""
from projects.models import User
if not User.objects.filter(email={EMAIL!r}).exists():
    User.objects.create_superuser({EMAIL!r}, {PASSWORD!r})
"""
LONG = "x" * 300
LOOK = """(() => {
    const seen = (element) => !!element && element.checkVisibility();
    const frames = [...document.querySelectorAll(".issue .frame")].filter(seen);
    const folded = frames.find((frame) => frame.tagName === "DETAILS" && !frame.open);
    const before = seen(folded.querySelector(".code"));
    folded.querySelector("summary").click();
    return {
        bars: document.querySelectorAll(".issue svg rect:not(.none)").length,
        frames: frames.map((frame) => frame.querySelector(".place").textContent),
        first_is_open: frames[0].open && seen(frames[0].querySelector(".code")),
        unfolds: !before && seen(folded.querySelector(".code")),
        buttons: [...document.querySelectorAll(".issue section.actions button")]
            .map((button) => button.textContent.trim()),
    };
})()"""
RESOLVE = """[...document.querySelectorAll(".issue button")]
    .find((button) => button.value === "resolved")?.click()"""


def frame(function, line, *, in_app=True):
    return {
        "platform": "python",
        "filename": f"shop/{function}.py",
        "function": function,
        "lineno": line,
        "in_app": in_app,
        "pre_context": ["before"],
        "context_line": f"total = {LONG}",
        "post_context": ["after"],
    }


@pytest.fixture
def issue(server, unique):
    """One with long texts that has just happened."""
    entry = {
        "type": f"Oops{unique}",
        "value": LONG,
        "stacktrace": {
            "type": "raw",
            "frames": [frame("main", 1), frame("library", 2, in_app=False), frame("crash", 3)],
        },
    }
    event = {
        "event": "$exception",
        "distinct_id": unique,
        "properties": {"$exception_list": [entry], "$current_url": f"https://a.example/{LONG}"},
    }
    body = {"api_key": server.token, "batch": [event]}
    requests.post(f"{server.url}/batch/", json=body, timeout=120).raise_for_status()
    return server.issue_of(server.events(distinct_id=unique)[0])


@pytest.fixture
def visit(server, issue, monkeypatch):
    monkeypatch.setenv("CHROMIUM", shutil.which("chromium"))
    server.manage("shell", "-c", MAKE_SUPERUSER)

    def visit(script: str) -> dict:
        path = f"/admin/error_tracking/issue/{issue['id']}/change/"
        answer = run_node(NODE / "admin.mjs", server, server.url, EMAIL, PASSWORD, path, script)
        assert [each for each in answer["problems"] if "favicon" not in each] == []
        return answer["widths"]

    return visit


def test_it_fits_wide_and_narrow_screens(visit):
    widths = visit(LOOK)
    assert set(widths) == {"1280", "390"}
    for seen in widths.values():
        assert seen["overflow"] == 0
        assert seen["result"] == {
            "bars": 1,
            "frames": ["shop/crash.py:3", "shop/main.py:1"],
            "first_is_open": True,
            "unfolds": True,
            "buttons": ["Resolve", "Suppress", "Assign", "Merge"],
        }, json.dumps(seen)


def test_resolving(visit, server, issue):
    visit(RESOLVE)
    assert server.get(f"error_tracking/issues/{issue['id']}/")["status"] == "resolved"
