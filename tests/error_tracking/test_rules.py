"""Rules as resources; what they do to exceptions is in test_rule_evaluation.py."""

from uuid import uuid4

import pytest

from error_tracking.models import Rule
from tests.factories import (
    FingerprintFactory,
    MembershipFactory,
    ProjectFactory,
    RuleFactory,
)

KINDS = ["grouping", "suppression", "assignment", "bypass", "severity"]
UNPAGED = {"grouping", "severity"}
ROW = {
    "grouping": {"assignee", "description", "issue"},
    "suppression": {"sampling_rate"},
    "assignment": {"assignee"},
    "bypass": set(),
    "severity": {"severity"},
}
COMMON = {"id", "filters", "order_key", "disabled_data", "created_at", "updated_at"}
LEAF = {"key": "$exception_types", "type": "event", "operator": "exact", "value": ["A"]}
FILTERS = {"type": "AND", "values": [{"type": "OR", "values": [LEAF]}]}
EMPTY = {"type": "AND", "values": [{"type": "OR", "values": []}]}


def path(kind, id=""):
    return f"error_tracking/{kind}_rules/{id}/" if id else f"error_tracking/{kind}_rules/"


@pytest.fixture
def body(user):
    """What a rule of each kind needs to be made."""
    extra = {
        "assignment": {"assignee": {"type": "user", "id": user.id}},
        "severity": {"severity": "high"},
    }
    return lambda kind, **changes: {"filters": FILTERS, **extra.get(kind, {}), **changes}


@pytest.fixture
def rule(project, user):
    def make(kind, **fields):
        return RuleFactory(
            project=project, kind=kind, assigned_user=user, severity="high", **fields
        )

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_life_of_a_rule(api, body, kind, project):
    r = api.post(path(kind), body(kind))
    assert r.status_code == 201
    created = r.json()
    assert set(created) == COMMON | ROW[kind]
    assert created["filters"] == FILTERS
    assert (created["order_key"], created["disabled_data"]) == (0, None)
    assert Rule.objects.get().project == project

    one = path(kind, created["id"])
    assert api.get(one).json() == created
    listed = api.get(path(kind)).json()
    assert listed["results"] == [created]
    assert set(listed) == (
        {"results"} if kind in UNPAGED else {"results", "count", "next", "previous"}
    )

    changed = {"type": "OR", "values": [LEAF]}
    for method in [api.patch, api.put]:
        r = method(one, {"filters": changed})
        if (kind, method) == ("suppression", api.patch):
            assert (r.status_code, r.json()["filters"]) == (200, changed)
        else:
            assert (r.status_code, r.content) == (204, b"")
    assert api.get(one).json()["filters"] == changed

    r = api.delete(one)
    assert (r.status_code, r.content) == (204, b"")
    for method in [api.get, api.patch, api.put, api.delete]:
        assert method(one).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_and_projects_are_apart(api, kind, rule, organization):
    for other in KINDS:
        if other != kind:
            assert api.get(path(kind, rule(other).id)).status_code == 404
    elsewhere = RuleFactory(project=ProjectFactory(organization=organization), kind=kind)
    assert api.get(path(kind, elsewhere.id)).status_code == 404
    assert api.get(path(kind)).json()["results"] == []
    for id in ["nonsense", uuid4()]:
        assert api.get(path(kind, id)).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_rules_are_listed_in_order(api, rule, kind, django_assert_max_num_queries):
    late, early, middle = (rule(kind, order_key=order) for order in (5, -1, 3))
    same = rule(kind, order_key=3)
    with django_assert_max_num_queries(5):
        listed = api.get(path(kind)).json()["results"]
    assert [found["id"] for found in listed] == [
        str(found.id) for found in (early, middle, same, late)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_reorder(api, rule, kind):
    first, second = rule(kind), rule(kind)
    other = RuleFactory(kind=kind)
    r = api.patch(
        f"{path(kind)}reorder/",
        {"orders": {str(first.id): 7, str(other.id): 8, "nonsense": 9}},
    )
    assert (r.status_code, r.content) == (200, b"")
    orders = dict(Rule.objects.values_list("id", "order_key"))
    assert orders == {first.id: 7, second.id: 0, other.id: 0}
    for body in [{}, {"orders": {}}, {"filters": FILTERS, "order_key": 3}]:
        assert api.patch(f"{path(kind)}reorder/", body).status_code == 200
    assert dict(Rule.objects.values_list("id", "order_key")) == orders


@pytest.mark.parametrize("orders", [[], "x", {"a": "x"}, {"a": 2**31}, {"a": None}])
def test_reorder_refuses(api, orders):
    r = api.patch(f"{path('grouping')}reorder/", {"orders": orders})
    assert (r.status_code, r.json()["attr"][:6]) == (400, "orders")


def test_scopes(api_with_scopes, rule):
    found = rule("grouping")
    reader, writer = api_with_scopes("error_tracking:read"), api_with_scopes("error_tracking:write")
    assert reader.get(path("grouping", found.id)).status_code == 200
    assert reader.patch(path("grouping", found.id), {}).status_code == 403
    assert reader.patch(f"{path('grouping')}reorder/", {}).status_code == 403
    assert writer.patch(f"{path('grouping')}reorder/", {}).status_code == 200
    assert writer.delete(path("grouping", found.id)).status_code == 204


# Filters


@pytest.mark.parametrize("kind", KINDS)
def test_filters_are_required_but_for_suppression(api, body, kind):
    sent = body(kind)
    del sent["filters"]
    r = api.post(path(kind), sent)
    if kind == "suppression":
        assert (r.status_code, r.json()["filters"]) == (201, {"type": "AND", "values": []})
    else:
        assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, "filters", "required")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filters", [EMPTY, {"type": "OR", "values": []}])
