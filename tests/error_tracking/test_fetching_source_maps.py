"""Source maps fetched from the addresses that stacks name."""

import base64
from datetime import timedelta

import pytest
from django.utils import timezone

from error_tracking.models import SymbolSet
from error_tracking.symbolication import fetching
from tests.error_tracking.ingesting import event_of, frames, ingest
from tests.error_tracking.test_symbolication import APP
from tests.factories import SymbolSetFactory
from tests.notifications.standin import Reply

SCRIPT = (APP / "app.min.js").read_bytes().splitlines()[0]
MAP = (APP / "app.min.js.map").read_bytes()
MENTION = b"\n//# sourceMappingURL=app.min.js.map\n"
PLACE = {"platform": "web:javascript", "function": "c", "lineno": 1, "colno": 68, "in_app": True}

pytestmark = pytest.mark.usefixtures("nothing_known")


@pytest.fixture(autouse=True)
def _switched_on(settings):
    settings.FETCH_SOURCE_MAPS = True


@pytest.fixture
def site(outside):
    """Serves a script and its map."""
    outside.by_path(
        {
            "/assets/app.js": Reply(body=SCRIPT + MENTION),
            "/assets/app.min.js.map": Reply(body=MAP),
        }
    )
    return outside


def event_at(project, url, **changes):
    return event_of(project, {**PLACE, "filename": url, **changes})


def throw(project, url, **changes):
    """The frame of an exception in the script there."""
    event = event_at(project, url, **changes)
    ingest(event)
    (frame,) = frames(event)
    return frame


def failure(project):
    row = SymbolSet.objects.get(project=project)
    assert (row.storage_ptr, row.failed_at is None) == (None, False)
    return row.failure_reason


def test_a_script_s_map_is_fetched_once(project, site):
    frame = throw(project, site.url("/assets/app.js:1:68"))
    assert (frame["resolved"], frame["resolved_name"]) == (True, "checkout")
    assert frame["source"].endswith("app.ts")
    row = SymbolSet.objects.get()
    assert (row.ref, row.has_uploaded_file) == (site.url("/assets/app.js"), True)

    throw(project, site.url("/assets/app.js"), colno=88)
    paths = [request.path for request in site.received]
    assert paths == ["/assets/app.js", "/assets/app.min.js.map"]


def test_it_is_off_by_default(project, site, settings):
    del settings.FETCH_SOURCE_MAPS
    settings.FETCH_SOURCE_MAPS = False
    frame = throw(project, site.url("/assets/app.js"))
    assert frame["resolve_failure"].startswith("Could not find sourcemap")
    assert not site.received
    assert not SymbolSet.objects.exists()


@pytest.mark.parametrize("header", ["SourceMap", "X-SourceMap"])
def test_the_header_says_where(project, site, header):
    site.by_path(
        {
            "/a/app.js": Reply(body=SCRIPT + b"\n//# sourceMappingURL=no", headers={header: "/m"}),
            "/m": Reply(body=MAP),
        }
    )
    assert throw(project, site.url("/a/app.js"))["resolved_name"] == "checkout"


def test_a_map_within_the_script(project, site):
    inline = b"data:application/json;charset=utf-8;base64," + base64.b64encode(MAP)
    site.always(body=SCRIPT + b"\n//# sourceMappingURL=" + inline)
    assert throw(project, site.url("/app.js"))["resolved_name"] == "checkout"
    assert len(site.received) == 1


def test_after_redirects_the_map_is_beside_the_script(project, site):
    site.by_path(
        {
            "/app.js": Reply(302, headers={"Location": "/v2/app.js"}),
            "/v2/app.js": Reply(body=SCRIPT + MENTION),
            "/v2/app.min.js.map": Reply(body=MAP),
        }
    )
    assert throw(project, site.url("/app.js"))["resolved_name"] == "checkout"


@pytest.mark.parametrize("address", ["http://127.0.0.1", "http://[::1]", "http://10.0.0.7"])
def test_addresses_inside_are_not_called(project, site, settings, address):
    settings.OUTBOUND_ALLOW = []
    port = site.server.server_address[1]
    throw(project, f"{address}:{port}/assets/app.js")
    assert "not a public address" in failure(project)
    assert not site.received


def test_names_are_checked_after_they_are_resolved(project, site, settings):
    settings.OUTBOUND_ALLOW = []
    throw(project, site.url("/assets/app.js", host="localhost"))
    assert "which is not a public address" in failure(project)
    assert not site.received


