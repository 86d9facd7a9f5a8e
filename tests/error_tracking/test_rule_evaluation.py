"""What rules do to the exceptions that come in."""

from uuid import UUID

import pytest

from error_tracking.models import Fingerprint, Issue, Rule
from tests.error_tracking.ingesting import captured, exception, ingest
from tests.error_tracking.recorded import exception_events
from tests.factories import (
    FingerprintFactory,
    IssueFactory,
    MembershipFactory,
    RuleFactory,
    UserFactory,
)


def leaf(key="$exception_types", value="ValueError", operator="exact", **fields):
    return {"key": key, "type": "event", "operator": operator, "value": value, **fields}


def all_of(*leaves):
    return {"type": "AND", "values": list(leaves)}


@pytest.fixture
def rule(project):
    """Makes a rule; by default it matches every ValueError."""

    def make(kind, *leaves, **fields):
        filters = all_of(*leaves) if leaves else all_of(leaf())
        return RuleFactory(project=project, kind=kind, **{"filters": filters, **fields})

    return make


@pytest.fixture
def member(organization):
    return MembershipFactory(organization=organization).user


# Grouping


def test_what_matches_a_grouping_rule_shares_an_issue(project, rule):
    found = rule("grouping")
    one, two = exception(project, value="one"), exception(project, value="two")
    other = exception(project, "KeyError")

    ingest(one, two, other)

    assert one.issue_id == two.issue_id != other.issue_id
    assert one.fingerprint == f"custom-rule:{found.id}"
    assert one.properties["$exception_fingerprint"] == one.fingerprint
    assert one.properties["$exception_fingerprint_record"] == [
        {"type": "custom", "rule_id": str(found.id)}
    ]
    assert "$exception_fingerprint_version" not in one.properties
    assert other.properties["$exception_fingerprint_version"] == "v2"
    assert Fingerprint.objects.get(fingerprint=one.fingerprint).issue_id == one.issue_id


def test_the_clients_own_fingerprint_comes_first(project, rule):
    rule("grouping")
    event = exception(project, **{"$exception_fingerprint": "mine"})
    ingest(event)
    assert event.fingerprint == "mine"


def test_the_first_rule_in_order_decides(project, rule):
    rule("grouping", order_key=2)
    first = rule("grouping", order_key=1)
    rule("grouping", leaf(value="KeyError"), order_key=0)
    rule("grouping", order_key=-1, disabled_data={"message": "bad"})
    event = exception(project)
    ingest(event)
    assert event.fingerprint == f"custom-rule:{first.id}"


def test_rules_of_other_projects_do_nothing(project):
    RuleFactory(kind="grouping", filters=all_of(leaf()))
    RuleFactory(kind="suppression", filters=all_of())
    event = exception(project)
    ingest(event)
    assert event.dropped is False
    assert event.properties["$exception_fingerprint_version"] == "v2"


def test_a_rule_counts_from_when_it_is_stored(api, project):
    first = exception(project)
    ingest(first)
    api.post("error_tracking/grouping_rules/", {"filters": all_of(leaf())})
    second = exception(project)
    ingest(second)
    assert second.fingerprint.startswith("custom-rule:")
    rule_id = second.fingerprint.removeprefix("custom-rule:")
    r = api.get(f"error_tracking/grouping_rules/{rule_id}/")
    assert r.json()["issue"] == {"id": str(second.issue_id), "name": "ValueError"}
    api.delete(f"error_tracking/grouping_rules/{rule_id}/")
    third = exception(project)
    ingest(third)
    assert third.issue_id == first.issue_id
    assert Issue.objects.filter(id=second.issue_id).exists()


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        (leaf("$exception_functions", "price"), True),
        (leaf("$exception_functions", "missing"), False),
        (leaf("$exception_sources", "orders", "icontains"), True),
        (leaf("$exception_values", "^division", "regex"), True),
        (leaf("$exception_types", "ZeroDivisionError", "is_not"), False),
        (leaf("$exception_handled", "true"), True),
        (leaf("$exception_handled", "false"), False),
        (leaf("order_id", 7), True),
        (leaf("order_id", 5, "gt"), True),
        (leaf("$lib", ["web", "posthog-python"]), True),
        (leaf("missing", None, "is_not_set"), True),
        (leaf("email", "@example.com", "ends_with", type="person"), True),
        (leaf("email", "@other.com", "ends_with", type="person"), False),
    ],
)
def test_conditions_see_the_exception_as_it_was_read(project, rule, condition, matches):
    rule("grouping", condition)
    event = captured(project, **exception_events("python_exception_handled")[0])
    event.person_properties = {"email": "ada@example.com"}
    ingest(event)
    assert event.fingerprint.startswith("custom-rule:") is matches


# Suppression


def test_what_matches_a_suppression_rule_is_dropped(project, rule):
    rule("suppression")
    dropped, kept = exception(project), exception(project, "KeyError")
    assert [change.event for change in ingest(dropped, kept)] == [kept]
    assert (dropped.dropped, kept.dropped) == (True, False)
    assert dropped.issue_id is None
    assert Issue.objects.count() == 1


def test_suppression_reopens_nothing(project, rule):
    rule("suppression")
    issue = IssueFactory(project=project, status="resolved")
    FingerprintFactory(issue=issue, fingerprint="f")
    ingest(exception(project, **{"$exception_fingerprint": "f"}))
    issue.refresh_from_db()
    assert issue.status == "resolved"


