"""The unmodified JavaScript SDKs for Node.js against a live server."""

import os
import subprocess

import pytest

from tests.live import NODE, eventually, run_node

pytestmark = [pytest.mark.live, pytest.mark.node]


def test_a_backend_with_posthog_node(server, unique):
    answer = run_node(NODE / "posthog_node.mjs", server, unique)
    assert answer == {"errors": [], "flags": {}}

    person = server.person(unique, f"anonymous-{unique}")
    expected = {"email": "ben@example.com", "source": "ad"}
    assert expected.items() <= person["properties"].items()

    events = {event["event"]: event for event in server.events(5, person_id=person["uuid"])}
    assert set(events) >= {"$identify", "purchase", "$create_alias", "$exception"}
    purchase = events["purchase"]["properties"]
    assert purchase["amount"] == 3
    assert purchase["$lib"] == "posthog-node"
    assert f"acme-{unique}" in [purchase.get(f"$group_{index}") for index in range(5)]


def test_exceptions_of_posthog_node_become_issues(server, unique):
    run_node(NODE / "posthog_node.mjs", server, unique)

    events = server.events(2, distinct_id=unique, event="$exception")
    by_type = {event["properties"]["$exception_types"][0]: event for event in events}
    chained = by_type["Error"]["properties"]
    assert chained["$exception_types"] == ["Error", "TypeError"]
    assert chained["$exception_handled"] is True
    assert chained["order"] == 7
    frames = chained["$exception_list"][1]["stacktrace"]["frames"]
    assert {"priceOf", "checkout"} <= {frame["resolved_name"] for frame in frames}
    issue = server.issue_of(by_type["Error"])
    assert issue["description"] == "no price"
    assert chained["$lib"] == "posthog-node"


def test_an_uncaught_exception_of_a_node_program(server, unique):
    done = subprocess.run(
        ["node", "uncaught.mjs", unique],
        cwd=NODE,
        env=os.environ | {"POSTHOG_HOST": server.url, "POSTHOG_TOKEN": server.token},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0

    def found():
        events = server.get("events/", event="$exception")["results"]
        return [e for e in events if unique in str(e["properties"]["$exception_values"])]

    [event] = eventually(found, 1)
    assert event["properties"]["$exception_handled"] is False
    issue = server.issue_of(event)
    assert (issue["name"], issue["description"]) == ("RangeError", f"the end of {unique}")


def test_a_small_web_client_with_posthog_js_lite(server, unique):
    answer = run_node(NODE / "posthog_js_lite.mjs", server, unique)
    assert answer["errors"] == []

    person = server.person(unique, answer["anonymousId"])
    assert person["properties"]["email"] == "cleo@example.com"
    events = server.events(4, person_id=person["uuid"])
    assert {event["event"] for event in events} >= {"visit", "$identify", "login", "$exception"}
    [exception] = [event for event in events if event["event"] == "$exception"]
    assert server.issue_of(exception)["name"] == "TypeError"
