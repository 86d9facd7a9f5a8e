"""Symbol sets over HTTP: how the symbol CLIs of all ages upload them, and who may read them."""

import io
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from error_tracking import symbol_files
from error_tracking.models import StackFrame, SymbolSet
from error_tracking.symbol_data import read_payload, read_source_and_map
from tests.factories import (
    ProjectFactory,
    ReleaseFactory,
    StackFrameFactory,
    SymbolSetFactory,
)

BASE = "error_tracking/symbol_sets"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "symbol_sets": {
            **settings.STORAGES["symbol_sets"],
            "OPTIONS": {"location": tmp_path, "allow_overwrite": True},
        },
    }
    return tmp_path


@pytest.fixture
def release(project):
    return ReleaseFactory(project=project)


def stored(symbol_set):
    symbol_set.refresh_from_db()
    return symbol_files.storage().open(symbol_set.storage_ptr).read()


def with_file(content=b"data", **fields):
    """A symbol set whose upload was finished."""
    row = SymbolSetFactory(storage_ptr=symbol_files.new_key(), **fields)
    symbol_files.storage().save(row.storage_ptr, ContentFile(content))
    return row


def start(api, *symbol_sets, **options):
    body = {"symbol_sets": list(symbol_sets), **options}
    return api.post(f"{BASE}/bulk_start_upload", body)


def send(upload, content=b"data", **changes):
    """POST the file as the CLI does: without credentials, all fields before the file."""
    form = upload["presigned_url"]
    data = {**form["fields"], **changes, "file": io.BytesIO(content)}
    return Client(enforce_csrf_checks=True).post(form["url"], data)


def finish(api, hashes):
    return api.post(f"{BASE}/bulk_finish_upload", {"content_hashes": hashes})


def upload(api, ref="c1", content=b"data", content_hash="h1", **options):
    """A whole upload; returns its row."""
    r = start(api, {"chunk_id": ref, "content_hash": content_hash}, **options)
    assert r.status_code == 201, r.json()
    (form,) = r.json()["id_map"].values()
    assert send(form, content).status_code == 204
    assert finish(api, {form["symbol_set_id"]: content_hash}).status_code == 201
    return SymbolSet.objects.get(id=form["symbol_set_id"])


# Announce, upload, finish


def test_upload_of_a_symbol_set(api, project, release):
    r = start(
        api,
        {"chunk_id": "c1", "release_id": str(release.id), "content_hash": "h1"},
        {"chunk_id": "not a uuid/../:", "release_id": None, "content_hash": None},
    )
    assert r.status_code == 201
    assert set(r.json()["id_map"]) == {"c1", "not a uuid/../:"}
    form = r.json()["id_map"]["c1"]
    row = SymbolSet.objects.get(ref="c1")
    assert form["symbol_set_id"] == str(row.id)
    assert (row.project, row.release, row.content_hash) == (project, release, None)
    assert form["presigned_url"]["url"].startswith("http://testserver/")
    fields = form["presigned_url"]["fields"]
    assert fields["key"] == row.storage_ptr
    assert all(isinstance(value, str) for value in fields.values())

    assert send(form, b"the file").status_code == 204
    assert stored(row) == b"the file"

    r = finish(api, {str(row.id): "h1"})
    assert (r.status_code, r.json()) == (201, {"success": True})
    row.refresh_from_db()
    assert row.content_hash == "h1"
    assert api.get(f"{BASE}/{row.id}/").json()["has_uploaded_file"] is True


def test_an_upload_may_be_sent_again(api):
    form = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    for content in [b"first", b"second"]:
        assert send(form, content).status_code == 204
    assert stored(SymbolSet.objects.get()) == b"second"


def test_the_old_way_of_announcing_chunks(api, release):
    r = api.post(
        f"{BASE}/bulk_start_upload/", {"chunk_ids": ["a", "b"], "release_id": str(release.id)}
    )
    assert set(r.json()["id_map"]) == {"a", "b"}
    assert set(SymbolSet.objects.values_list("release", flat=True)) == {release.id}