def test_suppression_sees_the_fingerprint_and_no_issue(project, rule):
    rule(
        "suppression",
        leaf("$exception_issue_id", None, "is_not_set"),
        leaf("$exception_fingerprint", "f"),
    )
    event = exception(project, **{"$exception_fingerprint": "f"})
    ingest(event)
    assert event.dropped


def test_a_rule_without_conditions_silences_the_project(project, rule):
    rule("suppression", filters=all_of())
    event = exception(project)
    ingest(event)
    assert event.dropped


@pytest.mark.parametrize(
    ("rate", "remainder", "is_dropped"),
    [(0.0, 0, False), (0.25, 2499, True), (0.25, 2500, False), (1.0, 9999, True)],
)
def test_a_share_is_dropped(project, rule, rate, remainder, is_dropped):
    rule("suppression", sampling_rate=rate)
    event = exception(project)
    event.uuid = UUID(int=10_000 * 12345 + remainder)
    ingest(event)
    assert event.dropped is is_dropped


def test_a_rule_that_spares_an_event_leaves_it_to_the_others(project, rule):
    rule("suppression", sampling_rate=0.0)
    rule("suppression", order_key=1)
    event = exception(project)
    ingest(event)
    assert event.dropped


# Assignment and severity


def test_new_issues_are_assigned(project, rule, member):
    rule("assignment", assigned_user=UserFactory(), filters=all_of(leaf(value="KeyError")))
    rule("assignment", assigned_user=None)
    rule("assignment", assigned_user=member, order_key=1)
    rule("assignment", assigned_user=UserFactory(), order_key=2)
    ingest(exception(project))
    assert Issue.objects.get().assigned_user == member


def test_grouping_rules_assign_before_others(project, rule, member):
    rule("grouping", assigned_user=member)
    rule("assignment", assigned_user=UserFactory())
    ingest(exception(project))
    assert Issue.objects.get().assigned_user == member


def test_reopened_issues_are_assigned_if_nobody_has_them(project, rule, member):
    other = UserFactory()
    rule("assignment", assigned_user=member)
    for fingerprint, owner in [("a", None), ("b", other)]:
        issue = IssueFactory(project=project, status="resolved", assigned_user=owner)
        FingerprintFactory(issue=issue, fingerprint=fingerprint)
    ingest(*(exception(project, **{"$exception_fingerprint": f}) for f in "ab"))
    owners = Fingerprint.objects.values_list("fingerprint", "issue__assigned_user")
    assert dict(owners) == {"a": member.id, "b": other.id}


def test_known_issues_are_not_assigned(project, rule, member):
    ingest(exception(project))
    rule("assignment", assigned_user=member)
    ingest(exception(project))
    assert Issue.objects.get().assigned_user is None


def test_new_issues_get_a_severity(project, rule):
    rule("severity", severity="low", filters=all_of(leaf(value="KeyError")))
    rule("severity", severity="high", order_key=1)
    rule("severity", severity="medium", order_key=2)
    ingest(exception(project))
    assert Issue.objects.get().severity == "high"
    Issue.objects.update(severity=None, status="resolved")
    ingest(exception(project))
    assert Issue.objects.get().severity is None


# Rules that can't be evaluated


@pytest.mark.parametrize("kind", ["grouping", "suppression", "assignment", "severity"])
def test_a_rule_that_fails_is_disabled_and_the_next_one_tried(project, rule, kind, member):
    broken = rule(kind, leaf(operator="regex", value="(unclosed"), order_key=-1)
    live = rule(kind, assigned_user=member, severity="high")
    event = exception(project, order_id=7)

    ingest(event)

    broken.refresh_from_db()
    assert "regular expression" in broken.disabled_data["message"]
    assert broken.disabled_data["properties"]["order_id"] == 7
    assert Rule.objects.get(id=live.id).disabled_data is None
    outcomes = {
        "grouping": event.fingerprint == f"custom-rule:{live.id}",
        "suppression": event.dropped,
        "assignment": Issue.objects.filter(assigned_user=member).exists(),
        "severity": Issue.objects.filter(severity="high").exists(),
    }
    assert outcomes[kind]


@pytest.mark.parametrize(
    "filters", [{}, {"type": "AND", "values": [{"key": "a", "type": "x"}]}, []]
)
def test_filters_that_nobody_could_have_stored_do_no_harm(project, rule, filters):
    rule("assignment", filters=filters)
    event = exception(project)
    ingest(event)
    assert event.issue_id


def test_a_disabled_rule_lives_again_when_it_is_changed(api, project, rule):
    broken = rule("suppression", leaf(operator="regex", value="(unclosed"))
    ingest(exception(project))
    path = f"error_tracking/suppression_rules/{broken.id}/"
    shown = api.get(path).json()["disabled_data"]
    assert set(shown) == {"message", "issue", "properties"}
    api.patch(path, {"filters": all_of(leaf())})
    event = exception(project)
    ingest(event)
    assert event.dropped


def test_rules_cost_one_query_however_many(project, rule, django_assert_num_queries):
    for _ in range(5):
        for kind in ["grouping", "suppression", "bypass", "assignment", "severity"]:
            rule(kind, leaf(value="KeyError"))
    ingest(exception(project))
    with django_assert_num_queries(5):  # savepoint, rules, look-up, limits, its release
        ingest(*(exception(project) for _ in range(20)))
