"""Native frames resolved by uploaded debug information."""

import gzip
import io
import json
import struct
import zipfile

import pytest

from error_tracking.models import StackFrame
from error_tracking.symbol_data import MAGIC
from tests.error_tracking.ingesting import event_of, frames, ingest
from tests.error_tracking.recorded import FOLDER

pytestmark = pytest.mark.usefixtures("nothing_known")

DEBUG_ID = "786ee888-ebbf-f30f-9d2c-112cf15618f7"
NATIVE = FOLDER.parent / "native"
BINARY = gzip.decompress((NATIVE / "shop.elf.gz").read_bytes())
IN_PRICE = 0x1009


def bundle(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return packed.getvalue()


WITH_SOURCE = bundle(
    **{
        "dwarf": BINARY,
        "__source/0": (NATIVE / "shop.c").read_bytes(),
        "__source/manifest.json": json.dumps(
            {"version": 1, "files": {"/src/shop.c": "__source/0"}}
        ),
    }
)


def native_event(project, *raw_frames, base=0x7F0000000000):
    """Frames by their place in the image, which was loaded at `base`."""
    frames = [
        {
            "platform": "native",
            "in_app": True,
            "module": "shop",
            **frame,
            "instruction_addr": hex(base + frame["at"]),
        }
        for frame in raw_frames
    ]
    image = {"debug_id": DEBUG_ID.upper(), "image_addr": hex(base), "image_size": 0x3000}
    return event_of(project, *frames, **{"$debug_images": ["nonsense", {}, image]})


def native_map(content, kind=6):
    return MAGIC + struct.pack("<II", 1, kind) + content


@pytest.mark.parametrize(("content", "kind"), [(BINARY, 6), (WITH_SOURCE, 6), (WITH_SOURCE, 5)])
def test_native_frames(project, uploaded, content, kind):
    uploaded(native_map(content, kind), DEBUG_ID.upper())
    event = native_event(project, {"at": IN_PRICE}, {"at": 0x2000, "function": "known"})
    ingest(event)
    price, divide, known = frames(event)
    assert [frame["resolved_name"] for frame in (price, divide)] == ["price", "divide"]
    assert (divide["source"], divide["line"], divide["module"]) == ("/src/shop.c", 5, "shop")
    assert (price["resolved"], price["line"]) == (True, 9)
    assert (known["resolved_name"], known["resolved"]) == ("known", True)
    assert known["resolve_failure"] == "Symbol not found at address: 0x2000"
    recorded_frame = StackFrame.objects.get(raw_id=divide["raw_id"])
    if content == WITH_SOURCE:
        assert recorded_frame.context["line"] == {
            "number": 5,
            "line": "    return total / count;",
        }
    else:
        assert recorded_frame.context is None


def test_native_frames_are_the_same_wherever_the_image_was_loaded(project):
    one = native_event(project, {"at": IN_PRICE})
    two = native_event(project, {"at": IN_PRICE}, base=0x5500000000)
    ingest(one, two)
    assert frames(one)[0]["raw_id"] == frames(two)[0]["raw_id"]
    assert frames(one)[0]["resolve_failure"] == (
        f"No debug symbols uploaded for debug_id: {DEBUG_ID.upper()}"
    )


def test_apple_frames_need_their_symbols(project, uploaded):
    def ask():
        event = native_event(project, {"at": IN_PRICE, "platform": "apple"})
        ingest(event)
        return frames(event)

    (frame,) = ask()
    assert frame["resolve_failure"] == f"No dSYM uploaded for debug_id: {DEBUG_ID.upper()}"
    uploaded(native_map(WITH_SOURCE, 5), DEBUG_ID.upper())
    assert [frame["resolved_name"] for frame in ask()] == ["price", "divide"]


def test_frames_that_the_client_has_expanded_stay(project, uploaded):
    uploaded(native_map(BINARY), DEBUG_ID.upper())
    event = native_event(
        project,
        {"at": IN_PRICE, "function": "a"},
        {"at": IN_PRICE, "function": "b", "inline": True},
    )
    ingest(event)
    assert [frame["resolved_name"] for frame in frames(event)] == ["a", "b"]


@pytest.mark.parametrize(
    "content", [b"nonsense", bundle(other=b"x"), bundle(dwarf=b"nonsense"), WITH_SOURCE[:500]]
)
def test_native_symbols_that_can_not_be_read(project, uploaded, content):
    uploaded(native_map(content), DEBUG_ID.upper())
    event = native_event(project, {"at": IN_PRICE, "function": "known"})
    ingest(event)
    (frame,) = frames(event)
    assert (frame["resolved_name"], frame["resolved"]) == ("known", True)
    assert frame["resolve_failure"]


@pytest.mark.parametrize("addr", ["0x1", "nonsense", None, 5, "-0x5", "f" * 40])
def test_addresses_outside_of_any_image(project, addr):
    event = native_event(project, {"at": 0})
    event.properties["$exception_list"][0]["stacktrace"]["frames"][0]["instruction_addr"] = addr
    ingest(event)
    assert frames(event)[0]["resolved"] is False
