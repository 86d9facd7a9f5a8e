import re
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.decoding.errors import CaptureError
from ingestion.decoding.events import MAX_EVENTS, Reception, captured_events, parse_batch

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
TOKEN = "phc_fixture_token"
UUID_TEXT = "019a0000-0000-7000-8000-00000000000f"


def capture(event, ip="203.0.113.9", keep_ip=True, sent_at=None):
    (captured,) = captured_events([event], Reception(NOW, sent_at, ip, keep_ip))
    return captured


def read(document):
    batch = parse_batch(document, {})
    return captured_events(batch.events, Reception(NOW, batch.sent_at, None, True))


def refusal(document):
    with pytest.raises(CaptureError) as caught:
        read(document)
    return caught.value.status, caught.value.text


EVENT = {"event": "bought", "distinct_id": "ada"}


# Shapes


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({"api_key": TOKEN, "batch": [EVENT, EVENT]}, 2),
        ({"token": TOKEN, "batch": [EVENT]}, 1),
        ([{**EVENT, "token": TOKEN}, {**EVENT, "api_key": TOKEN}], 2),
        ([EVENT, {**EVENT, "properties": {"token": TOKEN}}], 2),
        ({**EVENT, "api_key": TOKEN}, 1),
        ({**EVENT, "$token": TOKEN}, 1),
        ({**EVENT, "token": f"  {TOKEN}\n"}, 1),
        ({**EVENT, "properties": {"token": TOKEN}}, 1),
        ({**EVENT, "token": TOKEN, "properties": {"token": "phc_other"}}, 1),
        ({"api_key": TOKEN, "batch": [{**EVENT, "token": "phc_other"}]}, 1),
        ({"batch": [{**EVENT, "token": TOKEN}]}, 1),
    ],
)
def test_shapes_and_places_of_the_token(document, count):
    batch = parse_batch(document, {})
    assert (batch.token, len(batch.events)) == (TOKEN, count)
    assert (batch.sent_at, batch.historical) == (None, False)


def test_token_in_the_query():
    assert parse_batch(EVENT, {"token": TOKEN}).token == TOKEN
    assert parse_batch(EVENT, {"api_key": TOKEN}).token == TOKEN


@pytest.mark.parametrize(
    ("document", "status", "text"),
    [
        ([], 400, "request holds no event"),
        ({"api_key": TOKEN, "batch": []}, 400, "request holds no event"),
        ({**EVENT}, 401, "event submitted without an api_key"),
        ([EVENT, EVENT], 401, "event submitted without an api_key"),
        (
            [{**EVENT, "token": "phc_a"}, {**EVENT, "token": "phc_b"}],
            401,
            "batch submitted with inconsistent api_key values",
        ),
        ({**EVENT, "token": ""}, 401, "API key is not valid: empty"),
        ({**EVENT, "token": "  "}, 401, "API key is not valid: empty"),
        ({"api_key": "", "batch": [EVENT]}, 401, "API key is not valid: empty"),
        ({**EVENT, "token": "x" * 65}, 401, "API key is not valid: too_long"),
        ({**EVENT, "token": "phc_ключ"}, 401, "API key is not valid: not_ascii"),
        ({**EVENT, "token": "phx_secret"}, 401, "API key is not valid: personal_api_key"),
        ({**EVENT, "token": "phc_\ufffd"}, 401, "API key is not valid: null_byte"),
        ({"token": TOKEN}, 400, "event submitted with an empty event name"),
        ({**EVENT, "token": TOKEN, "event": ""}, 400, "event submitted with an empty event name"),
        (
            {"token": TOKEN, "event": "e"},
            400,
            "event submitted without a distinct_id",
        ),
        (
            {**EVENT, "token": TOKEN, "properties": {"$cookieless_mode": "yes"}},
            400,
            "event submitted with invalid cookieless mode",
        ),
        (
            {**EVENT, "token": TOKEN, "properties": {"$cookieless_mode": None}},
            400,
            "event submitted with invalid cookieless mode",
        ),
    ],
)
def test_refusals(document, status, text):
    assert refusal(document) == (status, text)