@pytest.mark.parametrize("place", ["/assets/app.js", "/assets/app.min.js.map"])
def test_redirects_inside_are_not_followed(project, site, place):
    """169.254.169.254 is where clouds keep credentials: it is never called."""
    answers = {
        "/assets/app.js": Reply(body=SCRIPT + MENTION),
        place: Reply(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
    }
    site.by_path(answers)
    throw(project, site.url("/assets/app.js"))
    assert "link-local" in failure(project)


def test_a_script_may_not_name_a_map_inside(project, site):
    body = SCRIPT + b"\n//# sourceMappingURL=http://169.254.169.254/x"
    site.by_path({"/app.js": Reply(body=body)})
    throw(project, site.url("/app.js"))
    assert "link-local" in failure(project)


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://a/b"])
def test_a_script_may_not_name_other_kinds_of_addresses(project, site, scheme):
    site.always(body=SCRIPT + b"\n//# sourceMappingURL=" + scheme.encode())
    throw(project, site.url("/app.js"))
    assert failure(project)
    assert len(site.received) == 1


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({}, "answered 404"),
        ({"/app.js": Reply(500)}, "answered 500"),
        ({"/app.js": Reply(body=SCRIPT)}, "names no source map"),
        ({"/app.js": Reply(body=SCRIPT + MENTION)}, "answered 404"),
        (
            {"/app.js": Reply(body=SCRIPT + MENTION), "/app.min.js.map": Reply(body=b"<html>")},
            "Invalid source map",
        ),
        (
            {"/app.js": Reply(body=SCRIPT, headers={"Content-Encoding": "gzip"})},
            "answered compressed",
        ),
        (
            {"/app.js": Reply(body=b"\n//# sourceMappingURL=data:application/json;base64,x")},
            "can't be decoded",
        ),
        ({"/app.js": Reply(302, headers={"Location": "/app.js"})}, "redirects more than 5 times"),
    ],
)
def test_failures_are_kept_with_the_reason(project, site, replies, reason):
    site.by_path(replies)
    frame = throw(project, site.url("/app.js"))
    assert frame["resolve_failure"].startswith("Could not find sourcemap")
    assert reason in failure(project)


@pytest.mark.parametrize("part", ["SCRIPT", "MAP"])
def test_what_is_too_large_is_given_up(project, site, monkeypatch, part):
    monkeypatch.setattr(fetching, f"MAX_{part}_BYTES", 100)
    throw(project, site.url("/assets/app.js"))
    assert "larger than 100 bytes" in failure(project)


def test_what_failed_is_tried_again_after_a_day(project, site):
    site.always(404)
    url = site.url("/assets/app.js")
    throw(project, url)
    throw(project, url, colno=88)
    assert len(site.received) == 1
    SymbolSet.objects.update(failed_at=timezone.now() - timedelta(hours=25))
    throw(project, url)
    assert len(site.received) == 2
    assert SymbolSet.objects.get().failed_at > timezone.now() - timedelta(minutes=1)


def test_an_upload_clears_the_failure(api, project, site, uploaded):
    site.always(404)
    throw(project, site.url("/app.js"))
    row = SymbolSet.objects.get()
    body = {"symbol_sets": [{"chunk_id": row.ref, "content_hash": "h"}]}
    r = api.post("error_tracking/symbol_sets/bulk_start_upload", body)
    assert list(r.json()["id_map"]) == [row.ref]
    row.refresh_from_db()
    assert (row.failure_reason, row.failed_at) == (None, None)


def test_uploaded_maps_and_those_on_their_way_are_not_fetched(project, site):
    SymbolSetFactory(project=project, ref=site.url("/assets/app.js"), storage_ptr="on its way")
    throw(project, site.url("/assets/app.js"))
    assert not site.received


def test_a_batch_fetches_a_few(project, site, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_AT_ONCE", 3)
    site.always(404)
    events = [event_at(project, site.url(f"/{n}.js")) for n in range(10)]
    ingest(*events)
    assert len(site.received) == 3


def test_a_project_has_so_many(project, site, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_PER_PROJECT", 2)
    site.always(404)
    for n in range(4):
        throw(project, site.url(f"/{n}.js"))
    assert len(site.received) == 2


def test_projects_keep_their_own(project, site):
    other = SymbolSetFactory(ref=site.url("/assets/app.js"), storage_ptr="x", content_hash="h")
    assert throw(project, site.url("/assets/app.js"))["resolved_name"] == "checkout"
    other.refresh_from_db()
    assert other.storage_ptr == "x"


@pytest.mark.parametrize("url", ["http://[", "http://", "http://a b/x.js", "https://x:99999/a.js"])
def test_odd_addresses_fail_quietly(project, site, url):
    throw(project, url)
    assert not site.received
