"""What is broken on purpose: a clear refusal or a recorded failure, and ingestion goes on."""

import io
import json
import struct
import zipfile

import pytest
import zstandard
from django.test import Client

from error_tracking import symbol_files
from error_tracking.models import Issue, Rule, StackFrame, SymbolSet
from error_tracking.stack_frames import MAX_FRAMES_PER_EVENT
from error_tracking.symbol_data import MAGIC, Kind, write_source_and_map
from error_tracking.symbolication import maps
from tests.error_tracking.ingesting import captured, event_of, exception, frames, ingest
from tests.error_tracking.symbol_files import send, start, upload
from tests.factories import RuleFactory

pytestmark = pytest.mark.usefixtures("nothing_known")
FRAME = {
    "platform": "web:javascript",
    "filename": "https://a.example/a.js",
    "function": "f",
    "lineno": 1,
    "colno": 5,
    "chunk_id": "c1",
}
SCRIPT = b"function f(){x()}"
IMAGE = {"platform": "apple", "instruction_addr": "0x1005", "image_addr": "0x1000"}


def source_map(**fields):
    found = {"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", **fields}
    return write_source_and_map(SCRIPT, json.dumps(found).encode())


def compressed(payload: bytes, kind=Kind.SOURCE_AND_MAP) -> bytes:
    data = zstandard.ZstdCompressor().compress(payload)
    return MAGIC + struct.pack("<IIB", 2, kind, 1) + data


CORRUPT = {
    "nothing": b"x",
    "only the head": MAGIC,
    "another version": MAGIC + struct.pack("<II", 9, 2),
    "another type": MAGIC + struct.pack("<II", 1, 99),
    "no map": write_source_and_map(SCRIPT, b"<html>"),
    "an index map of itself": write_source_and_map(
        SCRIPT, b'{"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"#"}]}'
    ),
    "nested index maps": write_source_and_map(
        SCRIPT,
        b'{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":' * 500
        + b"{}"
        + b"}]}" * 500,
    ),
    "wrong mappings": source_map(mappings="!!!!"),
    "mappings that point nowhere": source_map(mappings="AAggggggggggggB"),
    "a length beyond the end": MAGIC + struct.pack("<II", 1, 2) + struct.pack("<Q", 2**63) + b"abc",
    "trailing bytes": source_map() + b"more",
    "cut compression": compressed(b"x" * 10_000)[:-5],
    "wrong compression": MAGIC + struct.pack("<IIB", 2, 2, 7) + b"x",
    "deep JSON": write_source_and_map(SCRIPT, b"[" * 100_000 + b"]" * 100_000),
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT)
def test_a_map_that_can_not_be_read_is_a_failure_of_the_frame(api, project, content):
    upload(api, "c1", content)
    event = event_of(project, FRAME)
    ingest(event, exception(project, "Other"))
    (frame,) = frames(event)
    assert frame["resolved"] is False
    assert frame["resolve_failure"]
    assert Issue.objects.count() == 2
    recorded = StackFrame.objects.get()
    assert recorded.contents["resolve_failure"] == frame["resolve_failure"]


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return file.getvalue()


def lying_zip() -> bytes:
    """Says that its file is a few bytes long."""
    data = zipped({"dwarf": b"\0" * 5_000_000})
    return data.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 50))


@pytest.mark.parametrize(
    "archive",
    [
        zipped({"dwarf": b"\0" * 30_000_000}),
        lying_zip(),
        zipped({"../../etc/passwd": b"x"}),
        zipped({"dwarf": zipped({"dwarf": b"x"})}),
        zipped({"dwarf": b"x", "__source/manifest.json": b"[" * 50_000}),
        zipped({"dwarf": b"x", "__source/manifest.json": b'{"files":{"a":"../../etc/passwd"}}'}),
        b"PK\x03\x04" + b"\xff" * 200,
    ],
)
def test_archives_that_are_traps(api, project, monkeypatch, archive):
    monkeypatch.setattr(maps, "MAX_DATA_BYTES", 20_000_000)
    upload(api, "d1", MAGIC + struct.pack("<II", 1, Kind.APPLE_DSYM) + archive)
    images = [{"type": "macho", "debug_id": "d1", "image_addr": "0x1000", "image_size": 4096}]
    event = event_of(project, IMAGE, **{"$debug_images": images})
    ingest(event, exception(project, "Other"))
    assert frames(event)[0]["resolved"] is False
    assert Issue.objects.count() == 2


def test_a_bomb_in_a_symbol_set(api, project, monkeypatch):
    monkeypatch.setattr("error_tracking.symbol_data.MAX_DATA_BYTES", 1_000_000)
    upload(api, "c1", compressed(b"\0" * 50_000_000))
    event = event_of(project, FRAME)
    ingest(event)
    assert "MiB of data" in frames(event)[0]["resolve_failure"]