def test_uploads_take_few_queries_however_many(api, django_assert_max_num_queries):
    SymbolSetFactory.create_batch(20, project=api.project, content_hash="old")
    refs = [*SymbolSet.objects.values_list("ref", flat=True), *(f"new-{n}" for n in range(30))]
    announced = [{"chunk_id": ref, "content_hash": "new"} for ref in refs]
    with django_assert_max_num_queries(12):
        forms = start(api, *announced, force=True).json()["id_map"].values()
    assert len(forms) == 50
    for form in forms:
        symbol_files.storage().save(form["presigned_url"]["fields"]["key"], ContentFile(b"x"))
    with django_assert_max_num_queries(12):
        r = finish(api, {form["symbol_set_id"]: "new" for form in forms})
    assert r.status_code == 201


@pytest.mark.parametrize("tamper", ["signature", "key", "url", "expired", "no signature"])
def test_uploads_need_their_signature(api, monkeypatch, tamper):
    form = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    other = start(api, {"chunk_id": "c2"}).json()["id_map"]["c2"]
    changes = {}
    if tamper == "signature":
        changes = {"signature": other["presigned_url"]["fields"]["signature"]}
    elif tamper == "no signature":
        changes = {"signature": ""}
    elif tamper == "key":
        changes = {"key": "../../etc/passwd"}
    elif tamper == "url":
        form["presigned_url"]["url"] += "x"
    else:
        later = time.time() + 301
        monkeypatch.setattr(time, "time", lambda: later)
    assert send(form, **changes).status_code == 403
    assert not symbol_files.has_file(SymbolSet.objects.get(ref="c1"))


def test_a_download_link_is_no_upload_link(api, project):
    row = with_file(project=project)
    link = api.get(f"{BASE}/{row.id}/download/").json()["url"]
    token = link.rpartition("/")[2]
    r = Client().post(f"/symbol_sets/upload/{token}", {"file": io.BytesIO(b"x")})
    assert r.status_code == 403


def test_an_upload_that_was_replaced_is_refused(api):
    first = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    second = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    assert first["symbol_set_id"] == second["symbol_set_id"]
    assert send(first).status_code == 403
    assert send(second).status_code == 204


def test_an_upload_without_a_file_is_refused(api):
    form = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]["presigned_url"]
    assert Client().post(form["url"], form["fields"]).status_code == 400
    assert Client().get(form["url"]).status_code == 405


def test_files_that_are_too_large_are_not_stored(api, monkeypatch):
    monkeypatch.setattr(symbol_files, "MAX_BYTES", 100_000)
    form = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    for size in [100_001, 200_000]:
        assert 400 <= send(form, b"x" * size).status_code < 500
    assert not symbol_files.has_file(SymbolSet.objects.get())
    assert send(form, b"x" * 100_000).status_code == 204


# Conflicts with what is there already


@pytest.mark.parametrize(
    ("sent", "options", "outcome"),
    [
        ({"content_hash": "h1"}, {}, "skip"),
        ({"content_hash": "h2"}, {}, "content_hash_mismatch"),
        ({"content_hash": "h2"}, {"force": True}, "upload"),
        ({"content_hash": "h2"}, {"skip_on_conflict": True}, "skip"),
        ({"content_hash": "h1"}, {"force": True}, "skip"),
        ({}, {}, "content_hash_required"),
        ({}, {"force": True}, "content_hash_required"),
        (
            {"content_hash": "h1"},
            {"force": True, "skip_on_conflict": True},
            "invalid_conflict_handling",
        ),
        ({"content_hash": "h2", "release": "other"}, {"force": True}, "release_id_mismatch"),
        ({"content_hash": "h1", "release": "other"}, {}, "skip"),
        (
            {"content_hash": "h2", "release": "other"},
            {"force": True, "skip_release_on_conflict": True},
            "upload",
        ),
        ({"content_hash": "h2", "release": "same"}, {"force": True}, "upload"),
        ({"content_hash": "h1", "release": "unknown"}, {}, "invalid_release_id"),
        ({"content_hash": "h1", "release": "nonsense"}, {}, "invalid_release_id"),
    ],
)
def test_a_symbol_set_that_is_there_already(api, project, release, sent, options, outcome):
    row = with_file(project=project, ref="c1", content_hash="h1", release=release)
    old_key = row.storage_ptr
    releases = {
        "same": str(release.id),
        "other": str(ReleaseFactory(project=project).id),
        "unknown": str(ReleaseFactory().id),
        "nonsense": "nonsense",
    }
    item = {"chunk_id": "c1", **sent}
    if "release" in item:
        item["release_id"] = releases[item.pop("release")]
    body = {"symbol_sets": [item, {"chunk_id": "new"}], **options}

    checked = api.post(f"{BASE}/bulk_check_upload", body)
    assert SymbolSet.objects.get() == row
    r = api.post(f"{BASE}/bulk_start_upload", body)

    row.refresh_from_db()
    if outcome in {"skip", "upload"}:
        expected = {"new"} | ({"c1"} if outcome == "upload" else set())
        assert (r.status_code, set(r.json()["id_map"])) == (201, expected)
        assert set(checked.json()["chunk_ids_to_upload"]) == expected
        assert (row.storage_ptr != old_key) is (outcome == "upload")
        assert row.content_hash == (None if outcome == "upload" else "h1")
        assert row.release == release
    else:
        for answer in [r, checked]:
            assert (answer.status_code, answer.json()["code"]) == (400, outcome)
        assert SymbolSet.objects.get() == row
        assert row.storage_ptr == old_key


