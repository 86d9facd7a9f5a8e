"""The unmodified Python SDK against a live server; what arrived is read through the API."""

import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from posthog import Posthog, identify_context, new_context, tag

from tests.live import eventually

pytestmark = pytest.mark.live


@pytest.fixture
def connect(server):
    """Makes SDK clients of the server; an error of theirs fails the test."""
    errors, clients = [], []

    def make(**options) -> Posthog:
        on_error = options.pop("on_error", lambda error, batch: errors.append(error))
        client = Posthog(server.token, host=server.url, on_error=on_error, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.shutdown()
    assert errors == []


class PaymentError(Exception):
    pass


def test_an_event_with_its_time_uuid_and_properties(server, connect, unique):
    client, uuid = connect(), str(uuid4())
    moment = datetime(2026, 11, 1, 12, 30, 15, 250000, tzinfo=UTC)
    client.capture(
        "purchase",
        distinct_id=unique,
        properties={"amount": 12.5, "items": ["a", "b"], "naïve": "ü"},
        timestamp=moment,
        uuid=uuid,
    )
    client.flush()

    [event] = server.events(distinct_id=unique, after="2026-10-01")
    assert (event["id"], event["event"], event["distinct_id"]) == (uuid, "purchase", unique)
    assert abs(datetime.fromisoformat(event["timestamp"]) - moment).total_seconds() < 2
    properties = event["properties"]
    assert properties["amount"] == 12.5
    assert properties["items"] == ["a", "b"]
    assert properties["naïve"] == "ü"
    assert properties["$lib"] == "posthog-python"
    assert server.get(f"events/{uuid}/")["properties"]["amount"] == 12.5


def test_properties_of_a_person(server, connect, unique):
    client = connect()
    client.set(distinct_id=unique, properties={"email": "anna@example.com", "plan": "free"})
    client.set(distinct_id=unique, properties={"plan": "pro"})
    client.set_once(distinct_id=unique, properties={"plan": "ignored", "source": "ad"})
    client.capture("login", distinct_id=unique, properties={"$set": {"logins": 1}})
    client.flush()

    server.events(4, distinct_id=unique)
    person = server.person(unique)
    expected = {"email": "anna@example.com", "plan": "pro", "source": "ad", "logins": 1}
    assert expected.items() <= person["properties"].items()


def test_an_alias_joins_two_ids_to_one_person(server, connect, unique):
    client = connect()
    anonymous = f"anonymous-{unique}"
    client.capture("visit", distinct_id=anonymous)
    client.capture("login", distinct_id=unique)
    client.alias(previous_id=anonymous, distinct_id=unique)
    client.flush()

    person = server.person(unique, anonymous)
    assert set(person["distinct_ids"]) == {unique, anonymous}
    events = server.events(3, person_id=person["uuid"])
    assert {event["event"] for event in events} == {"visit", "login", "$create_alias"}


def test_an_event_of_a_group(server, connect, unique):
    client = connect()
    client.group_identify("company", f"acme-{unique}", {"employees": 11}, distinct_id=unique)
    client.capture("upgrade", distinct_id=unique, groups={"company": f"acme-{unique}"})
    client.flush()

    identify, upgrade = server.events(2, distinct_id=unique)
    assert identify["properties"]["$group_set"] == {"employees": 11}
    assert upgrade["properties"]["$groups"] == {"company": f"acme-{unique}"}
    assert f"acme-{unique}" in (upgrade["properties"].get(f"$group_{index}") for index in range(5))


def test_a_context_names_the_user_and_tags_the_events(server, connect, unique):
    client = connect()
    with new_context(client=client):
        identify_context(unique)
        tag("region", "eu")
        client.capture("visit")
    client.flush()

    [event] = server.events(distinct_id=unique)
    assert event["properties"]["region"] == "eu"


def test_an_event_without_a_person(server, connect, unique):
    client = connect()
    client.capture("visit", properties={"page": unique})
    client.flush()

    def found():
        events = server.get("events/", event="visit")["results"]
        return [event for event in events if event["properties"].get("page") == unique]

    [event] = eventually(found, 1)
    assert event["properties"]["$process_person_profile"] is False
    assert server.get("persons/", distinct_id=event["distinct_id"])["results"] == []


def test_a_handled_exception_becomes_an_issue(server, connect, unique):
    client = connect()
    try:
        raise PaymentError(f"no funds for {unique}")
    except PaymentError as error:
        client.capture_exception(error, distinct_id=unique, properties={"order": 7})
    client.flush()

    [event] = server.events(distinct_id=unique, event="$exception")
    properties = event["properties"]
    assert properties["order"] == 7
    assert properties["$exception_types"] == ["PaymentError"]
    assert properties["$exception_handled"] is True
    frame = properties["$exception_list"][0]["stacktrace"]["frames"][-1]
    assert frame["resolved_name"] == "test_a_handled_exception_becomes_an_issue"
    issue = server.issue_of(event)
    assert (issue["name"], issue["description"]) == ("PaymentError", f"no funds for {unique}")
    assert issue["status"] == "active"


def test_a_chained_exception_is_named_for_the_outermost(server, connect, unique):
    client = connect()
    try:
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as error:
            raise PaymentError("could not split the bill") from error
    except PaymentError as error:
        client.capture_exception(error, distinct_id=unique)
    client.flush()

    [event] = server.events(distinct_id=unique)
    assert event["properties"]["$exception_types"] == ["PaymentError", "ZeroDivisionError"]
    assert server.issue_of(event)["name"] == "PaymentError"


def test_the_same_place_is_one_issue_and_another_place_another(server, connect, unique):
    client = connect()

    def fail(number):
        try:
            raise PaymentError(f"order {number}")
        except PaymentError as error:
            client.capture_exception(error, distinct_id=unique)

    def fail_elsewhere():
        try:
            raise PaymentError("order 1")
        except PaymentError as error:
            client.capture_exception(error, distinct_id=unique)

    for number in range(3):
        fail(number)
    fail_elsewhere()
    client.flush()

    events = server.events(4, distinct_id=unique)
    issues = [event["properties"]["$exception_issue_id"] for event in events]
    assert len(set(issues)) == 2
    assert sorted(issues.count(issue) for issue in set(issues)) == [1, 3]


UNCAUGHT = """
import sys
from posthog import Posthog

client = Posthog(sys.argv[1], host=sys.argv[2], enable_exception_autocapture=True)

def collapse():
    raise RuntimeError(f"the end of {sys.argv[3]}")

collapse()
"""


def test_an_uncaught_exception_of_a_program(server, unique, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(UNCAUGHT)
    done = subprocess.run(
        [sys.executable, str(program), server.token, server.url, unique],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "the end of" in done.stderr

    def found():
        events = server.get("events/", event="$exception")["results"]
        return [e for e in events if unique in str(e["properties"]["$exception_values"])]

    [event] = eventually(found, 1)
    assert event["properties"]["$exception_handled"] is False
    assert event["properties"]["$exception_level"] == "fatal"
    issue = server.issue_of(event)
    assert (issue["name"], issue["description"]) == ("RuntimeError", f"the end of {unique}")


@pytest.mark.parametrize(
    "options",
    [
        {"gzip": True},
        {"capture_mode": "v1"},
        {"capture_mode": "v1", "capture_compression": "gzip"},
        {"capture_mode": "v1", "capture_compression": "deflate"},
        {"historical_migration": True},
        {"sync_mode": True},
    ],
    ids=lambda options: "-".join(str(value) for value in options.values()),
)
def test_every_way_to_send(server, connect, unique, options):
    client = connect(**options)
    for number in range(3):
        client.capture("step", distinct_id=unique, properties={"number": number})
    try:
        raise PaymentError("declined")
    except PaymentError as error:
        client.capture_exception(error, distinct_id=unique)
    client.flush()

    events = server.events(4, distinct_id=unique)
    assert sorted(e["properties"]["number"] for e in events if e["event"] == "step") == [0, 1, 2]
    [exception] = [event for event in events if event["event"] == "$exception"]
    assert exception["properties"]["$lib"] == "posthog-python"
    assert server.issue_of(exception)["name"] == "PaymentError"


def test_many_events_from_many_threads_arrive_once_each(server, connect, unique):
    client = connect(thread=4, flush_at=50)
    uuids = {client.capture("step", distinct_id=f"{unique}-{i % 7}") for i in range(1000)}
    client.flush()

    assert None not in uuids

    def found():
        answer = server.get("events/", event="step", limit=5000)["results"]
        return [event["id"] for event in answer if event["distinct_id"].startswith(unique)]

    arrived = eventually(found, 1000)
    assert len(arrived) == 1000
    assert set(arrived) == uuids


def test_feature_flags_answer_quietly(server, connect, unique):
    client = connect()
    assert client.get_all_flags(unique) == {}
    assert client.feature_enabled("missing", unique) in (None, False)


def test_a_wrong_token_is_told_to_the_sdk(server, unique):
    errors = []
    client = Posthog(
        "phc_nobody", host=server.url, on_error=lambda error, batch: errors.append(error)
    )
    client.capture("visit", distinct_id=unique)
    client.flush()
    client.shutdown()

    assert [getattr(error, "status", None) for error in errors] == [401]
    assert server.get("events/", distinct_id=unique)["results"] == []
