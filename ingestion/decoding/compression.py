"""Decompression that never makes more than `limit` bytes, whatever it is fed.

Each function raises TooLarge when there would be more, and Undecodable when the data is not
what it should be.
"""

import zlib

import brotli
import zstandard

from ingestion.decoding.errors import TooLarge, Undecodable

GZIP_MAGIC = b"\x1f\x8b\x08"
ZLIB_FIRST_BYTE = 0x78
CHUNK_BYTES = 256 * 1024
ZSTD_MAX_WINDOW = 8 * 1024 * 1024  # what RFC 9659 lets an HTTP client ask of a server


def gunzip(data: bytes, limit: int) -> bytes:
    """The first member; what follows it is ignored."""
    return _inflate(data, limit, "gzip", zlib.MAX_WBITS | 16)


def inflate(data: bytes, limit: int) -> bytes:
    """HTTP's `deflate`: in zlib's wrapping, or bare as some clients send it."""
    bare = data[:1] != bytes((ZLIB_FIRST_BYTE,))
    return _inflate(data, limit, "deflate", -zlib.MAX_WBITS if bare else zlib.MAX_WBITS)


def _inflate(data: bytes, limit: int, name: str, window_bits: int) -> bytes:
    stream = zlib.decompressobj(window_bits)
    try:
        result = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise Undecodable(f"invalid {name} data: {error}") from error
    if len(result) > limit:
        raise TooLarge(limit, "decompressed payload")
    if not stream.eof:
        raise Undecodable(f"invalid {name} data: it ends too early")
    return result


def unbrotli(data: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    try:
        result = stream.process(data, output_buffer_limit=limit + 1)
    except brotli.error as error:
        raise Undecodable(f"invalid br data: {error}") from error
    if len(result) > limit:
        raise TooLarge(limit, "decompressed payload")
    if not stream.is_finished():
        raise Undecodable("invalid br data: it ends too early")
    return result


def unzstd(data: bytes, limit: int) -> bytes:
    """The first frame."""
    chunks, size = [], 0
    try:
        stream = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW).stream_reader(data)
        while chunk := stream.read(CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                raise TooLarge(limit, "decompressed payload")
    except zstandard.ZstdError as error:
        raise Undecodable(f"invalid zstd data: {error}") from error
    return b"".join(chunks)