def test_a_pending_upload_starts_again(api, release, project):
    form = start(api, {"chunk_id": "c1"}).json()["id_map"]["c1"]
    r = start(api, {"chunk_id": "c1", "release_id": str(release.id), "content_hash": "h"})
    again = r.json()["id_map"]["c1"]
    assert again["symbol_set_id"] == form["symbol_set_id"]
    assert again["presigned_url"]["fields"]["key"] != form["presigned_url"]["fields"]["key"]
    assert SymbolSet.objects.get().release == release


def test_a_symbol_set_without_a_release_adopts_it(api, project, release):
    row = with_file(project=project, ref="c1", content_hash="h1")
    r = start(api, {"chunk_id": "c1", "content_hash": "h1", "release_id": str(release.id)})
    assert r.json() == {"id_map": {}}
    row.refresh_from_db()
    assert row.release == release


def test_a_chunk_announced_twice_is_refused(api):
    r = start(api, {"chunk_id": "c1"}, {"chunk_id": "c1"})
    assert (r.status_code, r.json()["code"], r.json()["attr"]) == (400, "invalid_chunk_ids", None)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"symbol_sets": [{}]}, "symbol_sets__0__chunk_id"),
        ({"symbol_sets": "x"}, "symbol_sets"),
        ({"symbol_sets": [{"chunk_id": "x" * 601}]}, "symbol_sets__0__chunk_id"),
        ({"chunk_ids": [{}]}, "chunk_ids__0"),
        ({"force": "perhaps"}, "force"),
    ],
)
def test_malformed_announcements(api, body, attr):
    r = api.post(f"{BASE}/bulk_start_upload", body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)


def test_nothing_to_announce(api):
    r = api.post(f"{BASE}/bulk_start_upload", {})
    assert (r.status_code, r.json()) == (201, {"id_map": {}})


# Finishing


def test_a_missing_file_leaves_the_rows_for_another_try(api):
    forms = start(api, {"chunk_id": "a"}, {"chunk_id": "b"}).json()["id_map"]
    send(forms["a"])
    hashes = {form["symbol_set_id"]: "h" for form in forms.values()}
    r = finish(api, hashes)
    assert (r.status_code, r.json()["code"]) == (400, "file_not_found")
    assert SymbolSet.objects.filter(content_hash=None).count() == 2
    send(forms["b"])
    assert finish(api, hashes).status_code == 201


def test_an_empty_file_takes_its_row_along(api, django_capture_on_commit_callbacks):
    forms = start(api, {"chunk_id": "a"}, {"chunk_id": "b"}).json()["id_map"]
    send(forms["a"], b"")
    send(forms["b"])
    r = finish(api, {form["symbol_set_id"]: "h" for form in forms.values()})
    assert (r.status_code, r.json()["code"]) == (400, "file_too_large")
    assert [row.ref for row in SymbolSet.objects.all()] == ["b"]


@pytest.mark.parametrize("id", ["nonsense", str(uuid4()), "foreign"])
def test_finishing_an_unknown_symbol_set(api, id):
    if id == "foreign":
        id = str(with_file().id)
    r = finish(api, {id: "h"})
    assert (r.status_code, r.json()["code"]) == (400, "symbol_set_not_found")


def test_finishing_nothing(api):
    assert finish(api, {}).status_code == 201
    for body in [{"content_hashes": None}, {}, {"content_hashes": []}]:
        assert api.post(f"{BASE}/bulk_finish_upload", body).status_code == 400


