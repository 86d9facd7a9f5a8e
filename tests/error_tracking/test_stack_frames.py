from uuid import uuid4

import pytest

from tests.error_tracking.ingesting import captured, ingest
from tests.error_tracking.recorded import exception_events
from tests.factories import ReleaseFactory, StackFrameFactory, SymbolSetFactory


@pytest.fixture
def frame(project):
    return StackFrameFactory(project=project)


def batch(api, **body):
    r = api.post("error_tracking/stack_frames/batch_get/", body)
    assert r.status_code == 200
    return [found["raw_id"] for found in r.json()["results"]]


def test_a_frame_as_the_api_shows_it(api, project):
    release = ReleaseFactory(project=project, version="1.2")
    SymbolSetFactory(project=project, ref="c1", release=release)
    SymbolSetFactory(ref="c1", release=ReleaseFactory())
    context = {"before": [], "line": {"number": 1, "line": "x"}, "after": []}
    frame = StackFrameFactory(project=project, symbol_set_ref="c1", context=context)
    r = api.get(f"error_tracking/stack_frames/{frame.id}/")
    assert r.status_code == 200
    assert r.json().pop("release")["version"] == "1.2"
    assert {key: value for key, value in r.json().items() if key != "release"} == {
        "id": str(frame.id),
        "raw_id": frame.raw_id,
        "created_at": frame.created_at.isoformat().replace("+00:00", "Z"),
        "contents": frame.contents,
        "resolved": True,
        "context": context,
        "symbol_set_ref": "c1",
    }


def test_frames_of_an_event_are_found_by_their_raw_ids(api, project):
    event = captured(project, **exception_events("python_exception_handled")[0])
    ingest(event)
    frames = event.properties["$exception_list"][0]["stacktrace"]["frames"]
    raw_ids = [frame["raw_id"] for frame in frames]
    assert sorted(batch(api, raw_ids=raw_ids)) == sorted(raw_ids)
    assert batch(api, raw_ids=[raw_ids[0].removesuffix("/0")]) == [raw_ids[0]]


def test_batch_get_of_all_some_or_none(api, frame, project):
    other = StackFrameFactory(project=project)
    StackFrameFactory()
    assert batch(api) == [frame.raw_id, other.raw_id]
    assert batch(api, raw_ids=[]) == []
    assert batch(api, raw_ids=["nonsense", "", "/", frame.raw_id]) == [frame.raw_id]


def test_batch_get_by_symbol_set(api, frame, project):
    symbol_set = SymbolSetFactory(project=project, ref="c1")
    of_set = StackFrameFactory(project=project, symbol_set_ref="c1")
    assert batch(api, symbol_set=str(symbol_set.id)) == [of_set.raw_id]
    assert batch(api, symbol_set=str(symbol_set.id), raw_ids=[frame.raw_id]) == []
    assert batch(api, symbol_set=str(uuid4())) == []
    assert batch(api, symbol_set=None, raw_ids=[frame.raw_id]) == [frame.raw_id]


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"raw_ids": "x"}, "raw_ids"),
        ({"raw_ids": [{}]}, "raw_ids__0"),
        ({"symbol_set": "x"}, "symbol_set"),
    ],
)
def test_batch_get_refuses(api, body, attr):
    r = api.post("error_tracking/stack_frames/batch_get/", body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_batch_get_takes_keys_that_may_read(api_with_scopes, frame):
    path = "error_tracking/stack_frames/batch_get/"
    assert api_with_scopes("error_tracking:read").post(path, {}).status_code == 200
    assert api_with_scopes("query:read").post(path, {}).status_code == 403


def test_list_costs_the_same_queries_whatever_its_length(api, project, django_assert_num_queries):
    release = ReleaseFactory(project=project)
    for number in range(30):
        SymbolSetFactory(project=project, ref=f"c{number}", release=release)
        StackFrameFactory(project=project, symbol_set_ref=f"c{number}")
    with django_assert_num_queries(6):  # key, its last use, project, count, rows, releases
        r = api.get("error_tracking/stack_frames/")
    assert r.json()["count"] == 30
    assert r.json()["results"][0]["release"]["id"] == str(release.id)


def test_unknown_frames_and_deleting(api, frame):
    for id in ["nonsense", uuid4(), StackFrameFactory().id]:
        assert api.get(f"error_tracking/stack_frames/{id}/").status_code == 404
    r = api.delete(f"error_tracking/stack_frames/{frame.id}/")
    assert (r.status_code, r.content) == (405, b"")
