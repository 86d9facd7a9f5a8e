"""Bodies and parameters nested more deeply than stores and encoders can hold."""

import pytest
from orjson import dumps

from posthog_clone.api.parsers import MAX_DEPTH
from tests.factories import AlertFactory, IssueFactory, PersonFactory


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def groups(depth: int) -> str:
    return '{"type":"AND","values":[' * depth + "]}" * depth


DEPTHS = [MAX_DEPTH - 20, MAX_DEPTH + 1, 900, 5000]
BODIES = [
    ("persisted_folder/", '{"type": "home", "path": "a", "x": %s}'),
    ("persisted_folder/", '{"type": %s}'),
    ("persons/{person}/update_property/", '{"key": "a", "value": %s}'),
    ("persons/batch_by_distinct_ids/", '{"distinct_ids": %s}'),
    ("alerts/", '{"name": "a", "insight": 1, "condition": %s}'),
    ("alerts/", '{"name": "a", "threshold": {"configuration": {"bounds": %s}}}'),
    ("alerts/", '{"name": "a", "schedule_restriction": {"blocked_windows": %s}}'),
    ("alerts/simulate/", '{"insight": 1, "detector_config": %s}'),
    ("logs/alerts/", '{"name": "a", "filters": {"filterGroup": %s}}'),
    ("cohorts/", '{"name": "a", "filters": {"properties": %s}}'),
    ("cohorts/", '{"name": "a", "groups": %s}'),
    ("actions/", '{"name": "a", "steps": [{"event": "a", "properties": %s}]}'),
    ("actions/", '{"name": "a", "tags": %s}'),
    ("hog_functions/", '{"name": "a", "template_id": "template-webhook", "filters": %s}'),
    ("hog_functions/", '{"name": "a", "template_id": "template-webhook", "inputs": {"body": %s}}'),
    ("hog_functions/", '{"name": "a", "template_id": "template-webhook", "mappings": %s}'),
    ("error_tracking/grouping_rules/", '{"filters": %s}'),
    ("error_tracking/suppression_rules/", '{"filters": %s, "sampling_rate": 1.0}'),
    ("error_tracking/assignment_rules/", '{"filters": %s, "assignee": {"type": "user", "id": 1}}'),
    ("error_tracking/issues/{issue}/merge/", '{"ids": %s}'),
    ("error_tracking/releases/", '{"version": "1", "project": "p", "metadata": %s}'),
    ("error_tracking/query/issues/", '{"query": %s, "filterGroup": %s}'),
    ("logs/views/", '{"name": "a", "filters": %s}'),
    ("logs/query/", '{"query": {"filterGroup": %s}}'),
    ("logs/count/", '{"query": {"filterGroup": %s}}'),
    ("query/", '{"query": {"kind": "HogQLQuery", "query": "select {a}", "values": {"a": %s}}}'),
    ("query/", '{"query": {"kind": "EventsQuery", "select": ["event"], "properties": %s}}'),
    ("insights/", '{"query": {"kind": "HogQLQuery", "query": "select 1", "filters": %s}}'),
    ("insights/", '{"tags": %s, "query": {"kind": "HogQLQuery", "query": "select 1"}}'),
]
PARAMETERS = [
    ("events/", "properties"),
    ("events/", "orderBy"),
    ("events/values/", "value"),
    ("persons/", "properties"),
    ("insights/", "created_by"),
    ("insights/", "filters_override"),
    ("logs/attributes/", "filterGroup"),
    ("logs/attributes/", "dateRange"),
    ("hog_functions/", "filters"),
    ("hog_functions/", "filter_groups"),
]


@pytest.fixture
def client(api, project, analytics):
    api.raise_request_exception = False
    return api


def refusal(response) -> tuple:
    body = response.json()
    return response.status_code, body["type"], body["code"], body["detail"]


@pytest.mark.parametrize("shape", [nested, groups])
@pytest.mark.parametrize(("path", "body"), BODIES)
def test_bodies(client, project, path, body, shape):
    path = path.format(
        person=PersonFactory(project=project).uuid, issue=IssueFactory(project=project).id
    )
    for depth in DEPTHS:
        text = body.replace("%s", shape(depth))
        r = client.post(path, text, content_type="application/json")
        assert r.status_code == 400 if depth > MAX_DEPTH else r.status_code < 500, depth
        form = dict.fromkeys(("filters", "value", "query", "inputs"), shape(depth))
        assert client.post(path, form, format="multipart").status_code < 500, depth


@pytest.mark.parametrize("shape", [nested, groups])
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_parameters(client, path, name, shape):
    for depth in DEPTHS:
        assert client.get(path, {name: shape(depth)}).status_code < 500, depth
        one = '[{"key": "a", "value": ' + shape(depth) + "}]"
        assert client.get(path, {name: one}).status_code < 500, depth


def test_the_refusal_names_the_limit(api):
    r = api.post(
        "persisted_folder/",
        '{"x": ' + nested(150) + "}",
        content_type="application/json",
    )

    assert refusal(r) == (
        400,
        "invalid_request",
        "parse_error",
        "JSON parse error - it is nested more than 150 levels deep",
    )


def test_just_not_too_deep(api):
    body = '{"type": "home", "path": "a", "x": ' + nested(149) + "}"

    assert api.post("persisted_folder/", body, content_type="application/json").status_code == 201


def test_many_brackets_side_by_side(api):
    body = dumps({"type": "home", "path": "[" * 1000, "x": [[{}]] * 1000})

    assert api.post("persisted_folder/", body, content_type="application/json").status_code == 201


def test_changing_an_alert(client, project):
    alert = AlertFactory(project=project)
    for depth in DEPTHS:
        for name in ("condition", "config", "schedule_restriction", "threshold", "snoozed_until"):
            body = f'{{"{name}": {nested(depth)}}}'
            r = client.patch(f"alerts/{alert.id}/", body, content_type="application/json")
            assert r.status_code == 400