def test_filters_without_a_condition(api, body, rule, kind, filters):
    accepted = kind not in {"grouping", "bypass"}
    r = api.post(path(kind), body(kind, filters=filters))
    assert r.status_code == (201 if accepted else 400)
    assert accepted or r.json()["attr"] == "filters"
    r = api.put(path(kind, rule(kind).id), {"filters": filters})
    assert r.status_code == (204 if accepted else 400)


def leaf(**changes):
    return {"type": "AND", "values": [{**LEAF, **changes}]}


def nested(depth):
    return {"type": "AND", "values": [nested(depth - 1)] if depth else [LEAF]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filters", ["x", 5, [], [LEAF], True])
def test_filters_that_are_no_object(api, body, kind, filters):
    r = api.post(path(kind), body(kind, filters=filters))
    assert (r.status_code, r.json()["attr"]) == (400, "filters")


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"type": "AND"},
        {"values": []},
        {"type": "XOR", "values": []},
        {"type": [], "values": []},
        {"type": "AND", "values": {}},
        {"type": "AND", "values": [5]},
        {"type": "AND", "values": [{}]},
        {"type": "AND", "values": [], "extra": 1},
        {"type": "AND", "values": [{"type": "OR", "values": [None]}]},
        leaf(extra=1),
        leaf(key=None),
        leaf(operator="nearly"),
        leaf(operator=["exact"]),
        leaf(type="cohort"),
        leaf(type=[]),
        leaf(value={"a": 1}),
        leaf(value=[[1]]),
        leaf(operator="between", value=5),
        leaf(operator="between", value=[2, 1]),
        leaf(operator="between", value=["a", "b"]),
        nested(40),
    ],
)
@pytest.mark.parametrize("kind", ["grouping", "suppression"])
def test_filters_that_are_no_group(api, body, kind, filters):
    r = api.post(path(kind), body(kind, filters=filters))
    assert (r.status_code, r.json()["attr"], r.json()["detail"]) == (
        400,
        "filters",
        "Invalid filters payload.",
    )


@pytest.mark.parametrize(
    "filters",
    [
        leaf(label="shown"),
        leaf(type="person", key="email", operator="icontains", value="@example.com"),
        leaf(operator="is_set", value=None),
        leaf(operator="between", value=["1", 2.5]),
        {"type": "OR", "values": [{"key": "a"}]},
        nested(5),
    ],
)
def test_filters_are_kept_as_they_came(api, body, filters):
    r = api.post(path("grouping"), body("grouping", filters=filters))
    assert (r.status_code, r.json()["filters"]) == (201, filters)


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_without_filters_keeps_them(api, rule, kind):
    found = rule(kind)
    for body in [{}, {"filters": None}]:
        assert api.patch(path(kind, found.id), body).status_code in {200, 204}
    assert Rule.objects.get().filters == found.filters


def test_an_update_from_a_form_whose_filters_are_no_json(api, rule):
    for kind in KINDS:
        r = api.patch(
            path(kind, rule(kind).id),
            "filters=undefined",
            content_type="application/x-www-form-urlencoded",
        )
        assert (r.status_code, r.json()["attr"]) == (400, "filters")


# What each kind adds


@pytest.mark.parametrize("kind", KINDS)
def test_order_at_creation(api, body, kind):
    r = api.post(path(kind), body(kind, order_key=5))
    takes_order = kind in {"assignment", "severity"}
    assert r.json()["order_key"] == (5 if takes_order else 0)
    r = api.post(path(kind), body(kind, order_key=None))
    assert r.status_code == (400 if takes_order else 201)


@pytest.mark.parametrize("kind", KINDS)
def test_order_by_update(api, rule, kind):
    found = rule(kind)
    api.patch(path(kind, found.id), {"order_key": 5})
    found.refresh_from_db()
    assert found.order_key == (5 if kind == "suppression" else 0)
    r = api.patch(path(kind, found.id), {"order_key": None})
    assert r.status_code == (400 if kind == "suppression" else 204)


