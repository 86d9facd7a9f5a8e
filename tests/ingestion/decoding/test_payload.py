import base64
import gzip
import resource
import tracemalloc
import zlib
from urllib.parse import quote, urlencode

import lzstring
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.decoding.errors import NothingSent, TooLarge, Undecodable
from ingestion.decoding.payload import FORM, decode_payload

LIMIT = 20 * 1024 * 1024
TEXT = '{"event": "bought", "price": "3 €", "emoji": "\U0001f600"}'
JSON = TEXT.encode()
GZIPPED = gzip.compress(JSON)
# Its base64 has plus signs, which forms turn into blanks.
PLUS = b'{"a":"\xc2\xbe\xe3\xbe\xbe>>>>???~~~~"}'


def decode(body=b"", query=None, content_type="application/json", encoding="", limit=LIMIT):
    return decode_payload(query or {}, content_type, encoding, body, limit)


def as_lz64(text: str) -> bytes:
    units = text.encode("utf-16-le", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return lzstring.LZString().compressToBase64("".join(chr(a | b << 8) for a, b in pairs)).encode()


B64 = base64.b64encode


@pytest.mark.parametrize(
    ("body", "query", "content_type", "encoding"),
    [
        pytest.param(JSON, {}, "application/json", "", id="plain"),
        pytest.param(JSON, {}, "", "", id="no content type"),
        pytest.param(JSON, {}, "multipart/form-data; boundary=x", "", id="any content type"),
        pytest.param(JSON, {"compression": "unheard-of"}, "text/plain", "", id="unknown hint"),
        pytest.param(JSON, {}, "text/plain", "identity", id="identity"),
        pytest.param(GZIPPED, {}, "text/plain", "", id="gzip without a hint"),
        pytest.param(GZIPPED, {}, "application/json", "gzip", id="gzip by header"),
        pytest.param(GZIPPED, {}, "application/json", "GZIP", id="gzip in capitals"),
        pytest.param(GZIPPED, {"compression": "gzip-js"}, "text/plain", "", id="gzip-js"),
        pytest.param(GZIPPED, {"compression": "lz64"}, "text/plain", "", id="gzip, hint wrong"),
        pytest.param(GZIPPED, {}, FORM, "", id="gzip called a form"),
        pytest.param(B64(JSON), {}, "text/plain", "", id="base64 without a hint"),
        pytest.param(B64(JSON) + b"\n", {}, "text/plain", "", id="base64 and a line end"),
        pytest.param(B64(JSON), {"compression": "base64"}, "text/plain", "", id="base64"),
        pytest.param(B64(JSON), {"compression": "b64"}, "text/plain", "", id="b64"),
        pytest.param(
            base64.urlsafe_b64encode(JSON).rstrip(b"="),
            {"compression": "base64"},
            "text/plain",
            "",
            id="base64 of URLs, unpadded",
        ),
        pytest.param(
            base64.encodebytes(JSON), {"compression": "base64"}, "", "", id="base64 in lines"
        ),
        pytest.param(B64(GZIPPED), {"compression": "gzip-js"}, "", "", id="base64 of gzip"),
        pytest.param(B64(GZIPPED), {}, "", "", id="base64 of gzip without a hint"),
        pytest.param(gzip.compress(B64(JSON)), {}, "", "gzip", id="gzip of base64"),
        pytest.param(B64(gzip.compress(B64(JSON))), {}, "", "", id="base64 of gzip of base64"),
        pytest.param(as_lz64(TEXT), {"compression": "lz64"}, "text/plain", "", id="lz64"),
        pytest.param(as_lz64(TEXT), {"compression": "lz-string"}, "", "", id="lz-string"),
        pytest.param(JSON, {}, FORM, "", id="curl's idea of a form"),
        pytest.param(urlencode({"data": JSON}).encode(), {}, FORM, "", id="form"),
        pytest.param(
            urlencode({"data": B64(JSON), "compression": "base64"}).encode(),
            {},
            FORM + "; charset=UTF-8",
            "",
            id="form with base64",
        ),
        pytest.param(
            urlencode({"ver": "1", "data": B64(GZIPPED)}).encode(), {}, FORM, "", id="form, gzip"
        ),
        pytest.param(
            urlencode({"data": as_lz64(TEXT), "compression": "lz64"}).encode(),
            {},
            FORM,
            "",
            id="form with lz64",
        ),
        pytest.param(b"", {"data": TEXT}, "", "", id="query"),
        pytest.param(b"ignored", {"data": TEXT}, "", "", id="query before body"),
        pytest.param(b"", {"data": B64(JSON).decode()}, "", "", id="query with base64"),
        pytest.param(JSON, {"data": ""}, "", "", id="empty data in the query"),
    ],
)
def test_every_way_to_send_the_same(body, query, content_type, encoding):
    assert decode(body, query, content_type, encoding) == JSON


def test_plus_signs_that_became_blanks_are_mended():
    wire = B64(PLUS)
    assert b"+" in wire

    assert decode(b"data=" + wire, {}, FORM) == PLUS  # sent without percent-encoding
    assert decode(b"data=" + quote(wire).encode(), {}, FORM) == PLUS
    assert decode(b"", {"data": wire.decode().replace("+", " ")}) == PLUS


def test_blanks_in_json_stay():
    assert decode(urlencode({"data": '{"a": "b c"}'}).encode(), {}, FORM) == b'{"a": "b c"}'


@pytest.mark.parametrize("word", [b"nonsense", b"null", b"true", b"12345678"])
def test_a_word_is_not_taken_for_base64(word):
    assert decode(word) == word


@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_nothing_sent(content_type):
    with pytest.raises(NothingSent):
        decode(b"", {}, content_type)
    with pytest.raises(NothingSent):
        decode(b"data=" if content_type == FORM else b"", {"data": ""}, content_type)


@pytest.mark.parametrize(
    ("body", "query", "content_type", "encoding"),
    [
        (JSON, {}, "application/json", "gzip"),
        (JSON, {"compression": "gzip-js"}, "application/json", ""),
        (GZIPPED[:-9], {}, "", ""),
        (b"\x1f\x8b\x08rubbish", {}, "", ""),
        (b"not base64!", {"compression": "base64"}, "", ""),
        (b"not lz64!", {"compression": "lz64"}, "", ""),
        (b"a=b&c=d", {}, FORM, ""),
        (b"&".join([b"a=b"] * 1000), {}, FORM, ""),
    ],
)
def test_wrong_encodings(body, query, content_type, encoding):
    with pytest.raises(Undecodable, match="^failed to decode request: ") as caught:
        decode(body, query, content_type, encoding)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b" " * 1001, {}),
        (gzip.compress(b" " * 1001), {}),
        (B64(gzip.compress(b" " * 1001)), {}),
        (as_lz64("a" * 1001), {"compression": "lz64"}),
        (as_lz64("€" * 500), {"compression": "lz64"}),
    ],
)
def test_limit_holds_before_and_after_decompression(body, query):
    with pytest.raises(TooLarge, match="^maximum event size exceeded") as caught:
        decode(body, query, limit=1000)
    assert caught.value.status == 413


