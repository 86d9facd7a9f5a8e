"""Frames of shipped code resolved to its source, through what the symbol CLI uploads."""

import json
import struct

import pytest
import zstandard

from error_tracking import symbol_files
from error_tracking.models import StackFrame, SymbolSet
from error_tracking.symbol_data import MAGIC, write_source_and_map
from error_tracking.symbolication import symbol_sets
from tests.error_tracking.ingesting import captured, event_of, frames, ingest
from tests.error_tracking.recorded import FOLDER, exception_events
from tests.factories import ReleaseFactory, SymbolSetFactory

CHUNK_ID = "0190b0b0-0000-7000-8000-00000000c4a1"
APP = FOLDER / "web_app"
CHUNK = write_source_and_map(
    (APP / "chunk.min.js").read_bytes(), (APP / "chunk.min.js.map").read_bytes()
)
MAPPING = """\
com.example.shop.Checkout -> a.b:
    1:1:void pay(int):10:10 -> a
    2:2:void charge():30:30 -> a
    2:2:void pay(int):12 -> a
org.library.Client -> a.c:
    1:1:void send():5:5 -> b
"""


pytestmark = pytest.mark.usefixtures("nothing_known")


def chunk_event(project):
    return captured(project, **exception_events("web_exceptions_chunk_id")[0])


def test_browser_frames_by_chunk_id(project, uploaded):
    uploaded(CHUNK, CHUNK_ID)
    event = chunk_event(project)
    ingest(event)

    frame = frames(event)[-1]
    assert len(frame.pop("raw_id")) == 130
    assert frame == {
        "mangled_name": "c",
        "line": 9,
        "column": 11,
        "source": "../src/app.ts",
        "in_app": True,
        "resolved_name": "checkout",
        "lang": "javascript",
        "resolved": True,
        "synthetic": False,
        "suspicious": False,
    }
    assert [found["resolved_name"] for found in frames(event, 1)[-2:]] == ["checkout", "priceOf"]
    assert "checkout" in event.properties["$exception_functions"]


def test_frames_are_recorded_with_their_source_lines(project, uploaded):
    uploaded(CHUNK, CHUNK_ID)
    ingest(chunk_event(project))
    frame = StackFrame.objects.get(contents__resolved_name="priceOf")
    assert (frame.resolved, frame.symbol_set_ref) == (True, CHUNK_ID)
    assert frame.context["line"] == {"number": 3, "line": "  return order.lines!.length"}
    assert frame.context["before"][-1] == {
        "number": 2,
        "line": "function priceOf(order: Order): number {",
    }


def test_an_upload_resolves_later_events(project, uploaded, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        before = chunk_event(project)
        ingest(before)
        assert frames(before)[-1]["resolved"] is False
        StackFrame.objects.filter(resolved=False).delete()  # as finishing an upload does
        uploaded(CHUNK, CHUNK_ID)
        after = chunk_event(project)
        ingest(after)
    assert frames(after)[-1]["resolved_name"] == "checkout"
    assert frames(after)[-1]["raw_id"] == frames(before)[-1]["raw_id"]
    assert StackFrame.objects.get(raw_id=frames(after)[-1]["raw_id"]).resolved is True


def test_an_upload_that_is_not_finished_resolves_nothing(project, uploaded):
    uploaded(CHUNK, CHUNK_ID)
    SymbolSet.objects.update(content_hash=None)
    event = chunk_event(project)
    ingest(event)
    assert frames(event)[-1]["resolve_failure"].startswith("No sourcemap uploaded")


def test_a_file_that_is_gone_resolves_nothing(project, uploaded):
    row = uploaded(CHUNK, CHUNK_ID)
    symbol_files.storage().delete(row.storage_ptr)
    event = chunk_event(project)
    ingest(event)
    assert frames(event)[-1]["resolved"] is False


def test_other_projects_maps_are_not_used(project, uploaded):
    SymbolSetFactory(ref=CHUNK_ID, content_hash="h", storage_ptr=uploaded(CHUNK, "x").storage_ptr)
    event = chunk_event(project)
    ingest(event)
    assert frames(event)[-1]["resolved"] is False


def test_frames_without_a_chunk_id_are_found_by_their_url(project, uploaded):
    content = write_source_and_map(
        (APP / "app.min.js").read_bytes(), (APP / "app.min.js.map").read_bytes()
    )
    uploaded(content, "https://shop.example.com/static/app.min.js")
    event = captured(project, **exception_events("web_exceptions_gzip")[1])
    ingest(event)
    assert frames(event)[-1]["resolved_name"] == "priceOf"
    assert "resolve_failure" not in frames(event)[-1]


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"nonsense", "Invalid source map: no symbol data"),
        (write_source_and_map(b"x", b"{bad json"), "Invalid source map: bad json"),
        (MAGIC + struct.pack("<II", 1, 7), "Invalid source map: data of type 7"),
    ],
)
def test_maps_that_can_not_be_read(project, uploaded, content, failure):
    uploaded(content, CHUNK_ID)
    event = chunk_event(project)
    ingest(event)
    frame = frames(event)[-1]
    assert frame["resolved"] is False
    assert frame["resolve_failure"].startswith(failure)
    assert "resolved_name" not in frame


