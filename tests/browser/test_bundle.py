"""A real bundle: built by esbuild, uploaded as the symbol CLI does, thrown in headless Chromium."""

import hashlib
import struct
from uuid import uuid4

import pytest
import requests
import zstandard

from tests.live import NODE, run_node

pytestmark = [pytest.mark.live, pytest.mark.browser]
MAGIC = b"posthog_error_tracking"
SOURCE_AND_MAP, ZSTD = 2, 1


@pytest.fixture
def bundle(server, site):
    """The chunk id of the app that the site serves from now on."""
    folder, _ = site
    chunk_id = str(uuid4())
    run_node(NODE / "bundle.mjs", server, str(folder), chunk_id)
    assert (folder / "app.js").read_text().count("\n") < 6  # minified
    return chunk_id


class SymbolCLI:
    """The requests of `posthog-cli sourcemap upload`, one after the other: no trailing slashes, no
    credentials with the file."""

    def __init__(self, server):
        self.base = f"{server.url}/api/projects/{server.project_id}/error_tracking"
        self.headers = {
            "Authorization": f"Bearer {server.key}",
            "Content-Type": "application/json",
            "User-Agent": "posthog-cli/0.18.3",
        }

    def call(self, method, path, body=None):
        return requests.request(
            method, f"{self.base}/{path}", json=body, headers=self.headers, timeout=120
        )

    def release(self, project, version):
        hash_id = hashlib.sha512(f"{project}{version}".encode()).hexdigest()
        if (found := self.call("GET", f"releases/hash/{hash_id}")).status_code == 404:
            body = {"hash_id": hash_id, "project": project, "version": version, "metadata": None}
            found = self.call("POST", "releases", body)
            assert found.status_code == 201
        return found.json()

    def upload(self, chunk_id, script, source_map, release_id):
        data = container(script, source_map)
        content_hash = hashlib.sha512(data).hexdigest()
        sets = [{"chunk_id": chunk_id, "release_id": release_id, "content_hash": content_hash}]
        body = {"symbol_sets": sets, "force": False, "skip_on_conflict": False}
        checked = self.call("POST", "symbol_sets/bulk_check_upload", body)
        assert checked.json() == {"chunk_ids_to_upload": [chunk_id]}
        started = self.call("POST", "symbol_sets/bulk_start_upload", body)
        upload = started.json()["id_map"][chunk_id]
        form = upload["presigned_url"]
        sent = requests.post(
            form["url"], data=form["fields"], files={"file": ("file", data)}, timeout=120
        )
        assert sent.ok, sent.text
        hashes = {"content_hashes": {upload["symbol_set_id"]: content_hash}}
        assert self.call("POST", "symbol_sets/bulk_finish_upload", hashes).status_code == 201
        checked = self.call("POST", "symbol_sets/bulk_check_upload", body)
        assert checked.json() == {"chunk_ids_to_upload": []}


def container(script: bytes, source_map: bytes) -> bytes:
    parts = [struct.pack("<Q", len(part)) + part for part in (script, source_map)]
    head = MAGIC + struct.pack("<IIB", 2, SOURCE_AND_MAP, ZSTD)
    return head + zstandard.ZstdCompressor().compress(b"".join(parts))


def test_the_api_shows_the_source(server, site, visit, bundle, unique):
    folder, _ = site
    cli = SymbolCLI(server)
    release = cli.release("shop", unique)
    assert cli.release("shop", unique) == release
    script, source_map = folder / "app.js", folder / "app.js.map"
    cli.upload(bundle, script.read_bytes(), source_map.read_bytes(), release["id"])
    script_lines = script.read_text()
    assert "totalOf" not in script_lines

    visit(f'posthog.identify("{unique}"); setTimeout(buy, 0);')

    [event] = server.events(distinct_id=unique, event="$exception")
    [exception] = event["properties"]["$exception_list"]
    assert exception["type"] == "TypeError"
    frames = exception["stacktrace"]["frames"][-3:]
    places = [
        (frame["resolved_name"], frame["source"].rpartition("/")[2], frame["line"])
        for frame in frames
    ]
    assert places[1:] == [("Checkout.pay", "main.ts", 7), ("totalOf", "cart.ts", 8)]
    assert places[0][1:] == ("main.ts", 12)
    assert all(frame["resolved"] and frame["in_app"] for frame in frames)
    releases = event["properties"]["$exception_releases"]
    assert [(each["project"], each["version"]) for each in releases.values()] == [("shop", unique)]

    body = {"raw_ids": [frames[-1]["raw_id"]]}
    [record] = server.post("error_tracking/stack_frames/batch_get/", body)["results"]
    assert record["symbol_set_ref"] == bundle
    assert record["context"]["line"] == {
        "number": 8,
        "line": "  return order.items!.reduce((sum, item) => sum + item.price, 0);",
    }
    assert record["context"]["before"][-1]["line"] == "  // Throws where there are no items."
    assert record["release"]["version"] == unique

    issue = {"issueId": event["properties"]["$exception_issue_id"]}
    found = server.post("error_tracking/query/issue/", issue)
    top = found["top_in_app_frame"]
    assert (top["function"], top["line"]) == ("totalOf", 8)
    assert found["latest_release"]["version"] == unique
    [symbol_set] = server.get("error_tracking/symbol_sets/", ref=bundle)["results"]
    assert symbol_set["last_used"]


def test_without_an_upload_the_frame_says_so(server, visit, bundle, unique):
    visit(f'posthog.identify("{unique}"); setTimeout(buy, 0);')
    [event] = server.events(distinct_id=unique, event="$exception")
    frame = event["properties"]["$exception_list"][0]["stacktrace"]["frames"][-1]
    assert frame["resolved"] is False
    assert frame["resolve_failure"] == f"No sourcemap uploaded for chunk id: {bundle}"
