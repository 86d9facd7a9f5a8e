"""lz-string's base64 form, which posthog-js sent as `lz64` until 2021.

The text is a stream of codes for UTF-16 units, each code a literal or a stretch of what came
before. Such a stretch is kept as its place in the output, so memory stays in proportion to the
input and the limit.
"""

import binascii
from array import array

from ingestion.decoding.errors import TooLarge, Undecodable

LITERAL_8, LITERAL_16, END = range(3)
# The stream fills its bytes from the high bit, and its numbers from the low one: with the bits
# of each byte turned round, both run the same way.
TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
REFILL_BYTES = 64


class Bits:
    """Numbers of any width, read off bytes from the low bit up."""

    __slots__ = ("available", "data", "place", "value")

    def __init__(self, data: bytes):
        self.data = data
        self.place = 0
        self.value = 0
        self.available = 0

    def read(self, width: int) -> int:
        while self.available < width:
            piece = self.data[self.place : self.place + REFILL_BYTES]
            if not piece:
                raise Undecodable("invalid lz64 data: it ends too early")
            self.value |= int.from_bytes(piece, "little") << self.available
            self.available += 8 * len(piece)
            self.place += REFILL_BYTES
        number = self.value & ((1 << width) - 1)
        self.value >>= width
        self.available -= width
        return number


def unlz64(text: bytes, limit: int) -> bytes:
    """The text, in UTF-8, that `compressToBase64` made `text` of."""
    units = decompress(Bits(unbase64(text).translate(TURNED)), 2 * limit)
    result = units.decode("utf-16-le", "replace").encode()
    if len(result) > limit:
        raise TooLarge(limit, "decompressed payload")
    return result


def unbase64(text: bytes) -> bytes:
    text = text.strip().replace(b" ", b"+").rstrip(b"=")
    try:
        # "A" stands for zeros; lz-string's own padding is not always whole.
        return binascii.a2b_base64(text + b"A" * (-len(text) % 4), strict_mode=True)
    except binascii.Error as error:
        raise Undecodable(f"invalid lz64 data: {error}") from error


class Codes:
    """What each code stands for: a stretch of the output, as its start and size."""

    __slots__ = ("room", "sizes", "starts", "width")

    def __init__(self):
        self.starts = array("I", (0, 0, 0))  # the first three codes stand for no stretch
        self.sizes = array("I", (0, 0, 0))
        self.width = 2
        self.room = 1  # how many more codes there are of this width

    def add(self, start: int, size: int) -> None:
        self.starts.append(start)
        self.sizes.append(size)
        self.room -= 1
        if not self.room:
            self.room = 1 << self.width
            self.width += 1


def decompress(bits: Bits, limit: int) -> bytearray:
    """The UTF-16 units, little-endian; more than `limit` bytes of them raise TooLarge."""
    out = bytearray()
    codes = Codes()
    last = 0  # where the stretch written before begins
    while (code := bits.read(codes.width)) != END:
        start = len(out)
        if code < END:
            out += bits.read(8 if code == LITERAL_8 else 16).to_bytes(2, "little")
            codes.add(start, 2)
        else:
            if code < len(codes.starts):
                begin, size = codes.starts[code], codes.sizes[code]
            elif code == len(codes.starts) and start:
                # The code this very stretch defines: the one before, and its first unit again.
                begin, size = last, start - last + 2
            else:
                raise Undecodable(f"invalid lz64 data: it uses code {code} too early")
            if start + size > limit:
                raise TooLarge(limit // 2, "decompressed payload")
            out += out[begin : begin + size]
            if len(out) < start + size:
                out += out[begin : begin + 2]
        if start:
            codes.add(last, start - last + 2)
        last = start
    return out