def test_exactly_the_limit_is_fine():
    body = JSON.ljust(1000)
    assert decode(body, limit=1000) == body
    assert decode(gzip.compress(body), limit=1000) == body


def test_a_bomb_takes_no_more_memory_than_the_limit():
    bomb = gzip.compress(bytes(300 * 1024 * 1024), 9)
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with pytest.raises(TooLarge):
            decode(bomb, limit=LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert peak < 3 * LIMIT
    assert grown < 4 * LIMIT


ENCODERS = {
    "none": lambda data: (data, {}, "", ""),
    "gzip": lambda data: (gzip.compress(data), {}, "", "gzip"),
    "gzip-js": lambda data: (gzip.compress(data), {"compression": "gzip-js"}, "", ""),
    "unsaid": lambda data: (gzip.compress(data), {}, "text/plain", ""),
    "base64": lambda data: (B64(data), {"compression": "base64"}, "", ""),
    "form": lambda data: (
        urlencode({"data": B64(data), "compression": "base64"}).encode(),
        {},
        FORM,
        "",
    ),
    "raw form": lambda data: (b"data=" + B64(data), {}, FORM, ""),
    "lz64": lambda data: (as_lz64(data.decode()), {"compression": "lz64"}, "", ""),
}


@pytest.mark.parametrize("encoder", ENCODERS)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_round_trip(encoder, text):
    data = b'{"text":' + text.encode() + b"}"
    assert decode(*ENCODERS[encoder](data)) == data


@given(
    body=st.binary(max_size=300),
    hint=st.sampled_from(["", "gzip", "lz64", "base64", "x"]),
    content_type=st.sampled_from(["", FORM, "application/json"]),
    prefix=st.sampled_from([b"", b"\x1f\x8b\x08", b"data=", b"eyJ", GZIPPED[:20]]),
)
@example(body=b"", hint="lz64", content_type="", prefix=b"Q===")
def test_any_bytes_are_decoded_or_refused(body, hint, content_type, prefix):
    try:
        result = decode(prefix + body, {"compression": hint}, content_type, limit=1000)
    except (NothingSent, Undecodable, TooLarge):
        return
    assert len(result) <= 1000


def test_zlib_is_no_gzip():
    with pytest.raises(Undecodable):
        decode(zlib.compress(JSON), encoding="gzip")