def test_frames_that_waited_for_it_are_forgotten(api, project):
    waiting = StackFrameFactory(project=project, symbol_set_ref="c1", resolved=False)
    done = StackFrameFactory(project=project, symbol_set_ref="c1")
    other = StackFrameFactory(project=project, symbol_set_ref="c2", resolved=False)
    elsewhere = StackFrameFactory(symbol_set_ref="c1", resolved=False)
    upload(api, "c1")
    assert set(StackFrame.objects.all()) == {done, other, elsewhere}
    assert waiting.pk


# One by one, as older clients do it


def test_start_and_finish_one(api, release):
    r = api.post(f"{BASE}/start_upload/?chunk_id=c1&release_id={release.id}")
    assert r.status_code == 201
    assert set(r.json()) == {"presigned_url", "symbol_set_id"}
    path = f"{BASE}/{r.json()['symbol_set_id']}/finish_upload/"
    assert api.put(path, {}).json()["code"] == "content_hash_required"
    assert api.put(path, {"content_hash": "h1"}).json()["code"] == "file_not_found"
    assert send(r.json()).status_code == 204
    r = api.put(path, {"content_hash": "h1"})
    assert (r.status_code, r.json()) == (200, {"success": True})
    api.put(path, {"content_hash": "h2"})
    row = SymbolSet.objects.get()
    assert (row.content_hash, row.release) == ("h1", release)
    assert api.post(f"{BASE}/start_upload?chunk_id=c1").status_code == 201
    assert api.post(f"{BASE}/start_upload").json()["detail"] == (
        "chunk_id query parameter is required"
    )


def test_finishing_one_with_an_empty_file(api):
    form = api.post(f"{BASE}/start_upload/?chunk_id=c1").json()
    send(form, b"")
    r = api.put(f"{BASE}/{form['symbol_set_id']}/finish_upload/", {"content_hash": "h"})
    assert (r.status_code, r.json()["code"]) == (400, "file_too_large")
    assert not SymbolSet.objects.exists()


def post_raw(api, content=b"raw data", query="chunk_id=c1"):
    return api.generic(
        "POST",
        f"{BASE}?{query}",
        content,
        content_type="application/octet-stream",
        HTTP_CONTENT_DISPOSITION="attachment; filename=chunk",
    )


def test_a_file_as_the_body(api, release, project):
    StackFrameFactory(project=project, symbol_set_ref="c1", resolved=False)
    r = post_raw(api, query=f"chunk_id=c1&release_id={release.id}")
    assert r.status_code == 201, r.json()
    assert r.json()["ok"] is True
    assert r.json()["has_uploaded_file"] is True
    row = SymbolSet.objects.get()
    assert r.json()["id"] == str(row.id)
    assert stored(row) == b"raw data"
    assert (row.release, len(row.content_hash)) == (release, 128)
    assert not StackFrame.objects.exists()


def test_a_file_in_a_form(api):
    r = api.post(
        f"{BASE}/?chunk_id=c1&multipart=true", {"file": io.BytesIO(b"form")}, format="multipart"
    )
    assert r.status_code == 201
    assert stored(SymbolSet.objects.get()) == b"form"


def test_a_file_sent_again_replaces_the_first(api, release, project):
    post_raw(api, query=f"chunk_id=c1&release_id={release.id}")
    assert post_raw(api, b"new").status_code == 201
    row = SymbolSet.objects.get()
    assert (stored(row), row.release) == (b"new", release)
    other = ReleaseFactory(project=project)
    r = post_raw(api, b"other", query=f"chunk_id=c1&release_id={other.id}")
    assert (r.status_code, r.json()["code"]) == (400, "release_id_mismatch")
    assert stored(row) == b"new"


def test_files_that_are_refused(api, monkeypatch):
    r = post_raw(api, query="")
    assert (r.status_code, r.json()["detail"]) == (400, "chunk_id query parameter is required")
    r = post_raw(api, query="chunk_id=c1&release_id=x")
    assert r.json()["code"] == "invalid_release_id"
    assert api.post(f"{BASE}/?chunk_id=c1", {"a": 1}, format="json").status_code == 400
    r = api.post(f"{BASE}/?chunk_id=c1&multipart=true", {"a": "1"}, format="multipart")
    assert (r.status_code, r.json()["attr"]) == (400, "file")
    assert post_raw(api, b"").status_code == 400
    monkeypatch.setattr(symbol_files, "MAX_BYTES", 10)
    r = post_raw(api, b"x" * 11)
    assert (r.status_code, r.json()["code"]) == (400, "file_too_large")
    r = post_raw(api, b"x" * 2_000_000)
    assert (r.status_code, r.json()["code"]) == (400, "file_too_large")
    assert not SymbolSet.objects.exists()


