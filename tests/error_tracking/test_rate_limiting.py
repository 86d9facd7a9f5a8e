"""Limits of how many exceptions are taken."""

from datetime import timedelta

import pytest
from django.utils import timezone

from error_tracking.models import ErrorTrackingSettings, Issue, RateLimitBucket
from tests.error_tracking.ingesting import exception, ingest
from tests.factories import ProjectFactory, RuleFactory


@pytest.fixture
def limits(project):
    def set_limits(project_value=None, issue_value=None, minutes=60, of=project):
        ErrorTrackingSettings.objects.update_or_create(
            project=of,
            defaults={
                "project_rate_limit_value": project_value,
                "project_rate_limit_bucket_size_minutes": minutes,
                "per_issue_rate_limit_value": issue_value,
                "per_issue_rate_limit_bucket_size_minutes": minutes,
            },
        )

    return set_limits


def taken(project, *values):
    """Which of the events, all of these messages, are taken."""
    events = [exception(project, value=value) for value in values]
    ingest(*events)
    return [not event.dropped for event in events]


def test_a_project_takes_so_many(project, limits):
    limits(project_value=3)
    assert taken(project, *"abab") == [True, True, True, False]
    assert taken(project, "c") == [False]
    assert Issue.objects.count() == 3


def test_each_issue_takes_so_many(project, limits):
    limits(issue_value=2)
    assert taken(project, *"aaabb") == [True, True, False, True, True]
    assert taken(project, *"bc") == [False, True]


def test_both_limits_hold(project, limits):
    limits(project_value=3, issue_value=2)
    assert taken(project, *"aaabb") == [True, True, False, True, False]


def test_what_is_dropped_does_not_count(project, limits):
    limits(project_value=3, issue_value=1)
    assert taken(project, *"aaab") == [True, False, False, True]
    assert RateLimitBucket.objects.get(subject="").taken == 2


def test_the_next_bucket_is_empty(project, limits):
    limits(project_value=1, minutes=5)
    assert taken(project, *"aa") == [True, False]
    RateLimitBucket.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    assert taken(project, *"aa") == [True, False]


@pytest.mark.parametrize(
    "missing", ["project_rate_limit_value", "project_rate_limit_bucket_size_minutes"]
)
def test_half_a_limit_is_none(project, limits, missing):
    limits(project_value=1)
    ErrorTrackingSettings.objects.update(**{missing: None})
    assert taken(project, *"aaa") == [True] * 3


def test_other_projects_are_not_limited(project, limits):
    limits(project_value=1)
    other = ProjectFactory()
    assert taken(other, *"aaa") == [True] * 3


def test_bypass_rules_exempt(project, limits):
    limits(project_value=1)
    RuleFactory(
        project=project,
        kind="bypass",
        filters={"type": "AND", "values": [{"key": "$exception_values", "value": "vip"}]},
    )
    assert taken(project, "a", "vip", "a", "vip") == [True, True, False, True]


def test_limits_cost_a_constant_number_of_queries(project, limits, django_assert_num_queries):
    limits(project_value=100, issue_value=100)
    taken(project, *"abc")
    for times in [1, 10]:
        # savepoint, rules, look-up, limits, buckets: made, locked, counted; its release
        with django_assert_num_queries(8):
            taken(project, *("abc" * times))
