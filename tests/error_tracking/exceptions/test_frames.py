"""One table per platform: what a raw frame becomes."""

import pytest

from error_tracking.exceptions.frames import read_frames


def processed(raw, lib=None):
    (frame,) = read_frames([raw], lib)
    return frame


def contents(raw, lib=None):
    found = dict(processed(raw, lib).contents)
    del found["raw_id"]
    return found


COMMON = {"in_app": True, "synthetic": False, "suspicious": False}
LINES = {"pre_context": ["a", "b"], "context_line": "c", "post_context": ["d"]}
PLACE = {"filename": "src/a.x", "function": "run", "lineno": 7}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"platform": "python", **PLACE, "module": "src.a", "abs_path": "/app/src/a.x", **LINES},
            {"lang": "python", "source": "src/a.x", "module": "src.a", "line": 7, "name": "run"},
        ),
        (
            {"platform": "node:javascript", **PLACE, "colno": 3, "module": "a", **LINES},
            {
                "lang": "javascript",
                "source": "src/a.x",
                "module": "a",
                "line": 7,
                "column": 3,
                "name": "run",
            },
        ),
        (
            {"platform": "go", **PLACE},
            {"lang": "go", "source": "src/a.x", "line": 7, "name": "run"},
        ),
        (
            {"platform": "ruby", **PLACE, "abs_path": "/app/src/a.x", **LINES},
            {"lang": "ruby", "source": "src/a.x", "line": 7, "name": "run"},
        ),
        (
            {"platform": "php", **PLACE, **LINES},
            {"lang": "php", "source": "src/a.x", "line": 7, "name": "run"},
        ),
        (
            {"platform": "dart", **PLACE, "colno": 3, "abs_path": "package:a/a.x", "package": "a"},
            {"lang": "dart", "source": "package:a/a.x", "line": 7, "column": 3, "name": "run"},
        ),
        (
            {"platform": "native", **PLACE, "lang": "rust", "instruction_addr": "0x1f"},
            {"lang": "rust", "source": "src/a.x", "line": 7, "name": "run"},
        ),
        (
            {"platform": "rust", "function": "a::run", "filename": "src/main.rs"},
            {"lang": "rust", "source": "src/main.rs", "name": "a::run"},
        ),
    ],
)
def test_resolved_as_they_come(raw, expected):
    name = expected.pop("name")
    assert contents(raw) == {
        **COMMON,
        **expected,
        "mangled_name": name,
        "resolved_name": name,
        "resolved": True,
    }


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"platform": "java", **PLACE, "module": "a.B", "map_id": "com.a@1+1"},
            {
                "lang": "java",
                "source": "src/a.x",
                "module": "a.B",
                "line": 7,
                "mangled_name": "run",
                "resolve_failure": "No proguard map uploaded for id: com.a@1+1",
            },
        ),
        (
            {"platform": "java", "module": "a.B", "function": "run"},
            {
                "lang": "java",
                "module": "a.B",
                "mangled_name": "run",
                "resolve_failure": "No map ID sent with frame",
            },
        ),
        (
            {"platform": "apple", "instruction_addr": "0x2", "module": "App"},
            {
                "lang": "swift",
                "module": "App",
                "mangled_name": "",
                "resolve_failure": "No matching debug image found for frame",
            },
        ),
        (
            {"platform": "native", "instruction_addr": "0x2"},
            {"lang": "native", "mangled_name": ""},
        ),
        (
            {"platform": "hermes", "function": "r", "filename": "b", "colno": 9, "chunkId": "c1"},
            {
                "lang": "javascript",
                "source": "b",
                "mangled_name": "r",
                "line": 1,
                "column": 9,
                "resolve_failure": "No sourcemap uploaded for chunk id: c1",
            },
        ),
        (
            {"platform": "hermes", "function": "r", "filename": "b", "colno": 9},
            {
                "lang": "javascript",
                "source": "b",
                "mangled_name": "r",
                "line": 1,
                "column": 9,
                "resolve_failure": "No chunk id sent with frame",
            },
        ),
    ],
)
def test_unresolved_without_their_map(raw, expected):
    assert contents(raw) == {**COMMON, **expected, "resolved": False}