# Reading, changing, deleting


def row_of(symbol_set, **changes):
    return {
        "id": str(symbol_set.id),
        "ref": symbol_set.ref,
        "team_id": symbol_set.project_id,
        "created_at": symbol_set.created_at.isoformat().replace("+00:00", "Z"),
        "last_used": None,
        "storage_ptr": symbol_set.storage_ptr,
        "failure_reason": None,
        "has_uploaded_file": symbol_set.storage_ptr is not None,
        "release": None,
        **changes,
    }


def test_retrieve(api, project, release):
    row = SymbolSetFactory(project=project, release=release, failure_reason="404")
    r = api.get(f"{BASE}/{row.id}/?status=nonsense&order_by=x")
    assert r.status_code == 200
    shown = r.json()
    assert shown.pop("release")["id"] == str(release.id)
    expected = row_of(row, failure_reason="404")
    del expected["release"]
    assert shown == expected


def test_list(api, project, django_assert_num_queries):
    old, new = (SymbolSetFactory(project=project) for _ in range(2))
    SymbolSetFactory()
    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        r = api.get(f"{BASE}/")
    assert r.json()["results"] == [row_of(new), row_of(old)]
    assert r.json()["count"] == 2


def test_a_page_holds_a_hundred_at_most(api, project):
    SymbolSetFactory.create_batch(101, project=project)
    r = api.get(f"{BASE}/?limit=1000")
    assert len(r.json()["results"]) == 100
    assert r.json()["next"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["c", "b", "a"]),
        ("ref=b", ["b"]),
        ("ref=B", []),
        ("status=all", ["c", "b", "a"]),
        ("status=valid", ["b"]),
        ("status=invalid", ["c", "a"]),
        ("order_by=ref", ["a", "b", "c"]),
        ("order_by=-ref", ["c", "b", "a"]),
        ("order_by=created_at", ["a", "b", "c"]),
        ("order_by=last_used", ["b", "a", "c"]),
        ("order_by=-last_used", ["a", "b", "c"]),
        ("search=A", ["a"]),
        ("search=2.5", ["b"]),
        ("search=SHOP", ["b"]),
        ("search=C0FF", ["b"]),
        ("search=nothing", []),
    ],
)
def test_filters(api, project, query, expected):
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    release = ReleaseFactory(
        project=project, version="2.5", metadata={"git": {"commit_id": "c0ffee"}}
    )
    SymbolSetFactory(project=project, ref="a", last_used=noon)
    SymbolSetFactory(
        project=project,
        ref="b",
        storage_ptr="x",
        release=release,
        last_used=noon - timedelta(days=1),
    )
    SymbolSetFactory(project=project, ref="c")
    found = api.get(f"{BASE}/?{query}").json()["results"]
    assert [row["ref"] for row in found] == expected


