"""Announce, upload, finish: how the symbol CLI brings symbol sets."""

import io
import time
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from error_tracking import symbol_files
from error_tracking.models import StackFrame, SymbolSet
from tests.error_tracking.symbol_files import BASE, finish, send, start, stored, upload, with_file
from tests.factories import ReleaseFactory, StackFrameFactory, SymbolSetFactory

pytestmark = pytest.mark.usefixtures("symbol_storage")


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
    for body in [{"content_hashes": {}}, {}]:
        r = api.post(f"{BASE}/bulk_finish_upload", body)
        assert (r.status_code, r.json()) == (201, {"success": True})
    for body in [{"content_hashes": None}, {"content_hashes": []}]:
        assert api.post(f"{BASE}/bulk_finish_upload", body).status_code == 400


def test_frames_that_waited_for_it_are_forgotten(api, project):
    waiting = StackFrameFactory(project=project, symbol_set_ref="c1", resolved=False)
    done = StackFrameFactory(project=project, symbol_set_ref="c1")
    other = StackFrameFactory(project=project, symbol_set_ref="c2", resolved=False)
    elsewhere = StackFrameFactory(symbol_set_ref="c1", resolved=False)
    upload(api, "c1")
    assert set(StackFrame.objects.all()) == {done, other, elsewhere}
    assert waiting.pk