URL = "https://example.com/static/app.js"


@pytest.mark.parametrize(
    ("raw", "resolved", "failure"),
    [
        ({"filename": URL}, True, None),
        ({"filename": URL, "lineno": 1}, True, None),
        ({"filename": "app.js", "lineno": 1, "colno": 2}, True, "no source url or chunk id"),
        ({"lineno": 1, "colno": 2}, True, "This frame had no source url or chunk id"),
        ({"filename": URL, "lineno": 1, "colno": 300}, True, f"sourcemap for source url: {URL}"),
        ({"filename": URL, "lineno": 1, "colno": 301}, False, f"sourcemap for source url: {URL}"),
        ({"filename": f"{URL}:3:4", "lineno": 1, "colno": 2}, True, f"source url: {URL}"),
        (
            {"filename": URL, "lineno": 1, "colno": 2, "chunk_id": "c1"},
            False,
            "No sourcemap uploaded for chunk id: c1",
        ),
        (
            {"filename": "x", "lineno": 1, "colno": 2, "chunkId": "c2"},
            False,
            "No sourcemap uploaded for chunk id: c2",
        ),
    ],
)
@pytest.mark.parametrize("platform", ["web:javascript", "javascript"])
def test_browser_frames_without_a_map(platform, raw, resolved, failure):
    found = contents({"platform": platform, "function": "f", **raw})
    assert found["resolved"] is resolved
    assert found.get("resolved_name") == ("f" if resolved else None)
    if failure is None:
        assert "resolve_failure" not in found
    else:
        assert failure in found["resolve_failure"]


@pytest.mark.parametrize(
    ("filename", "source"),
    [
        (URL, "/static/app.js"),
        (f"{URL}:3:4", "/static/app.js"),
        (f"{URL}?v=3#top", "/static/app.js"),
        ("https://example.com:8080", "/"),
        ("https://example.com:8080/a.js:7", "/a.js"),
        ("app.js", "app.js"),
        ("https://[oops/a.js", "https://[oops/a.js"),
        (None, None),
    ],
)
def test_the_source_of_a_browser_frame_is_the_path(filename, source):
    raw = {"platform": "web:javascript", "function": "f", "filename": filename}
    assert contents(raw).get("source") == source


def test_anonymous_browser_code_is_not_the_apps():
    raw = {"platform": "web:javascript", "function": "f", "filename": "<anonymous>"}
    assert contents(raw)["in_app"] is False


def test_posthogs_own_script_is_suspicious():
    raw = {"platform": "web:javascript", "filename": "https://us.posthog.com/static/array.js"}
    assert contents(raw)["suspicious"] is True


@pytest.mark.parametrize(
    ("changes", "in_app"),
    [
        ({"abs_path": "/app/shop/views.py", "module": "shop.views"}, True),
        ({}, True),
        ({"abs_path": "/app/logging/views.py", "module": "logging.views"}, True),
        ({"abs_path": "/app/jsonapi/render.py", "module": "jsonapi.render"}, True),
        ({"in_app": False, "abs_path": "/app/shop/views.py"}, False),
        ({"abs_path": "/usr/lib/python3.11/site-packages/redis/connection.py"}, False),
        ({"abs_path": "C:\\venv\\Lib\\site-packages\\redis\\a.py"}, False),
        ({"filename": "/usr/lib/python3/dist-packages/click/core.py"}, False),
        ({"abs_path": "/usr/local/lib/python3.11/socket.py"}, False),
        ({"abs_path": "/srv/lib/python/app.py"}, True),
        ({"module": "functools"}, False),
        ({"module": "concurrent.futures.thread"}, False),
        ({"module": "asyncore"}, False),
        ({"module": "__main__"}, True),
        (
            {
                "filename": "<frozen importlib._bootstrap>",
                "abs_path": "/app/<frozen importlib._bootstrap>",
                "module": "importlib._bootstrap",
            },
            False,
        ),
        ({"filename": "<string>", "abs_path": "/app/<string>", "module": "shop"}, True),
    ],
)
def test_python_libraries_are_not_the_apps_code(changes, in_app):
    raw = {"platform": "python", "filename": "a.py", "function": "f", **changes}
    assert contents(raw)["in_app"] is in_app


