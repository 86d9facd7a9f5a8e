"""Symbol sets as clients upload them."""

import io

from django.core.files.base import ContentFile
from django.test import Client

from error_tracking import symbol_files
from error_tracking.models import SymbolSet
from tests.factories import SymbolSetFactory

BASE = "error_tracking/symbol_sets"


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
