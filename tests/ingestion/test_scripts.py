"""The scripts of posthog-js, from the operator's directory."""

import gzip

import pytest

ORIGIN = "https://shop.example.com"


@pytest.fixture(autouse=True)
def sdk(settings, tmp_path):
    folder = tmp_path / "sdk"
    (folder / "1.2.3").mkdir(parents=True)
    (folder / "array.js").write_text("newest" * 100)
    (folder / "surveys.js").write_text("surveys")
    (folder / "1.2.3" / "array.js").write_text("of 1.2.3")
    (folder / "secret.txt").write_text("no script")
    (tmp_path / "outside.js").write_text("outside")
    settings.BROWSER_SDK_DIR = folder


def read(response) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize(
    ("path", "content", "age"),
    [
        ("/static/array.js", b"newest" * 100, "max-age=86400"),
        ("/static/array.js?v=1.2.3", b"newest" * 100, "max-age=86400"),
        ("/static/1.2.3/array.js", b"of 1.2.3", "max-age=31536000"),
        ("/static/9.9.9/array.js", b"newest" * 100, "max-age=86400"),
        ("/static/1.2.3/surveys.js", b"surveys", "max-age=86400"),
    ],
)
def test_scripts(client, path, content, age):
    r = client.get(path, HTTP_ORIGIN=ORIGIN)
    assert (r.status_code, read(r)) == (200, content)
    assert r["Content-Type"] == "application/javascript; charset=utf-8"
    assert age in r["Cache-Control"]
    assert r["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in r


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/1.2.3/none.js",
        "/static/secret.txt",
        "/static/",
        "/static/1.2.3/",
        "/static/../outside.js",
        "/static/../../outside.js",
        "/static/..%2Foutside.js",
        "/static/%2e%2e/outside.js",
        "/static/..%2F..%2Foutside.js",
        "/static/..%5Coutside.js",
        "/static/.hidden.js",
        "/static/array.js%00",
        "/static/%00array.js",
        "/static//array.js",
        "/static/1.2.3/../array.js",
        "/static/1.2.3%2F..%2F../outside.js",
    ],
)
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_without_a_directory_there_are_none(client, settings, tmp_path):
    settings.BROWSER_SDK_DIR = tmp_path / "missing"
    assert client.get("/static/array.js").status_code == 404


def test_what_the_browser_has_is_not_sent_again(client):
    r = client.get("/static/array.js")
    r = client.get("/static/array.js", headers={"if-modified-since": r["Last-Modified"]})
    assert r.status_code == 304


def test_scripts_are_compressed(client):
    r = client.get("/static/array.js", headers={"accept-encoding": "gzip"})
    assert r["Content-Encoding"] == "gzip"
    assert gzip.decompress(read(r)) == b"newest" * 100


def test_head(client):
    assert client.head("/static/array.js").status_code == 200
    assert client.post("/static/array.js").status_code == 405