@pytest.mark.parametrize(
    ("filename", "in_app"),
    [
        ("/app/src/user.js", True),
        ("/app/node_modules/pg/lib/client.js", False),
        ("node:internal/process/task_queues", False),
    ],
)
def test_node_dependencies_are_not_the_apps_code(filename, in_app):
    raw = {"platform": "node:javascript", "filename": filename, "function": "f"}
    assert contents(raw)["in_app"] is in_app
    assert contents({**raw, "in_app": False})["in_app"] is False


def test_node_frames_with_a_chunk_id_need_its_map():
    raw = {"platform": "node:javascript", **PLACE, "colno": 1, "chunk_id": "c1"}
    frame = processed(raw)
    assert frame.symbol_set_refs == ("c1",)
    assert frame.contents["resolved"] is False
    assert frame.contents["resolve_failure"] == "No sourcemap uploaded for chunk id: c1"


@pytest.mark.parametrize(
    ("raw", "lang", "resolved"),
    [
        ({"platform": "custom", "lang": "elixir", "function": "f"}, "elixir", False),
        ({"platform": "custom", "lang": "c#", "function": "f", "resolved": True}, "c#", True),
        ({"platform": "cobol", "function": "f"}, "cobol", False),
        ({"function": "f"}, "custom", False),
        ({"platform": 5, "function": "f"}, "custom", False),
    ],
)
def test_unknown_platforms_are_kept_as_custom(raw, lang, resolved):
    found = contents(raw)
    assert (found["lang"], found["resolved"], found["resolved_name"]) == (lang, resolved, "f")


@pytest.mark.parametrize(
    ("lib", "lang"),
    [
        ("posthog-python", "python"),
        ("web", "javascript"),
        ("posthog-node", "javascript"),
        ("posthog-other", "custom"),
        (None, "custom"),
    ],
)
def test_the_sdk_tells_the_platform_when_the_frame_does_not(lib, lang):
    assert contents({"function": "f"}, lib)["lang"] == lang


def test_source_lines_are_numbered_and_cut():
    long = {**PLACE, **LINES, "platform": "ruby", "context_line": "é" * 301}
    assert processed(long).context == {
        "before": [{"number": 5, "line": "a"}, {"number": 6, "line": "b"}],
        "line": {"number": 7, "line": "é" * 300 + "...✂️"},
        "after": [{"number": 8, "line": "d"}],
    }
    assert processed({**long, "lineno": None}).context is None
    assert processed({**PLACE, "platform": "ruby"}).context is None


def test_raw_ids_are_stable_and_tell_frames_apart():
    raw = {"platform": "python", **PLACE, "module": "m", **LINES}
    seen = {processed(raw).raw_id}
    assert processed({**raw, "abs_path": "/elsewhere/a.x", "in_app": False}).raw_id in seen
    for change in (
        {"lineno": 8},
        {"function": "walk"},
        {"filename": "b"},
        {"module": "n"},
        {"context_line": "z"},
        {"pre_context": ["z"]},
        {"post_context": ["z"]},
    ):
        seen.add(processed({**raw, **change}).raw_id)
    assert len(seen) == 8
    assert all(len(raw_id) == 130 for raw_id in seen)


def test_native_frames_are_the_same_wherever_their_image_was_loaded():
    def raw_id(instruction, image):
        return processed(
            {"platform": "native", "instruction_addr": instruction, "image_addr": image}
        ).raw_id

    assert raw_id("0x1010", "0x1000") == raw_id("0x2010", "0x2000") != raw_id("0x2011", "0x2000")
    assert raw_id("oops", "0x2000") == raw_id("oops", "0x2000")


def test_numbers_out_of_range_are_left_out():
    for lineno in (-1, 2**32, 1.5, True, "x", [], 10**400):
        assert "line" not in contents({"platform": "go", **PLACE, "lineno": lineno})
    for lineno in (7, 7.0, "7"):
        assert contents({"platform": "go", **PLACE, "lineno": lineno})["line"] == 7