@pytest.mark.parametrize("order_key", [2**31, -(2**31) - 1, "x", 1.5])
def test_orders_out_of_range(api, body, order_key):
    r = api.post(path("severity"), body("severity", order_key=order_key))
    assert (r.status_code, r.json()["attr"]) == (400, "order_key")


@pytest.mark.parametrize("kind", KINDS)
def test_disabled_rules_come_back_when_they_are_changed(api, rule, kind):
    for changes in [{}, {"filters": FILTERS}, {"disabled_data": {"message": "sent"}}]:
        found = rule(kind, disabled_data={"message": "invalid regex"})
        assert api.get(path(kind, found.id)).json()["disabled_data"] == found.disabled_data
        api.patch(path(kind, found.id), changes)
        found.refresh_from_db()
        stays = kind == "severity" and "filters" not in changes
        assert found.disabled_data == ({"message": "invalid regex"} if stays else None)


@pytest.mark.parametrize("rate", [0, 0.5, 1, "0.25"])
def test_sampling_rates(api, rate):
    r = api.post(path("suppression"), {"sampling_rate": rate})
    assert (r.status_code, r.json()["sampling_rate"]) == (201, float(rate))


@pytest.mark.parametrize("rate", [-0.1, 1.1, "x", None, "nan", "inf", []])
def test_sampling_rates_out_of_range(api, rule, rate):
    r = api.post(path("suppression"), {"sampling_rate": rate})
    assert (r.status_code, r.json()["attr"]) == (400, "sampling_rate")
    r = api.patch(path("suppression", rule("suppression").id), {"sampling_rate": rate})
    assert (r.status_code, r.json()["attr"]) == (400, "sampling_rate")


def test_by_default_all_of_a_match_is_dropped(api):
    assert api.post(path("suppression"), {}).json()["sampling_rate"] == 1.0


def test_grouping_rules_have_description_and_assignee(api, body, user):
    assignee = {"type": "user", "id": user.id}
    r = api.post(path("grouping"), body("grouping", description="", assignee=assignee))
    assert (r.status_code, r.json()["description"], r.json()["assignee"]) == (201, "", assignee)
    r = api.post(path("grouping"), body("grouping", description=None, assignee=None))
    assert (r.status_code, r.json()["description"], r.json()["assignee"]) == (201, None, None)


def test_a_grouping_rule_shows_its_issue(api, rule, project):
    found = rule("grouping")
    fingerprint = FingerprintFactory(issue__project=project, fingerprint=f"custom-rule:{found.id}")
    FingerprintFactory(fingerprint=f"custom-rule:{found.id}")
    issue = {"id": str(fingerprint.issue.id), "name": fingerprint.issue.name}
    assert api.get(path("grouping", found.id)).json()["issue"] == issue
    assert api.get(path("grouping")).json()["results"][0]["issue"] == issue


@pytest.mark.parametrize(
    ("assignee", "attr"),
    [
        (None, "assignee"),
        ({"type": "user"}, "assignee__id"),
        ({"type": "user", "id": "ada"}, "assignee__id"),
        ({"type": "user", "id": False}, "assignee__id"),
        ({"type": "user", "id": 1.0}, "assignee__id"),
        ({"type": "role", "id": 1}, "assignee__id"),
        ({"type": "group", "id": 1}, "assignee__type"),
    ],
)
def test_assignment_rules_need_somebody(api, body, rule, assignee, attr):
    r = api.post(path("assignment"), body("assignment", assignee=assignee))
    assert (r.status_code, r.json()["attr"]) == (400, attr)
    r = api.patch(path("assignment", rule("assignment").id), {"assignee": assignee})
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_assignment_rules_take_members_alone(api, body, organization):
    member = MembershipFactory(organization=organization).user
    stranger = MembershipFactory().user
    for user, status in [(member, 201), (stranger, 400)]:
        assignee = {"type": "user", "id": str(user.id)}
        r = api.post(path("assignment"), body("assignment", assignee=assignee))
        assert r.status_code == status
    sent = body("assignment")
    del sent["assignee"]
    r = api.post(path("assignment"), sent)
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, "assignee", "required")


@pytest.mark.parametrize("severity", ["urgent", None, 5])
def test_severities(api, body, severity):
    r = api.post(path("severity"), body("severity", severity=severity))
    assert (r.status_code, r.json()["attr"]) == (400, "severity")


def test_a_project_has_a_hundred_severity_rules(api, body, project):
    RuleFactory.create_batch(100, project=project, kind="severity", severity="low")
    r = api.post(path("severity"), body("severity"))
    assert r.status_code == 400
    assert "100" in r.json()["detail"]