def raw(line=2, column=88, **fields):
    return {
        "platform": "web:javascript",
        "filename": "https://shop.example.com/static/chunk.min.js",
        "function": "c",
        "lineno": line,
        "colno": column,
        "chunk_id": CHUNK_ID,
        **fields,
    }


@pytest.mark.parametrize("place", [(9, 1), (2, 0), (0, 1), (2**32 - 1, 2**32 - 1)])
def test_places_that_the_map_does_not_have(project, uploaded, place):
    uploaded(CHUNK, CHUNK_ID)
    event = event_of(project, raw(*place))
    ingest(event)
    (frame,) = frames(event)
    assert frame["resolve_failure"] == f"Token not found for frame: c:{place[0]}:{place[1]}"
    assert (frame["resolved"], frame["source"]) == (False, "/static/chunk.min.js")


def test_what_the_app_imports_is_not_its_own(project, uploaded):
    source_map = json.loads((APP / "chunk.min.js.map").read_text())
    for source, in_app, suspicious in [
        ("../node_modules/lib/index.js", False, False),
        ("posthog-js@1.2.3/src/a.ts", True, True),
    ]:
        source_map["sources"] = [source]
        SymbolSet.objects.all().delete()
        uploaded(
            write_source_and_map(
                (APP / "chunk.min.js").read_bytes(), json.dumps(source_map).encode()
            ),
            CHUNK_ID,
        )
        event = event_of(project, raw())
        ingest(event)
        (frame,) = frames(event)
        assert (frame["in_app"], frame["suspicious"]) == (in_app, suspicious)
    event = event_of(project, raw(in_app=False))
    ingest(event)
    assert frames(event)[0]["in_app"] is False


def test_node_frames_by_chunk_id(project, uploaded):
    uploaded(CHUNK, CHUNK_ID)
    event = event_of(project, raw(platform="node:javascript", filename="dist/app.js", module="app"))
    ingest(event)
    (frame,) = frames(event)
    assert (frame["resolved_name"], frame["source"], frame["module"]) == (
        "checkout",
        "../src/app.ts",
        "app",
    )


def test_hermes_frames(project, uploaded):
    source_map = json.loads((APP / "app.min.js.map").read_text())
    source_map["x_facebook_sources"] = [
        [{"names": ["<global>", "priceOf"], "mappings": "AAA;ACCA"}]
    ]
    payload = zstandard.ZstdCompressor().compress(json.dumps(source_map).encode())
    uploaded(MAGIC + struct.pack("<IIB", 2, 3, 1) + payload, CHUNK_ID)
    frame = {
        "platform": "hermes",
        "function": "e",
        "filename": "index.android.bundle",
        "chunkId": CHUNK_ID,
    }
    event = event_of(project, {**frame, "colno": 35}, {**frame, "colno": 0})
    ingest(event)
    found, unknown = frames(event)
    assert (found["resolved_name"], found["source"], found["line"]) == (
        "priceOf",
        "../src/app.ts",
        3,
    )
    assert unknown["resolve_failure"] == f"No token for column 0 on chunk {CHUNK_ID}"


def java(line, module="a.b", function="a", **fields):
    return {
        "platform": "java",
        "module": module,
        "function": function,
        "lineno": line,
        "filename": "SourceFile",
        "map_id": "com.example.shop@1.0+1",
        **fields,
    }