@pytest.mark.parametrize(
    "document",
    [
        None,
        1,
        "text",
        True,
        [1],
        ["x"],
        [None],
        {"api_key": TOKEN, "batch": {}},
        {"api_key": TOKEN, "batch": None},
        {"api_key": TOKEN, "batch": [1]},
        {"api_key": 5, "batch": [EVENT]},
        {**EVENT, "token": TOKEN, "event": 7},
        {**EVENT, "token": TOKEN, "properties": []},
        {**EVENT, "token": TOKEN, "properties": "x"},
        {**EVENT, "token": TOKEN, "$set": "x"},
        {**EVENT, "token": TOKEN, "$set_once": [1]},
        {**EVENT, "token": TOKEN, "uuid": "no"},
        {**EVENT, "token": TOKEN, "uuid": 17},
    ],
)
def test_wrong_shapes(document):
    status, text = refusal(document)
    assert status == 400
    assert text.startswith("failed to parse request: ")


def test_too_many_events():
    status, text = refusal({"api_key": TOKEN, "batch": [EVENT] * (MAX_EVENTS + 1)})
    assert status == 413
    assert text.startswith("maximum event size exceeded")
    assert refusal([{}] * MAX_EVENTS)[0] == 401


def test_one_bad_event_refuses_them_all():
    assert refusal({"api_key": TOKEN, "batch": [EVENT, {"event": "e"}]})[0] == 400


@pytest.mark.parametrize("unnamed", [{}, {"event": None}])
def test_engage_names_what_has_no_name(unnamed):
    document = {"$token": TOKEN, "$distinct_id": "ada", "$set": {"plan": "pro"}, **unnamed}
    batch = parse_batch(document, {}, "$identify")
    captured = capture(batch.events[0])
    assert (captured["event"], captured["distinct_id"]) == ("$identify", "ada")
    assert captured["properties"]["$set"] == {"plan": "pro"}


def test_engage_leaves_names_alone():
    batch = parse_batch({**EVENT, "token": TOKEN}, {}, "$identify")
    assert batch.events[0]["event"] == "bought"


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (None, False), ("yes", False)]
)
def test_historical_migration(value, expected):
    document = {"api_key": TOKEN, "batch": [EVENT], "historical_migration": value}
    assert parse_batch(document, {}).historical is expected


def test_sent_at_of_the_batch_goes_before_that_of_the_query():
    document = {"api_key": TOKEN, "batch": [EVENT], "sent_at": "2026-05-04T12:00:10+00:00"}
    query = {"_": "1777896005000"}
    assert parse_batch(document, query).sent_at == NOW.replace(second=10)
    assert parse_batch({**document, "sent_at": "?"}, query).sent_at == NOW.replace(second=5)
    assert parse_batch({**EVENT, "token": TOKEN}, query).sent_at == NOW.replace(second=5)
    assert parse_batch({**EVENT, "token": TOKEN}, {"_": "1777896005"}).sent_at is None


# Events


def test_a_bare_event():
    captured = capture(dict(EVENT))
    assert UUID(captured.pop("uuid")).version == 7
    assert captured == {
        "event": "bought",
        "distinct_id": "ada",
        "timestamp": "2026-05-04T12:00:00.000000+00:00",
        "properties": {"$ip": "203.0.113.9"},
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"distinct_id": "ada"}, "ada"),
        ({"$distinct_id": "23"}, "23"),
        ({"properties": {"distinct_id": "ada"}}, "ada"),
        ({"distinct_id": None, "properties": {"distinct_id": "ada"}}, "ada"),
        ({"distinct_id": 23, "properties": {"distinct_id": "ada"}}, "23"),
        ({"distinct_id": 23.4}, "23.4"),
        ({"distinct_id": 0}, "0"),
        ({"distinct_id": False}, "false"),
        ({"distinct_id": ["a", "b"]}, '["a","b"]'),
        ({"distinct_id": {"z": 1, "a": {"y": 2, "b": 3}}}, '{"a":{"b":3,"y":2},"z":1}'),
        ({"distinct_id": " ada "}, " ada "),
        ({"distinct_id": "€" * 222}, "€" * 200),
    ],
)
def test_distinct_ids(fields, expected):
    assert capture({"event": "e", **fields})["distinct_id"] == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"distinct_id": None},
        {"distinct_id": ""},
        {"distinct_id": " \t\n"},
        {"distinct_id": "", "properties": {"distinct_id": "ada"}},
        {"properties": {"distinct_id": None}},
        {"properties": None},
    ],
)
def test_missing_distinct_ids(fields):
    with pytest.raises(CaptureError, match="event submitted without a distinct_id"):
        capture({"event": "e", **fields})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (UUID_TEXT, UUID_TEXT),
        (UUID_TEXT.upper(), UUID_TEXT),
        (UUID_TEXT.replace("-", ""), UUID_TEXT),
        (f"urn:uuid:{UUID_TEXT}", UUID_TEXT),
        (f"{{{UUID_TEXT}}}", UUID_TEXT),
    ],
)
def test_uuids_are_kept(sent, kept):
    assert capture({**EVENT, "uuid": sent})["uuid"] == kept


