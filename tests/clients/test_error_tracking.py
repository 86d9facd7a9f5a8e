"""The error-tracking tools that agents call: @posthog/cli's and @posthog/agent-toolkit's."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from tests.live import NODE, run_node

pytestmark = [pytest.mark.live, pytest.mark.node]


def leaf(value):
    return {"key": "$exception_types", "operator": "exact", "type": "event", "value": [value]}


def filters(value):
    return {"type": "AND", "values": [leaf(value)]}


@pytest.fixture
def throw(server, unique):
    """Sends an exception of this type and returns its issue."""

    def throw(name, **properties):
        entry = {
            "type": name,
            "value": "no stock",
            "stacktrace": {
                "type": "raw",
                "frames": [
                    {
                        "platform": "python",
                        "filename": "shop/cart.py",
                        "function": "pay",
                        "lineno": 7,
                        "in_app": True,
                    }
                ],
            },
        }
        properties = {"$exception_list": [entry], "$exception_fingerprint": name, **properties}
        event = {"event": "$exception", "distinct_id": f"{unique}-{name}", "properties": properties}
        body = {"api_key": server.token, "batch": [event]}
        requests.post(f"{server.url}/batch/", json=body, timeout=120).raise_for_status()
        return server.issue_of(server.events(distinct_id=f"{unique}-{name}")[0])

    return throw


def test_asking_about_issues(cli, throw, unique):
    issue = throw(f"Oops-{unique}", **{"$session_id": "s1", "$current_url": "https://a.example/"})
    listed = cli(
        "query-error-tracking-issues-list", searchQuery=unique, volumeResolution=3, limit=5
    )
    (row,) = listed["results"]
    assert (row["id"], row["aggregations"]["occurrences"]) == (issue["id"], 1)
    assert len(row["aggregations"]["volume_buckets"]) == 3
    detail = cli("query-error-tracking-issue", issueId=issue["id"], includeSparkline=True)
    assert detail["impact"] == {"occurrences": 1, "users": 1, "sessions": 1}
    assert detail["top_in_app_frame"]["function"] == "pay"
    assert len(detail["sparkline"]) == 12
    events = cli(
        "query-error-tracking-issue-events", issueId=issue["id"], include=["stacktrace"], limit=2
    )
    (event,) = events["results"]
    (shown,) = event["properties"]["$exception_list"]
    assert shown["stacktrace"]["frames"][0]["resolved_name"] == "pay"


def test_working_on_issues(cli, server, throw, unique):
    one, two = throw(f"One-{unique}"), throw(f"Two-{unique}")
    me = cli("user-get")
    assert cli("error-tracking-issues-partial-update", id=one["id"], status="resolved")
    assignee = {"type": "user", "id": me["id"]}
    cli("error-tracking-issues-assign-partial-update", id=one["id"], assignee=assignee)
    seen = server.get(f"error_tracking/issues/{one['id']}/")
    assert (seen["status"], seen["assignee"]) == ("resolved", assignee)

    cli("error-tracking-issues-merge-create", id=one["id"], ids=[two["id"]])
    fingerprints = [{"fingerprint": f"Two-{unique}", "name": "Two again"}]
    split = cli("error-tracking-issues-split-create", id=one["id"], fingerprints=fingerprints)
    (new_id,) = split["new_issue_ids"]
    assert server.get(f"error_tracking/issues/{new_id}/")["name"] == "Two again"


def test_a_role_as_assignee(cli, server, throw, unique):
    role = requests.post(
        f"{server.url}/api/organizations/@current/roles/",
        json={"name": unique},
        headers={"Authorization": f"Bearer {server.key}"},
        timeout=120,
    ).json()
    issue = throw(f"Role-{unique}")
    assignee = {"type": "role", "id": role["id"]}
    cli("error-tracking-issues-assign-partial-update", id=issue["id"], assignee=assignee)
    (row,) = cli("query-error-tracking-issues-list", assignee=assignee)["results"]
    assert (row["id"], row["assignee"]) == (issue["id"], assignee)


@pytest.mark.parametrize(
    ("kind", "more", "changes"),
    [
        ("assignment", {"assignee": True}, None),
        ("bypass", {}, {}),
        ("grouping", {"description": "all of a kind"}, {}),
        ("severity", {"severity": "high"}, {"severity": "low"}),
        ("suppression", {"sampling_rate": 0.5}, {"sampling_rate": 0.25}),
    ],
)
def test_rules(cli, server, unique, kind, more, changes):
    if more.get("assignee"):
        more = {"assignee": {"type": "user", "id": cli("user-get")["id"]}}
    rule = cli(f"error-tracking-{kind}-rules-create", filters=filters(unique), **more)
    if changes is not None:
        new = filters(f"{unique}-2")
        cli(f"error-tracking-{kind}-rules-update", id=rule["id"], filters=new, **changes)
    listed = cli(f"error-tracking-{kind}-rules-list")["results"]
    (found,) = [each for each in listed if each["id"] == rule["id"]]
    expected = {**more, **(changes or {})}
    assert {name: found[name] for name in expected} == expected
    assert found["filters"] == (filters(unique) if changes is None else new)


def test_settings_symbol_sets_and_the_rest(cli, server, unique):
    limits = {"per_issue_rate_limit_value": 10**6, "per_issue_rate_limit_bucket_size_minutes": 1}
    assert limits.items() <= cli("error-tracking-settings-update", **limits).items()
    assert cli("error-tracking-recommendations-list")["results"] == []
    cli("error-tracking-alerts-list")

    body = {"symbol_sets": [{"chunk_id": unique, "content_hash": "h"}]}
    started = server.post("error_tracking/symbol_sets/bulk_start_upload", body)
    upload = started["id_map"][unique]
    form = upload["presigned_url"]
    file = {"file": ("file", b"data")}
    requests.post(form["url"], data=form["fields"], files=file, timeout=120).raise_for_status()
    hashes = {"content_hashes": {upload["symbol_set_id"]: "h"}}
    server.post("error_tracking/symbol_sets/bulk_finish_upload", hashes)
    (row,) = cli("error-tracking-symbol-sets-list", ref=unique)["results"]
    assert row["has_uploaded_file"]
    assert cli("error-tracking-symbol-sets-retrieve", id=row["id"])["ref"] == unique
    link = cli("error-tracking-symbol-sets-download-retrieve", id=row["id"])
    assert requests.get(link["url"], timeout=120).content == b"data"


def test_the_agent_toolkit(server, throw, unique):
    issue = throw(f"Toolkit-{unique}")
    calls = [
        ["list-errors", {"orderBy": "last_seen"}],
        ["list-errors", {"status": "resolved", "filterTestAccounts": False}],
        ["error-details", {"issueId": issue["id"]}],
        ["error-details", {"issueId": str(uuid4())}],
    ]
    script = Path(NODE / "agent_toolkit.mjs")
    active, resolved, details, unknown = run_node(script, server, json.dumps(calls))
    (row,) = [each for each in active if each["id"] == issue["id"]]
    assert row["aggregations"]["occurrences"] == 1
    assert issue["id"] not in [each["id"] for each in resolved]
    assert [each["id"] for each in details] == [issue["id"]]
    assert unknown == []
