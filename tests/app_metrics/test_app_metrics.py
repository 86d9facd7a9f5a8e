from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clickhouse
from app_metrics.buckets import KEY, cut, end_of
from app_metrics.recording import Category, record
from clickhouse import outbox
from tests.factories import ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

DESTINATION = "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e"


def fail(table, row, reason):
    raise AssertionError(reason)


@pytest.fixture
def ran(project):
    """Records runs of app 3, at once visible."""

    def ran(at: str, **fields):
        fields = {"project_id": project.id, "plugin_config_id": 3, **fields}
        fields.setdefault("category", Category.PROCESS_EVENT)
        record(at=datetime.fromisoformat(at), **fields)
        outbox.deliver(fail)

    return ran


def metrics(api, query: str, id="3") -> dict:
    answer = api.get(f"app_metrics/{id}/?{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_days_are_filled_from_first_to_last(api, ran):
    ran("2021-11-28T00:10Z", failures=1)
    ran("2021-12-03T00:00Z", successes=3)
    ran("2021-12-03T23:59:59.999999Z", failures=2)
    ran("2021-12-05T13:20Z", successes=10, successes_on_retry=5)
    ran("2021-11-27T23:59:59Z", failures=100)
    ran("2021-12-06T00:00Z", failures=100)

    answer = metrics(api, "date_from=2021-11-28&date_to=2021-12-05T13:23:00Z")

    assert answer == {
        "metrics": {
            "dates": [
                *("2021-11-28", "2021-11-29", "2021-11-30", "2021-12-01"),
                *("2021-12-02", "2021-12-03", "2021-12-04", "2021-12-05"),
            ],
            "successes": [0, 0, 0, 0, 0, 3, 0, 10],
            "successes_on_retry": [0, 0, 0, 0, 0, 0, 0, 5],
            "failures": [1, 0, 0, 0, 0, 2, 0, 0],
            "totals": {"successes": 13, "successes_on_retry": 5, "failures": 3},
        },
        "errors": [],
    }


def test_short_spans_go_by_hours(api, ran):
    ran("2021-12-05T00:10Z", successes=2)
    ran("2021-12-05T02:10Z", successes=3)

    answer = metrics(api, "date_from=2021-12-05T00:23:00Z&date_to=2021-12-05T03:23:00Z")

    assert answer["metrics"]["dates"] == [f"2021-12-05 0{hour}:00:00" for hour in range(4)]
    assert answer["metrics"]["successes"] == [2, 0, 3, 0]
    day = metrics(api, "date_from=2021-12-05&date_to=2021-12-06T23:59:59Z")["metrics"]
    assert len(day["dates"]) == 48
    assert len(metrics(api, "date_from=2021-12-05&date_to=2021-12-07")["metrics"]["dates"]) == 3


@pytest.mark.parametrize(("query", "days"), [("", 31), ("date_from=-7d", 8)])
def test_relative_days_start_at_midnight(api, query, days):
    dates = metrics(api, query)["metrics"]["dates"]

    today = datetime.now(UTC).date()
    assert dates == [(today - timedelta(days=n)).isoformat() for n in range(days - 1, -1, -1)]


def test_buckets_are_the_project_s_own_days_and_hours(api, ran, project):
    project.timezone = "Asia/Kolkata"  # five and a half hours ahead
    project.save()
    ran("2021-12-04T18:29Z", successes=1)
    ran("2021-12-04T18:31Z", successes=2)

    by_day = metrics(api, "date_from=2021-12-04&date_to=2021-12-06")["metrics"]
    by_hour = metrics(api, "date_from=2021-12-04T23:00:00&date_to=2021-12-05T00:10:00")["metrics"]

    assert by_day["dates"] == ["2021-12-04", "2021-12-05", "2021-12-06"]
    assert by_day["successes"] == [1, 2, 0]
    assert by_hour["dates"] == ["2021-12-04 23:00:00", "2021-12-05 00:00:00"]
    assert by_hour["successes"] == [1, 2]


def test_an_hour_that_comes_twice_is_counted_once_each(api, ran, project):
    project.timezone = "Europe/Berlin"
    project.save()
    ran("2021-10-31T00:30Z", successes=1)
    ran("2021-10-31T01:30Z", successes=2)

    hours = metrics(api, "date_from=2021-10-31T00:00Z&date_to=2021-10-31T02:00Z")["metrics"]

    assert hours["dates"] == [f"2021-10-31 0{hour}:00:00" for hour in (2, 2, 3)]
    assert hours["successes"] == [1, 2, 0]


def test_runs_of_others_stay_out(api, ran):
    at = "2021-12-05T00:10Z"
    ran(at, successes=1, job_id="a")
    ran(at, successes=2, job_id="b", category=Category.WEBHOOK)
    ran(at, successes=4, plugin_config_id=4)
    ran(at, successes=8, project_id=ProjectFactory().id)

    def total(query):
        within = f"date_from=2021-12-01&date_to=2021-12-06&{query}"
        return metrics(api, within)["metrics"]["totals"]["successes"]

    assert total("") == 3
    assert total("category=webhook") == 2
    assert total("job_id=a") == 1
    assert total("job_id=a&category=webhook") == 0


def test_errors_are_counted_most_frequent_first(api, ran):
    for at, kind in [("28", "Rare"), ("29", "Timeout"), ("30", "Timeout")]:
        ran(f"2021-11-{at}T00:10Z", failures=1, error_type=kind, error_details={"at": at})
    ran("2021-11-30T00:10Z", failures=1)
    ran("2021-11-01T00:10Z", failures=1, error_type="Earlier")

    assert metrics(api, "date_from=2021-11-28&date_to=2021-11-30")["errors"] == [
        {"error_type": "Timeout", "count": 2, "last_seen": "2021-11-30T00:10:00Z"},
        {"error_type": "Rare", "count": 1, "last_seen": "2021-11-28T00:10:00Z"},
    ]
    details = api.get("app_metrics/3/error_details/?error_type=Timeout").json()["result"]
    assert [row["error_details"] for row in details] == [{"at": "30"}, {"at": "29"}]
    assert set(details[0]) == {"timestamp", "error_uuid", "error_type", "error_details"}
    everything = api.get("app_metrics/3/error_details").json()["result"]
    assert [row["error_type"] for row in everything] == ["Timeout", "Timeout", "Rare", "Earlier"]
    assert api.get("app_metrics/3/error_details/?category=webhook").json() == {"result": []}


def test_error_details_are_the_newest_twenty(api, ran):
    for minute in range(22):
        ran(f"2021-11-28T00:{minute:02}Z", failures=1, error_type="E", error_details={"n": minute})

    result = api.get("app_metrics/3/error_details/?error_type=E").json()["result"]

    assert [row["error_details"]["n"] for row in result] == list(range(21, 1, -1))


def test_a_job_has_only_the_days_with_runs(api, ran):
    ran("2021-12-03T10:00Z", plugin_config_id=0, job_id=DESTINATION, successes=1)
    ran("2021-12-05T10:00Z", plugin_config_id=0, job_id=DESTINATION, failures=1)

    answer = metrics(api, "date_from=2021-12-01&date_to=2021-12-06", id=DESTINATION.upper())

    assert answer["metrics"]["dates"] == ["2021-12-03", "2021-12-05"]
    assert answer["metrics"]["failures"] == [0, 1]
    assert answer["errors"] is None
    assert metrics(api, "", id=uuid4())["metrics"]["dates"] == []


def test_ids_of_hog_functions_have_none_here(api):
    nothing = {"dates": [], "successes": [], "successes_on_retry": [], "failures": []}
    totals = {"successes": 0, "successes_on_retry": 0, "failures": 0}

    assert metrics(api, "", id="hog-12") == {"metrics": {**nothing, "totals": totals}, "errors": []}
    assert api.get("app_metrics/hog-12/error_details/").json() == {"result": []}


def test_apps_that_never_ran_count_zero(api):
    answer = metrics(api, "date_from=-7d", id="987654321")

    assert answer["metrics"]["successes"] == [0] * 8


@pytest.mark.parametrize("id", ["x", "1.5", "9" * 30, "٣"])
@pytest.mark.parametrize("path", ["", "error_details/"])
def test_other_ids_are_not_found(api, id, path):
    assert api.get(f"app_metrics/{id}/{path}").status_code == 404


@pytest.mark.parametrize(
    ("query", "attr", "code"),
    [
        ("category=x", "category", "invalid_choice"),
        ("date_from=soon", "date_from", "invalid_input"),
        ("date_to=soon", "date_to", "invalid_input"),
        ("date_from=1900-01-01", "date_from", "invalid_input"),
        ("date_from=-999999y", "date_from", "invalid_input"),
    ],
)
def test_bad_parameters_are_named(api, query, attr, code):
    answer = api.get(f"app_metrics/3/?{query}")

    assert answer.status_code == 400
    assert (answer.json()["attr"], answer.json()["code"]) == (attr, code)


def test_a_span_that_ends_before_it_begins_is_empty(api):
    answer = metrics(api, "date_from=2021-12-05&date_to=2021-12-01")

    assert answer["metrics"]["dates"] == []
    assert answer["errors"] == []


def test_all_starts_with_the_project(api, project):
    project.created_at -= timedelta(days=4)
    project.save()

    assert len(metrics(api, "date_from=all")["metrics"]["dates"]) == 5


def test_only_keys_that_may_read_plugins(api_with_scopes):
    paths = ["3/", "3/error_details/", "3/historical_exports/", "3/historical_exports/1/"]
    for path in paths:
        assert api_with_scopes("plugin:read").get(f"app_metrics/{path}").status_code != 403
        refused = api_with_scopes("query:read").get(f"app_metrics/{path}")
        assert refused.json()["detail"] == "API key missing required scope 'plugin:read'"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_metrics_are_only_read(api, method):
    assert getattr(api, method)("app_metrics/3/").status_code == 405


def test_a_number_of_runs_survives_the_store_and_is_bound_to_its_cause(api, project):
    record(project.id, Category.WEBHOOK, job_id="j", successes=2)
    assert metrics(api, "", id="0")["metrics"]["totals"]["successes"] == 0

    outbox.deliver(fail)

    assert metrics(api, "", id="0")["metrics"]["totals"]["successes"] == 2


MOMENTS = st.integers(788918400, 2051222400).map(lambda n: datetime.fromtimestamp(n, UTC))
ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "America/Sao_Paulo", "Australia/Lord_Howe"])


@given(MOMENTS, MOMENTS, ZONES, st.sampled_from(["hour", "day", "week"]))
def test_every_moment_of_a_span_is_in_one_bucket_and_the_store_agrees(one, other, zone, interval):
    start, end = sorted([one, other])
    end = min(end, start + timedelta(days=40))
    buckets = cut(start, end, interval, ZoneInfo(zone))

    assert buckets[0].start <= start
    assert buckets[-1].start <= end < end_of(buckets[-1], interval)
    assert [bucket.key for bucket in buckets] == sorted({bucket.key for bucket in buckets})
    stored = [
        clickhouse.rows(
            f"SELECT {KEY[interval]} FROM (SELECT {{moment:DateTime64(6, 'UTC')}} AS timestamp)",
            tz=zone,
            first_bucket=int(buckets[0].start.timestamp()),
            moment=moment,
        )[0][0]
        for moment in (start, end)
    ]
    assert stored == [buckets[0].key, buckets[-1].key]
