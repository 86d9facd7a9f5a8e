"""What unmodified SDKs have sent: order, names, frames and fingerprints."""

import pytest

from error_tracking.exceptions.reading import read
from tests.error_tracking.recorded import exception_events

EXPECTED = {
    "python_exception_handled": [(["ZeroDivisionError"], [3], True)],
    "python_exception_context": [(["ZeroDivisionError"], [3], True)],
    "python_exception_gzip": [(["ZeroDivisionError"], [3], True)],
    "python_exception_personless": [(["ZeroDivisionError"], [3], True)],
    "python_exception_unhandled": [(["ZeroDivisionError"], [3], False)],
    "python_exception_custom_fingerprint": [(["ZeroDivisionError"], [3], True)],
    "python_exception_chained": [(["PaymentError", "ZeroDivisionError"], [2, 2], True)],
    "python_exception_group": [(["ExceptionGroup", "ValueError", "TypeError"], [1, 0, 0], True)],
    "python_6_7_exception_chained": [(["PaymentError", "ZeroDivisionError"], [2, 2], True)],
    "python_3_7_batch": [(["PaymentError", "ZeroDivisionError"], [2, 2], True)],
    "python_v1_exception_code_variables": [(["ZeroDivisionError"], [3], True)],
    "node_exception": [(["TypeError"], [9], True)],
    "node_exception_cause": [(["OrderError", "TypeError"], [9, 10], True)],
    "node_exception_personless": [(["TypeError"], [9], True)],
    "node_exception_string": [(["Error"], [9], True)],
    "node_exception_unhandled": [(["TypeError"], [4], False)],
    "web_1_180_exception": [(["Error"], [0], True)],
    "web_exceptions_gzip": [
        (["Error", "TypeError"], [9, 10], True),
        (["TypeError"], [2], False),
        (["TypeError"], [1], False),
    ],
    "web_exceptions_chunk_id": [
        (["Error", "TypeError"], [9, 10], True),
        (["TypeError"], [1], False),
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_read_outermost_first(name):
    found = []
    for properties in exception_events(name):
        exception = read(properties)
        assert exception.issue_name == exception.entries[0].type
        assert exception.issue_description == exception.entries[0].value
        frames = [len(entry.frames) for entry in exception.entries]
        handled = exception.stored_properties()["$exception_handled"]
        found.append(([entry.type for entry in exception.entries], frames, handled))
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_frames_are_stored_resolved_and_without_source_lines(name):
    for properties in exception_events(name):
        for entry in read(properties).stored_properties()["$exception_list"]:
            stack = entry.get("stacktrace", {"type": "resolved", "frames": []})
            assert stack["type"] == "resolved"
            for frame in stack["frames"]:
                required = {
                    "raw_id",
                    "mangled_name",
                    "in_app",
                    "lang",
                    "resolved",
                    "synthetic",
                    "suspicious",
                }
                optional = {
                    "line",
                    "column",
                    "source",
                    "module",
                    "resolved_name",
                    "resolve_failure",
                    "code_variables",
                }
                assert required <= set(frame) <= required | optional
                assert None not in frame.values()


def test_a_python_frame():
    (properties,) = exception_events("python_exception_handled")
    frame = read(properties).entries[0].frames[-1]

    contents = dict(frame.contents)
    assert contents.pop("raw_id") == frame.raw_id
    assert len(frame.raw_id.removesuffix("/0")) == 128
    assert contents == {
        "mangled_name": "price",
        "line": 6,
        "source": "app/orders.py",
        "module": "app.orders",
        "in_app": True,
        "resolved_name": "price",
        "lang": "python",
        "resolved": True,
        "synthetic": False,
        "suspicious": False,
    }
    assert frame.context["line"] == {
        "number": 6,
        "line": '    return order["total"] / order["count"]',
    }
    assert frame.context["before"][-1] == {"number": 5, "line": "def price(order):"}
    assert frame.context["after"][2] == {"number": 9, "line": "def charge(order):"}


def test_old_and_new_python_sdks_agree_on_the_fingerprint():
    (old,) = exception_events("python_6_7_exception_chained")
    (new,) = exception_events("python_exception_chained")
    assert (
        read(old).automatic_fingerprints()[0].value == read(new).automatic_fingerprints()[0].value
    )


def test_frames_of_an_old_python_sdk_get_their_platform_from_its_name():
    (properties,) = exception_events("python_3_7_batch")
    frames = read(properties).entries[0].frames
    assert [frame.contents["lang"] for frame in frames] == ["python", "python"]
    assert all(frame.contents["resolved"] for frame in frames)


def test_node_keeps_its_own_and_the_runtimes_frames_out_of_the_app():
    (properties,) = exception_events("node_exception_string")
    frames = [frame.contents for frame in read(properties).entries[0].frames]
    assert [frame["in_app"] for frame in frames] == [False] * 6 + [True, True, False]
    assert frames[-1]["source"] == "node_modules/posthog-node/dist/client.js"


def test_web_frames_without_a_map_tell_why():
    properties = exception_events("web_exceptions_gzip")[1]
    frames = [frame.contents for frame in read(properties).entries[0].frames]
    assert frames[-1]["source"] == "/static/app.min.js"
    assert (frames[-1]["resolved"], frames[-1]["resolved_name"]) == (True, "e")
    assert frames[-1]["resolve_failure"] == (
        "Could not find sourcemap for source url: https://shop.example.com/static/app.min.js"
    )


def test_web_frames_with_a_chunk_id_wait_for_its_upload():
    properties = exception_events("web_exceptions_chunk_id")[0]
    frame = read(properties).entries[0].frames[-1]
    chunk_id = "0190b0b0-0000-7000-8000-00000000c4a1"
    assert frame.symbol_set_refs[0] == chunk_id
    assert "resolved_name" not in frame.contents
    assert frame.contents["resolved"] is False
    assert frame.contents["resolve_failure"] == f"No sourcemap uploaded for chunk id: {chunk_id}"


def test_code_variables_stay_with_the_occurrence():
    (properties,) = exception_events("python_v1_exception_code_variables")
    (plain,) = exception_events("python_exception_handled")
    frames = read(properties).entries[0].frames
    assert frames[-1].contents["code_variables"] == {"order": '{"id": 7, "total": 10, "count": 0}'}
    assert frames[-1].raw_id == read(plain).entries[0].frames[-1].raw_id
    assert "code_variables" not in read(plain).entries[0].frames[-1].contents