def test_java_frames(project, uploaded):
    uploaded(MAGIC + struct.pack("<II", 1, 4) + MAPPING.encode(), "com.example.shop@1.0+1")
    event = event_of(
        project,
        java(1, in_app=False),
        java(2, in_app=False),
        java(1, "a.c", "b", in_app=False),
        java(1, "x.y", "z"),
    )
    ingest(event)
    shown = [
        (frame.get("resolved_name"), frame["module"], frame["line"], frame["in_app"])
        for frame in frames(event)
    ]
    assert shown == [
        ("pay", "com.example.shop.Checkout", 10, True),
        ("pay", "com.example.shop.Checkout", 12, True),
        ("charge", "com.example.shop.Checkout", 30, True),
        ("send", "org.library.Client", 5, False),
        (None, "x.y", 1, True),
    ]
    of_one_line = [frame["raw_id"] for frame in frames(event)[1:3]]
    assert [raw_id.partition("/")[2] for raw_id in of_one_line] == ["0", "1"]
    assert StackFrame.objects.count() == 5


def test_maps_of_another_kind_than_the_frame_do_no_harm(project, uploaded):
    uploaded(MAGIC + struct.pack("<II", 1, 4) + MAPPING.encode(), CHUNK_ID)
    uploaded(CHUNK, "com.example.shop@1.0+1")
    event = event_of(project, raw(), java(1))
    ingest(event)
    assert [frame["resolved"] for frame in frames(event)] == [False, False]


def test_resolved_frames_decide_the_fingerprint(project, uploaded):
    unresolved = chunk_event(project)
    ingest(unresolved)
    uploaded(CHUNK, CHUNK_ID)
    by_chunk = chunk_event(project)
    ingest(by_chunk)
    assert by_chunk.fingerprint != unresolved.fingerprint
    assert {
        "type": "frame",
        "raw_id": frames(by_chunk)[-1]["raw_id"],
        "pieces": ["Source file name", "Resolved function name"],
    } in by_chunk.properties["$exception_fingerprint_record"]


def test_releases_of_symbol_sets_are_told(project, uploaded):
    release = ReleaseFactory(
        project=project, metadata={"git": {"commit_id": "c0ffee", "branch": "main"}}
    )
    uploaded(CHUNK, CHUNK_ID, release=release)
    event = chunk_event(project)
    ingest(event)
    assert event.properties["$exception_releases"] == {
        release.hash_id: {
            "version": release.version,
            "project": "shop",
            "timestamp": release.created_at.isoformat(),
            "metadata": release.metadata,
            "commit_id": "c0ffee",
            "branch": "main",
        }
    }


def test_releases_that_the_client_names_are_told(project):
    release = ReleaseFactory(project=project)
    foreign = ReleaseFactory()
    for named, known in [
        (str(release.id), True),
        (str(foreign.id), False),
        ("nonsense", False),
        (5, False),
    ]:
        event = event_of(project, **{"$release_id": named})
        ingest(event)
        assert ("$exception_releases" in event.properties) is known


def test_use_is_noted(project, uploaded, django_assert_num_queries):
    row = uploaded(CHUNK, CHUNK_ID)
    unused = uploaded(CHUNK, "unused")
    ingest(chunk_event(project))
    row.refresh_from_db()
    unused.refresh_from_db()
    assert row.last_used is not None
    assert unused.last_used is None
    with django_assert_num_queries(7):
        # symbol sets; savepoint, rules, fingerprints, limits, frames, its release; no use noted
        ingest(chunk_event(project))


def test_code_variables_survive(project, uploaded):
    uploaded(CHUNK, CHUNK_ID)
    event = event_of(project, raw(code_variables={"a": "1"}), raw())
    ingest(event)
    first, second = frames(event)
    assert (first["resolved_name"], first["code_variables"]) == ("checkout", {"a": "1"})
    assert "code_variables" not in second


def test_few_maps_are_kept(monkeypatch, project, uploaded):
    monkeypatch.setattr(symbol_sets, "MAX_KEPT_BYTES", 2 * len(CHUNK) + 1)
    for number in range(5):
        uploaded(CHUNK, f"c{number}")
        ingest(event_of(project, raw(chunk_id=f"c{number}")))
    assert len(symbol_sets.maps.kept) == 2
    assert symbol_sets.maps.size == 2 * len(CHUNK)
