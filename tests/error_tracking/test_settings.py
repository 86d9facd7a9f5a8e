"""What a project sets for error tracking, and its spikes."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from error_tracking.models import ErrorTrackingSettings
from tests.factories import IssueFactory, ProjectFactory, SpikeEventFactory

LIMITS = [
    "project_rate_limit_value",
    "project_rate_limit_bucket_size_minutes",
    "per_issue_rate_limit_value",
    "per_issue_rate_limit_bucket_size_minutes",
]


def test_limits_are_none_at_first(api, project):
    for _ in range(2):
        r = api.get("error_tracking/settings/retrieve_settings/")
        assert (r.status_code, r.json()) == (200, dict.fromkeys(LIMITS))
    assert ErrorTrackingSettings.objects.get().project == project


def test_limits_are_set_one_by_one(api):
    path = "error_tracking/settings/update_settings/"
    r = api.patch(path, {"project_rate_limit_value": 100})
    assert (r.status_code, r.json()) == (
        200,
        {**dict.fromkeys(LIMITS), "project_rate_limit_value": 100},
    )
    r = api.patch(path, {"per_issue_rate_limit_value": 5, "unknown": 1})
    assert r.json()["project_rate_limit_value"] == 100
    r = api.patch(path, {"project_rate_limit_value": None})
    assert r.json() == {**dict.fromkeys(LIMITS), "per_issue_rate_limit_value": 5}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [0, -1, "x", 1.5, 2**31, []])
def test_limits_that_are_refused(api, name, value):
    r = api.patch("error_tracking/settings/update_settings/", {name: value})
    assert (r.status_code, r.json()["attr"]) == (400, name)


def test_projects_have_settings_of_their_own(api, organization):
    api.patch("error_tracking/settings/update_settings/", {"project_rate_limit_value": 100})
    other = ProjectFactory(organization=organization)
    r = api.get(f"/api/projects/{other.id}/error_tracking/settings/retrieve_settings/")
    assert r.json() == dict.fromkeys(LIMITS)


def test_spike_detection_config(api):
    path = "error_tracking/spike_detection_config/"
    default = {"snooze_duration_minutes": 10, "multiplier": 10, "threshold": 500}
    assert api.get(path).json() == default
    r = api.patch(f"{path}update_config/", {"threshold": 50})
    assert (r.status_code, r.json()) == (200, {**default, "threshold": 50})
    assert api.get(path).json() == {**default, "threshold": 50}


@pytest.mark.parametrize("name", ["snooze_duration_minutes", "multiplier", "threshold"])
@pytest.mark.parametrize("value", [0, None, "x"])
def test_spike_detection_config_that_is_refused(api, name, value):
    r = api.patch("error_tracking/spike_detection_config/update_config/", {name: value})
    assert (r.status_code, r.json()["attr"]) == (400, name)


def test_settings_need_their_scopes(api_with_scopes):
    reader = api_with_scopes("error_tracking:read")
    assert reader.get("error_tracking/settings/retrieve_settings").status_code == 200
    assert reader.patch("error_tracking/settings/update_settings", {}).status_code == 403
    assert (
        reader.patch("error_tracking/spike_detection_config/update_config", {}).status_code == 403
    )


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def spikes(project):
    """Three days', with baselines that fall and values that rise."""
    return [
        SpikeEventFactory(
            issue=IssueFactory(project=project, name=f"E{n}"),
            detected_at=NOON + timedelta(days=n),
            computed_baseline=10 - n,
            current_bucket_value=500 + n % 2,
        )
        for n in range(3)
    ]


def test_a_spike_as_the_api_shows_it(api, spikes):
    shown = api.get("error_tracking/spike_events/").json()["results"][0]
    assert shown == {
        "id": str(spikes[2].id),
        "issue": {"id": str(spikes[2].issue.id), "name": "E2", "description": None},
        "detected_at": "2026-02-02T12:00:00Z",
        "computed_baseline": 8.0,
        "current_bucket_value": 500.0,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "210"),
        ("date_from=2026-02-01T12:00:00Z", "21"),
        ("date_to=2026-02-01T12:00:00Z", "10"),
        ("date_from=all", "210"),
        ("date_from=-1d", ""),
        ("order_by=detected_at", "012"),
        ("order_by=computed_baseline", "210"),
        ("order_by=-computed_baseline", "012"),
        ("order_by=-current_bucket_value", "120"),
        ("issue_ids=", "210"),
    ],
)
def test_spikes_are_filtered_and_ordered(api, spikes, query, expected):
    SpikeEventFactory()
    results = api.get(f"error_tracking/spike_events/?{query}").json()["results"]
    assert [row["issue"]["name"] for row in results] == [f"E{n}" for n in expected]


def test_spikes_of_some_issues(api, spikes, django_assert_num_queries):
    ids = ",".join(str(spike.issue_id) for spike in spikes[:2])
    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        r = api.get(f"error_tracking/spike_events/?issue_ids={ids},{uuid4()}")
    assert r.json()["count"] == 2


@pytest.mark.parametrize("query", ["issue_ids=x", "date_from=x", "date_to=x", "order_by=issue"])
def test_spike_filters_that_are_refused(api, query):
    r = api.get(f"error_tracking/spike_events/?{query}")
    assert (r.status_code, r.json()["attr"]) == (400, query.partition("=")[0])


def test_spikes_follow_a_merge(api, spikes, project):
    into = IssueFactory(project=project)
    api.post(f"error_tracking/issues/{into.id}/merge/", {"ids": [str(spikes[0].issue_id)]})
    spikes[0].refresh_from_db()
    assert spikes[0].issue == into


def test_there_are_no_recommendations(api):
    r = api.get("error_tracking/recommendations/")
    assert (r.status_code, r.json()) == (
        200,
        {"count": 0, "next": None, "previous": None, "results": []},
    )
