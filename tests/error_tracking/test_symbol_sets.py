"""Reading, changing and deleting symbol sets."""

import io
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from error_tracking import symbol_files
from error_tracking.models import StackFrame, SymbolSet
from error_tracking.symbol_data import read_payload, read_source_and_map
from tests.error_tracking.symbol_files import BASE, start, stored, with_file
from tests.factories import ProjectFactory, ReleaseFactory, StackFrameFactory, SymbolSetFactory

pytestmark = pytest.mark.usefixtures("symbol_storage")


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