def test_a_stack_of_100_000_frames(project):
    raw = [{"platform": "python", "function": f"f{n}", "lineno": n} for n in range(100_000)]
    event = event_of(project, *raw)
    ingest(event, exception(project, "Other"))
    assert Issue.objects.count() == 2
    assert StackFrame.objects.count() == MAX_FRAMES_PER_EVENT


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}", "(x+x+)+y"])
@pytest.mark.parametrize("kind", ["grouping", "suppression", "assignment", "severity"])
def test_patterns_that_would_take_for_ever_elsewhere(project, kind, pattern):
    leaf = {"key": "$exception_values", "type": "event", "operator": "regex", "value": pattern}
    RuleFactory(project=project, kind=kind, filters={"type": "AND", "values": [leaf]})
    ingest(exception(project, value="a" * 9000 + "!" + "x" * 900))
    assert Rule.objects.get().disabled_data is None


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "\\1", "a{99999}"])
def test_patterns_that_are_none_disable_their_rule_alone(project, pattern):
    leaf = {"key": "$exception_values", "type": "event", "operator": "regex", "value": pattern}
    RuleFactory(project=project, kind="suppression", filters={"type": "OR", "values": [leaf]})
    RuleFactory(project=project, kind="severity", severity="high")
    ingest(exception(project, "ValueError"))
    assert Rule.objects.get(kind="suppression").disabled_data["message"]
    assert Issue.objects.get().severity == "high"


def nested(depth: int) -> str:
    return '{"type":"AND","values":[' * depth + "]}" * depth


@pytest.mark.parametrize("depth", [40, 1000, 100_000])
@pytest.mark.parametrize("kind", ["grouping", "suppression", "assignment", "bypass", "severity"])
def test_filters_nested_deeply(api, user, kind, depth):
    assignee = f'{{"type":"user","id":{user.id}}}'
    body = f'{{"filters":{nested(depth)},"severity":"low","assignee":{assignee}}}'
    path = f"error_tracking/{kind}_rules/"
    r = api.post(path, body, content_type="application/json")
    assert r.status_code == 400, r.content
    assert not Rule.objects.exists()


@pytest.mark.parametrize("depth", [40, 1000, 100_000])
def test_queries_with_filters_nested_deeply(api, analytics, depth):
    body = f'{{"filterGroup":[{nested(depth)}]}}'
    r = api.post("error_tracking/query/issues/", body, content_type="application/json")
    assert r.status_code == 400


def test_an_upload_form_is_good_for_its_own_file_alone(api):
    r = start(api, {"chunk_id": "c1"}, {"chunk_id": "c2"})
    one, two = (r.json()["id_map"][ref] for ref in ("c1", "c2"))
    form = {"presigned_url": {**one["presigned_url"], "fields": two["presigned_url"]["fields"]}}
    assert send(form).status_code == 403
    assert send(one, key=two["presigned_url"]["fields"]["key"]).status_code == 403
    assert not any(symbol_files.has_file(row) for row in SymbolSet.objects.all())


def test_a_form_that_was_used_writes_nothing_once_the_upload_is_finished(api):
    """Somebody who has recorded the upload sends other bytes by the same form."""
    r = start(api, {"chunk_id": "c1", "content_hash": "h1"})
    form = r.json()["id_map"]["c1"]
    assert send(form, b"data").status_code == 204
    row = SymbolSet.objects.get()
    hashes = {"content_hashes": {str(row.id): "h1"}}
    assert api.post("error_tracking/symbol_sets/bulk_finish_upload", hashes).status_code == 201
    assert send(form, b"other").status_code == 403
    row.refresh_from_db()
    assert symbol_files.storage().open(row.storage_ptr).read() == b"data"


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "symbolsets/../x", "symbolsets/a\0b", ""]
)
def test_keys_with_path_tricks(api, symbol_storage, key):
    r = start(api, {"chunk_id": "c1"})
    assert send(r.json()["id_map"]["c1"], key=key).status_code in {400, 403}
    assert not [path for path in symbol_storage.rglob("*") if path.is_file()]


@pytest.mark.parametrize("ref", ["../../x", "/etc/passwd", "a/b", "..", "%2e%2e%2f", "ü" * 300])
def test_refs_are_no_paths(api, symbol_storage, ref):
    row = upload(api, ref, b"data")
    stored = [path for path in symbol_storage.rglob("*") if path.is_file()]
    assert [path.relative_to(symbol_storage).as_posix() for path in stored] == [row.storage_ptr]
    assert row.storage_ptr.startswith("symbolsets/")


@pytest.mark.parametrize("token", ["x", "..%2f..", "a:b:c", "%00", "x" * 5000])
def test_links_that_nobody_made(token, db):
    for path in (f"/symbol_sets/download/{token}", f"/symbol_sets/upload/{token}"):
        client = Client()
        answers = [client.get(path), client.post(path)]
        assert {answer.status_code for answer in answers} <= {403, 404, 405}


def test_exception_lists_with_cycles_of_causes(project):
    entries = [
        {"type": f"E{n}", "mechanism": {"exception_id": n, "parent_id": (n + 1) % 3}}
        for n in range(3)
    ]
    event = captured(project, **{"$exception_list": entries})
    ingest(event)
    assert Issue.objects.count() == 1
