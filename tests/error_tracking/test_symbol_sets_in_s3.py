"""Symbol sets whose files are in a bucket: uploaded, used, downloaded and deleted as on a disk."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client

from error_tracking.models import SymbolSet
from error_tracking.symbol_files import Unavailable
from ingestion import queue
from ingestion.models import DeadLetter, QueuedBatch
from ingestion.worker import Worker
from tests.error_tracking import bucket as s3
from tests.error_tracking.ingesting import frames, ingest
from tests.error_tracking.recorded import exception_events
from tests.error_tracking.symbol_files import BASE, finish, send, start, upload
from tests.error_tracking.test_symbolication import CHUNK, CHUNK_ID, chunk_event
from tests.live import manage

SHOW_STORAGE = """
import sys
from django.conf import settings
print(settings.STORAGES["symbol_sets"], "boto3" in sys.modules)
"""


@pytest.fixture
def bucket(settings, nothing_known, monkeypatch):
    bucket = s3.Bucket()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", s3.REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    keep_in_bucket(settings, bucket.url)
    yield bucket
    bucket.stop()


def keep_in_bucket(settings, url):
    options = {"bucket_name": s3.NAME, "location": "of-tests", "endpoint_url": url}
    settings.STORAGES = {
        **settings.STORAGES,
        "symbol_sets": {"BACKEND": "error_tracking.s3.S3Files", "OPTIONS": options},
    }


def queued(properties) -> dict:
    """An event as capture hands it to the queue."""
    return {
        "uuid": str(uuid4()),
        "event": "$exception",
        "distinct_id": "ada",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": properties,
    }


def download(api, row):
    r = api.get(f"{BASE}/{row.id}/download/")
    assert r.status_code == 200, r.json()
    return Client().get(r.json()["url"])


def test_a_symbol_set_from_upload_to_deletion(
    api, project, bucket, django_capture_on_commit_callbacks
):
    row = upload(api, CHUNK_ID, CHUNK)
    assert bucket.objects == {f"of-tests/{row.storage_ptr}": CHUNK}
    assert api.get(f"{BASE}/{row.id}/").json()["has_uploaded_file"] is True

    event = chunk_event(project)
    ingest(event)
    assert (frames(event)[-1]["resolved_name"], frames(event)[-1]["line"]) == ("checkout", 9)

    r = download(api, row)
    assert (r.status_code, r.getvalue()) == (200, CHUNK)
    assert r.headers["Content-Length"] == str(len(CHUNK))

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{BASE}/{row.id}/").status_code == 204
    assert bucket.objects == {}
    assert not SymbolSet.objects.exists()


def test_large_files_come_and_go_in_one_request_each(api, bucket):
    content = bytes(range(256)) * 40 * 4096
    row = upload(api, "large", content)
    assert [line.split()[0] for line in bucket.requests].count("PUT") == 1
    assert download(api, row).getvalue() == content
    assert [line.split()[0] for line in bucket.requests].count("GET") == 1


def test_a_file_that_came_with_its_announcement(api, bucket, django_capture_on_commit_callbacks):
    for content in [b"first", b"second"]:
        with django_capture_on_commit_callbacks(execute=True):
            r = api.post(
                f"{BASE}/?chunk_id=c1",
                content,
                content_type="application/octet-stream",
                headers={"Content-Disposition": "attachment; filename=c1"},
            )
        assert r.status_code == 201, r.json()
    assert list(bucket.objects.values()) == [b"second"]


def test_what_is_missing_in_the_bucket(api, project, bucket):
    form = start(api, {"chunk_id": CHUNK_ID}).json()["id_map"][CHUNK_ID]
    r = finish(api, {form["symbol_set_id"]: "h"})
    assert (r.status_code, r.json()["code"]) == (400, "file_not_found")

    assert send(form, CHUNK).status_code == 204
    assert finish(api, {form["symbol_set_id"]: "h"}).status_code == 201
    link = api.get(f"{BASE}/{form['symbol_set_id']}/download/").json()["url"]
    bucket.objects.clear()
    assert Client().get(link).status_code == 404
    event = chunk_event(project)
    ingest(event)
    assert frames(event)[-1]["resolved"] is False


@pytest.mark.usefixtures("analytics")
@pytest.mark.parametrize("trouble", ["down", "wrong secret", "nobody listens"])
def test_a_store_that_is_away_is_told_and_waited_for(
    api, project, bucket, settings, monkeypatch, trouble, django_capture_on_commit_callbacks
):
    row = upload(api, CHUNK_ID, CHUNK)
    link = api.get(f"{BASE}/{row.id}/download/").json()["url"]
    form = start(api, {"chunk_id": "c2"}).json()["id_map"]["c2"]
    received = exception_events("web_exceptions_chunk_id")[0]
    queue.put(project.id, [queued(received)], datetime.now(UTC))
    if trouble == "down":
        bucket.down = True
    elif trouble == "wrong secret":
        monkeypatch.setattr(s3, "SECRET", "another secret")
    else:
        keep_in_bucket(settings, "http://127.0.0.1:1")

    assert send(form).status_code == 503
    assert Client().get(link).status_code == 503
    assert finish(api, {form["symbol_set_id"]: "h"}).status_code == 503
    with pytest.raises(Unavailable):
        Worker().step()
    assert QueuedBatch.objects.filter(project_id=project.id).exists()
    assert not DeadLetter.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{BASE}/{row.id}/").status_code == 204


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "FileSystemStorage"),
        (
            {"SYMBOL_SETS_S3_BUCKET": "b", "SYMBOL_SETS_S3_PREFIX": "/p/"},
            "'bucket_name': 'b', 'location': 'p', 'endpoint_url': None}} False",
        ),
        ({"SYMBOL_SETS_S3_PREFIX": "p"}, "SYMBOL_SETS_S3_BUCKET is missing"),
        (
            {"SYMBOL_SETS_S3_BUCKET": "b", "SYMBOL_SETS_S3_ENDPOINT_URL": "minio:9000"},
            "must start with http:// or https://",
        ),
    ],
)
def test_the_bucket_is_named_by_the_environment(tmp_path, variables, told):
    done = manage("shell", "--no-imports", "-c", SHOW_STORAGE, DATA_DIR=str(tmp_path), **variables)
    assert told in done.stdout + done.stderr
    assert "boto3" not in done.stdout
    assert "True" not in done.stdout.rpartition("}")[2]