@pytest.mark.parametrize("query", ["status=broken", "order_by=size"])
def test_filters_that_are_refused(api, query):
    r = api.get(f"{BASE}/?{query}")
    assert (r.status_code, r.json()["attr"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("method", ["patch", "put"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{}", "application/json"),
        ('{"ref": "new", "storage_ptr": "x"}', "application/json"),
        ("not json", "application/json"),
        ("anything", "text/x-unheard-of"),
        ("ref=new", "application/x-www-form-urlencoded"),
    ],
)
def test_updates_change_nothing(api, project, method, body, content_type):
    row = SymbolSetFactory(project=project)
    call = getattr(api, method)
    r = call(f"{BASE}/{row.id}/", body, content_type=content_type)
    assert (r.status_code, r.json()) == (200, row_of(row))


def test_the_old_form_of_an_update_takes_both_files(api, project):
    row = SymbolSetFactory(project=project, failure_reason="404")
    r = api.patch(
        f"{BASE}/{row.id}/",
        {"minified": io.BytesIO(b"min"), "source_map": io.BytesIO(b"{}")},
        format="multipart",
    )
    assert (r.status_code, r.json()["failure_reason"]) == (200, None)
    _, payload = read_payload(stored(row))
    data = read_source_and_map(payload)
    assert (data.source, data.source_map) == (b"min", b"{}")
    r = api.patch(f"{BASE}/{row.id}/", {"minified": io.BytesIO(b"min")}, format="multipart")
    assert (r.status_code, r.json()["attr"]) == (400, "source_map")


def test_deleting_takes_the_file_and_unresolved_frames(
    api, project, django_capture_on_commit_callbacks
):
    row = with_file(project=project, ref="c1")
    done = StackFrameFactory(project=project, symbol_set_ref="c1")
    StackFrameFactory(project=project, symbol_set_ref="c1", resolved=False)
    with django_capture_on_commit_callbacks(execute=True):
        r = api.delete(f"{BASE}/{row.id}/")
    assert (r.status_code, r.content) == (204, b"")
    assert list(StackFrame.objects.all()) == [done]
    assert not symbol_files.has_file(row)
    assert api.delete(f"{BASE}/{row.id}/").status_code == 404


def test_files_go_with_their_release_and_their_project(
    api, project, release, django_capture_on_commit_callbacks
):
    of_release = with_file(project=project, release=release)
    of_project = with_file(project=ProjectFactory())
    with django_capture_on_commit_callbacks(execute=True):
        api.delete(f"error_tracking/releases/{release.id}/")
        of_project.project.delete()
    assert not symbol_files.has_file(of_release)
    assert not symbol_files.has_file(of_project)


def test_a_replaced_file_goes(api, project, django_capture_on_commit_callbacks):
    row = with_file(project=project, ref="c1", content_hash="h1")
    with django_capture_on_commit_callbacks(execute=True):
        start(api, {"chunk_id": "c1", "content_hash": "h2"}, force=True)
    assert not symbol_files.has_file(row)


def test_bulk_delete(api, project):
    rows = [with_file(project=project) for _ in range(3)]
    foreign = SymbolSetFactory()
    ids = [str(row.id) for row in [*rows[:2], foreign]] + [str(uuid4())]
    r = api.post(f"{BASE}/bulk_delete/", {"ids": ids})
    assert (r.status_code, r.json()) == (200, {"deleted": 2})
    assert set(SymbolSet.objects.all()) == {rows[2], foreign}


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "x"}, {"ids": ["x"]}, {"ids": None}])
def test_bulk_delete_refuses(api, body):
    r = api.post(f"{BASE}/bulk_delete/", body)
    assert (r.status_code, r.json()["attr"][:3]) == (400, "ids")


def test_download(api, project, monkeypatch):
    row = with_file(b"content", project=project)
    r = api.get(f"{BASE}/{row.id}/download/")
    assert r.status_code == 200
    link = r.json()["url"]
    assert link.startswith("http://testserver/")
    answer = Client().get(link)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"content")
    assert Client().get(f"{link}x").status_code == 403
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert Client().get(link).status_code == 403


def test_download_of_nothing(api, project):
    pending = SymbolSetFactory(project=project, storage_ptr="symbolsets/none")
    for row in [pending, SymbolSetFactory(project=project)]:
        r = api.get(f"{BASE}/{row.id}/download/")
        assert (r.status_code, r.json()["detail"]) == (404, "Symbol set has no uploaded file.")


def test_other_projects_symbol_sets_are_out_of_reach(api, organization):
    elsewhere = with_file(project=ProjectFactory(organization=organization), ref="c1")
    path = f"{BASE}/{elsewhere.id}/"
    for method, target in [
        ("get", path),
        ("patch", path),
        ("delete", path),
        ("get", f"{path}download/"),
        ("put", f"{path}finish_upload/"),
    ]:
        assert getattr(api, method)(target).status_code == 404
    assert start(api, {"chunk_id": "c1"}).status_code == 201
    assert SymbolSet.objects.filter(ref="c1").count() == 2


@pytest.mark.parametrize("id", ["nonsense", str(uuid4())])
def test_unknown_symbol_sets_are_not_found(api, id):
    assert api.get(f"{BASE}/{id}/").status_code == 404
    assert api.get(f"{BASE}/{id}/download").status_code == 404


def test_scopes(api_with_scopes, project):
    row = with_file(project=project)
    reader = api_with_scopes("error_tracking:read")
    assert reader.get(f"{BASE}/{row.id}/download/").status_code == 200
    for action in ["bulk_start_upload", "bulk_finish_upload", "bulk_check_upload", "bulk_delete"]:
        assert reader.post(f"{BASE}/{action}", {}).status_code == 403
    assert reader.delete(f"{BASE}/{row.id}/").status_code == 403
