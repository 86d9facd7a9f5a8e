"""Symbol sets one by one, as older clients bring them."""

import io

import pytest

from error_tracking import symbol_files
from error_tracking.models import StackFrame, SymbolSet
from tests.error_tracking.symbol_files import BASE, send, stored
from tests.factories import ReleaseFactory, StackFrameFactory

pytestmark = pytest.mark.usefixtures("symbol_storage")


def test_start_and_finish_one(api, release):
    r = api.post(f"{BASE}/start_upload/?chunk_id=c1&release_id={release.id}")
    assert r.status_code == 201
    assert set(r.json()) == {"presigned_url", "symbol_set_id"}
    path = f"{BASE}/{r.json()['symbol_set_id']}/finish_upload/"
    for body in [{}, {"content_hash": ""}, {"content_hash": None}]:
        assert api.put(path, body).json()["code"] == "content_hash_required"
    assert api.put(path, [1]).status_code == 400
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