@pytest.mark.parametrize("sent", [None, ""])
def test_uuids_are_made(sent):
    first, second = (capture({**EVENT, "uuid": sent})["uuid"] for _ in range(2))
    assert first != second
    assert UUID(first).version == 7


@pytest.mark.parametrize("name", ["x" * 200, "x" * 201, "x" * 10_000])
def test_long_names_are_cut(name):
    assert capture({**EVENT, "event": name})["event"] == "x" * 200


def test_performance_events_are_dropped():
    document = [{"event": "$performance_event"}, dict(EVENT)]
    captured = captured_events(document, Reception(NOW, None, None, True))
    assert [event["event"] for event in captured] == ["bought"]


def test_person_properties_beside_the_properties_win():
    captured = capture(
        {
            **EVENT,
            "$set": {"a": "beside"},
            "$set_once": {"first": 1},
            "properties": {"$set": {"a": "within", "b": "within"}, "x": 1},
        }
    )
    assert captured["properties"] == {
        "$set": {"a": "beside", "b": "within"},
        "$set_once": {"first": 1},
        "x": 1,
        "$ip": "203.0.113.9",
    }


def test_person_properties_of_no_shape_give_way():
    captured = capture({**EVENT, "$set": {"a": 1}, "properties": {"$set": "rubbish"}})
    assert captured["properties"]["$set"] == {"a": 1}


def test_unknown_keys_are_ignored():
    captured = capture({**EVENT, "context": {}, "type": "capture", "messageId": "1"})
    assert set(captured) == {"uuid", "event", "distinct_id", "timestamp", "properties"}


@pytest.mark.parametrize(
    ("sent", "keep_ip", "stored"),
    [
        ({}, True, {"$ip": "203.0.113.9"}),
        ({"$ip": "192.0.2.1"}, True, {"$ip": "192.0.2.1"}),
        ({"$ip": None}, True, {"$ip": None}),
        ({}, False, {}),
        ({"$ip": "192.0.2.1"}, False, {}),
    ],
)
def test_ip(sent, keep_ip, stored):
    assert capture({**EVENT, "properties": sent}, keep_ip=keep_ip)["properties"] == stored


def test_sent_at_is_kept_and_corrects_the_clock():
    sent_at = NOW.replace(minute=10)
    event = {**EVENT, "timestamp": "2026-05-04T12:09:00Z"}
    captured = capture(dict(event), sent_at=sent_at)
    assert captured["timestamp"] == "2026-05-04T11:59:00.000000+00:00"
    assert captured["properties"]["$sent_at"] == "2026-05-04T12:10:00+00:00"

    event["properties"] = {"$ignore_sent_at": True}
    captured = capture(event, sent_at=sent_at)
    assert captured["timestamp"] == "2026-05-04T12:09:00.000000+00:00"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("01A1FA14-2BE1-7BB2-BDED-9E33A2B1B643", "01a1fa14-2be1-7bb2-bded-9e33a2b1b643"),
        ("Not-A-UUID", "Not-A-UUID"),
        (7, 7),
        (None, None),
    ],
)
def test_session_ids(sent, kept):
    captured = capture({**EVENT, "properties": {"$session_id": sent}})
    assert captured["properties"]["$session_id"] == kept


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        key: JSON_VALUES | st.just(good)
        for key, good in {
            "event": "e",
            "distinct_id": "d",
            "token": TOKEN,
            "uuid": UUID_TEXT,
            "properties": {"$set": {}, "distinct_id": "d", "token": TOKEN},
            "timestamp": "2026-05-04T12:00:00Z",
            "offset": 5,
            "$set": {},
            "batch": [EVENT],
            "sent_at": "2026-05-04T12:00:00Z",
        }.items()
    },
)


@given(JSON_VALUES | EVENTS | st.lists(EVENTS))
def test_any_document_is_captured_or_refused(document):
    document = orjson.loads(orjson.dumps(document))
    try:
        events = read(document)
    except CaptureError:
        return
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", event["timestamp"])
        assert str(UUID(event["uuid"])) == event["uuid"]
        assert 0 < len(event["distinct_id"]) <= 200
        assert 0 < len(event["event"]) <= 200
        assert isinstance(event["properties"], dict)
        orjson.dumps(event)
