import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from error_tracking import symbol_data
from error_tracking.symbol_data import (
    MAGIC,
    BadSymbolData,
    read_payload,
    read_source_and_map,
    write_source_and_map,
)


def read(data):
    kind, payload = read_payload(data)
    assert kind == 2
    return read_source_and_map(payload)


def container(payload, *, version=1, kind=2, compression=None):
    header = MAGIC + struct.pack("<II", version, kind)
    return header + (b"" if compression is None else bytes([compression])) + payload


def parts(*contents):
    return b"".join(struct.pack("<Q", len(content)) + content for content in contents)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_what_is_written_is_read(source, source_map):
    data = read(write_source_and_map(source, source_map))
    assert (data.source, data.source_map) == (source, source_map)


@pytest.mark.parametrize(
    ("compression", "pack"),
    [
        (0, bytes),
        (1, zstandard.ZstdCompressor().compress),
        (
            1,
            lambda data: b"".join(
                zstandard.ZstdCompressor().compress(part) for part in (data[:9], data[9:])
            ),
        ),
    ],
)
def test_version_2_may_be_compressed(compression, pack):
    payload = pack(parts(b"source", b"map"))
    data = read(container(payload, version=2, compression=compression))
    assert (data.source, data.source_map) == (b"source", b"map")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no symbol data"),
        (b"nonsense" * 10, "no symbol data"),
        (MAGIC, "no symbol data"),
        (container(b"", version=3), "unknown version 3"),
        (container(b"", version=2), "cut off"),
        (container(b"x", version=2, compression=7), "unknown compression 7"),
        (container(b"x", version=2, compression=1), "bad compression"),
        (container(b""), "cut off"),
        (container(parts(b"source")), "cut off"),
        (container(parts(b"source") + struct.pack("<Q", 2**63)), "cut off"),
        (container(parts(b"a", b"b") + b"more"), "4 bytes after the end"),
    ],
)
def test_what_is_no_source_map(data, reason):
    with pytest.raises(BadSymbolData, match=reason):
        read(data)


@given(st.binary(max_size=60), st.sampled_from([b"", MAGIC, container(b"", version=2)]))
def test_any_bytes_are_read_or_refused(data, start):
    try:
        read_payload(start + data)
        read_source_and_map(memoryview(data))
    except BadSymbolData:
        return


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(symbol_data, "MAX_DATA_BYTES", 1_000_000)
    bomb = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(BadSymbolData, match="more than"):
        read_payload(container(bomb, version=2, compression=1))
