import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from clickhouse import outbox
from events.storage import store, without_replays
from persons.models import person_uuid
from posthog_clone.captured import CapturedEvent
from tests.factories import PersonFactory, ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)


def fail(table, row, reason):
    raise AssertionError(reason)


def put(*events: CapturedEvent) -> list[CapturedEvent]:
    store(without_replays(events))
    outbox.deliver(fail)
    return list(events)


@pytest.fixture
def make(project):
    def make(**fields) -> CapturedEvent:
        fields.setdefault("distinct_id", "ada")
        fields.setdefault("project_id", project.id)
        return CapturedEvent(
            **{
                "uuid": uuid4(),
                "event": "clicked",
                "timestamp": NOON,
                "properties": {"$browser": "Firefox", "n": 1.5, "a.b": [1, {"c": None}]},
                "received_at": NOON,
                "person_id": person_uuid(fields["project_id"], fields["distinct_id"]),
                **fields,
            }
        )

    return make


def ids(answer) -> list[str]:
    return [event["id"] for event in answer.json()["results"]]


def follow(api, url: str) -> list[list[str]]:
    """The ids of every page from `url` on."""
    pages = []
    while url:
        answer = api.get(url)
        pages.append(ids(answer))
        link = answer.json()["next"]
        url = link and urlsplit(link)._replace(scheme="", netloc="").geturl()
    return pages


def test_an_event_reads_as_it_was_captured(api, make, project):
    PersonFactory(
        project=project,
        distinct_ids=["ada"],
        is_identified=True,
        properties={"email": "ada@x.org", "plan": "pro"},
    )
    (event,) = put(make(properties={"$browser": "Firefox", "n": 1.5, "deep": {"a.b": [None]}}))

    answer = api.get("events/")

    assert answer.status_code == 200
    assert answer.json() == {
        "next": None,
        "results": [
            {
                "id": str(event.uuid),
                "distinct_id": "ada",
                "properties": {"$browser": "Firefox", "n": 1.5, "deep": {"a.b": [None]}},
                "event": "clicked",
                "timestamp": "2026-01-02T12:00:00.123456+00:00",
                "person": {
                    "is_identified": True,
                    "distinct_ids": ["ada"],
                    "properties": {"email": "ada@x.org"},
                },
                "elements": [],
                "elements_chain": "",
            }
        ],
    }


def test_retrieve_shows_the_person_when_asked(api, make, project):
    PersonFactory(project=project, distinct_ids=["ada"])
    (event,) = put(make())

    assert api.get(f"events/{event.uuid}/").json()["person"] is None
    assert api.get(f"events/{event.uuid}").json()["id"] == str(event.uuid)
    person = api.get(f"events/{event.uuid}/?include_person=true").json()["person"]
    assert person == {"is_identified": False, "distinct_ids": ["ada"], "properties": {}}


def test_retrieve_refuses_what_is_no_uuid_and_does_not_find_what_is_unknown(api):
    unknown = uuid4()

    assert api.get("events/nope/").json() == {
        "type": "validation_error",
        "code": "invalid",
        "detail": "Invalid UUID",
        "attr": None,
    }
    assert api.get("events/nope/").status_code == 400
    answer = api.get(f"events/{unknown}/")
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"No events exist for event UUID {unknown}"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_events_are_only_read(api, method):
    assert getattr(api, method)(f"events/{uuid4()}/").status_code == 405


def test_a_project_sees_only_its_own_events(api, make):
    (own,) = put(make())
    (other,) = put(make(project_id=ProjectFactory().id))

    assert ids(api.get("events/")) == [str(own.uuid)]
    assert api.get(f"events/{other.uuid}/").status_code == 404


def test_the_same_uuid_is_stored_once_whatever_its_new_timestamp(api, make):
    event, twin = make(), make()
    twin.uuid = event.uuid
    put(event, twin)
    event.timestamp += timedelta(minutes=3)
    put(event)

    assert ids(api.get("events/")) == [str(event.uuid)]


def test_pages_lose_and_repeat_nothing_though_times_are_equal(api, make):
    events = put(*(make(timestamp=NOON + timedelta(seconds=n // 4)) for n in range(10)))

    newest_first = follow(api, "events/?limit=3")
    oldest_first = follow(api, 'events/?limit=3&orderBy=["timestamp"]')

    assert [len(page) for page in newest_first] == [3, 3, 3, 1]
    assert sorted(sum(newest_first, [])) == sorted(str(event.uuid) for event in events)
    assert sum(oldest_first, []) == sum(newest_first, [])[::-1]


def test_next_keeps_the_filters_and_moves_the_bound(api, make):
    put(make(), make(), make(event="other"))

    link = api.get("events/?limit=1&event=clicked&after=2026-01-01").json()["next"]

    assert link.startswith("http://testserver/api/environments/")
    assert "limit=1&event=clicked&after=2026-01-01&before=2026-01-02T12%3A00%3A00.123456" in link
    assert "%2B00%3A00" in link


def test_bounds_are_strict_and_read_every_form_of_time(api, make):
    early, middle, late = put(
        *(make(timestamp=NOON + timedelta(hours=hours)) for hours in (-1, 0, 1))
    )

    def between(after, before):
        return ids(api.get("events/", {"after": after, "before": before}))

    assert between("2026-01-02T11:00:00.123456%2B0000".replace("%2B", "+"), "all") == [
        str(late.uuid),
        str(middle.uuid),
    ]
    assert between("2026-01-02", "2026-01-02T13:00:00.123456Z") == [
        str(middle.uuid),
        str(early.uuid),
    ]
    assert between("-5d", "") == []
    assert api.get("events/?after=soon").json()["attr"] == "after"


def test_events_of_the_future_wait_for_their_time(api, make):
    now = datetime.now(UTC)
    put(make(timestamp=now + timedelta(hours=1)))
    (present,) = put(make(timestamp=now))

    assert ids(api.get("events/")) == [str(present.uuid)]


def test_filters_by_name_distinct_id_and_person(api, make, project):
    person = PersonFactory(project=project, distinct_ids=["ada", "ada@x.org"])
    first, second, other = put(
        make(), make(distinct_id="ada@x.org", event="$exception"), make(distinct_id="bob")
    )

    assert ids(api.get("events/?event=$exception")) == [str(second.uuid)]
    assert ids(api.get("events/?distinct_id=bob")) == [str(other.uuid)]
    both = {str(first.uuid), str(second.uuid)}
    assert set(ids(api.get(f"events/?person_id={person.id}"))) == both
    assert set(ids(api.get(f"events/?person_id={person.uuid}"))) == both
    assert ids(api.get(f"events/?person_id={person.id}&distinct_id=ada")) == [str(first.uuid)]
    assert ids(api.get(f"events/?person_id={uuid4()}")) == []
    assert ids(api.get("events/?person_id=nobody")) == []


def test_limits_and_offsets_that_make_no_sense_count_as_not_given(api, make):
    put(*(make() for _ in range(3)))

    for query in ("limit=0", "limit=-1", "limit=x", "limit=99999999", "offset=-1", "offset=x"):
        assert len(ids(api.get(f"events/?{query}"))) == 3
    assert len(ids(api.get("events/?offset=2"))) == 1
    assert "X-PostHog-Warn" in api.get("events/?offset=2").headers


def test_bad_json_is_refused_and_names_its_parameter(api):
    for name in ("orderBy", "select", "where"):
        answer = api.get(f"events/?{name}=[")
        assert (answer.status_code, answer.json()["attr"]) == (400, name)
    assert api.get('events/?select=["event"]&where=["1=1"]').status_code == 200
    answer = api.get("events/?properties={")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Properties are unparsable!")


def test_property_filters_narrow_the_list(api, make, project):
    PersonFactory(project=project, distinct_ids=["ada"], properties={"plan": "pro"})
    firefox, chrome = put(
        make(properties={"$browser": "Firefox", "n": 2, "a.b": "x"}),
        make(properties={"$browser": "Chrome", "n": 10}, distinct_id="bob"),
    )

    def found(*filters):
        return ids(api.get("events/", {"properties": json.dumps(filters)}))

    assert found({"key": "$browser", "value": "Firefox"}) == [str(firefox.uuid)]
    assert found({"key": "n", "value": 5, "operator": "gt"}) == [str(chrome.uuid)]
    assert found({"key": "a.b", "value": "is_set", "operator": "is_set"}) == [str(firefox.uuid)]
    assert found({"key": "$browser", "value": "Safari"}) == []
    either = {"type": "OR", "values": [{"key": "n", "value": "2"}, {"key": "n", "value": "10"}]}
    assert len(ids(api.get("events/", {"properties": json.dumps(either)}))) == 2
    answer = api.get("events/", {"properties": '[{"key": "n", "operator": "nope", "value": 1}]'})
    assert answer.status_code == 400


def test_conditions_narrow_the_list_and_pages_go_on(api, make):
    put(*(make(timestamp=NOON, properties={"n": n}) for n in range(6)))

    pages = follow(api, "events/?limit=2&where=" + quote('["toInt(properties.n) >= 1"]'))

    assert [len(page) for page in pages] == [2, 2, 1]
    assert len(set(sum(pages, []))) == 5
    assert api.get("events/?where=" + quote('["nope("]')).status_code == 400


def test_conditions_never_reach_another_project(api, make):
    put(make(project_id=ProjectFactory().id))

    for condition in ("1", "team_id > 0", "1) OR (1"):
        answer = api.get("events/", {"where": json.dumps([condition])})
        assert answer.status_code == 400 or answer.json()["results"] == []


def test_persons_are_left_out_when_asked(api, make, project):
    PersonFactory(project=project, distinct_ids=["ada"])
    put(make())

    assert api.get("events/?include_person=false").json()["results"][0]["person"] is None


def test_csv_flattens_and_has_no_next(api, make):
    put(make(properties={"$browser": "Firefox", "tags": ["a", "b"]}), make(properties={"x": "=1"}))

    answer = api.get("events/?format=csv")

    assert answer.headers["Content-Type"].startswith("text/csv")
    header, *lines = b"".join(answer.streaming_content).decode().splitlines()
    assert header == (
        "distinct_id,elements_chain,event,id,person,properties.$browser,properties.tags.0,"
        "properties.tags.1,properties.x,timestamp"
    )
    assert len(lines) == 2
    assert any("'=1" in line for line in lines)


def test_a_page_costs_the_same_queries_whatever_its_length(
    api, make, project, django_assert_max_num_queries
):
    for n in range(30):
        PersonFactory(project=project, distinct_ids=[f"user {n}"])
    put(*(make(distinct_id=f"user {n}") for n in range(30)))

    with django_assert_max_num_queries(4):
        assert len(ids(api.get("events/"))) == 30


def test_elements_are_shown_and_leave_the_properties(api, make):
    put(make(properties={"$elements": [{"tag_name": "a", "$el_text": "Buy"}], "x": 1}))

    (event,) = api.get("events/").json()["results"]

    assert event["properties"] == {"x": 1}
    assert event["elements"][0]["text"] == "Buy"
    assert event["elements_chain"] == 'a:text="Buy"'


def test_times_beyond_what_the_store_holds_are_kept_at_its_edge(api, make):
    (event,) = put(make(timestamp=datetime(1, 1, 1, tzinfo=UTC)))

    assert ids(api.get("events/?after=all")) == [str(event.uuid)]
