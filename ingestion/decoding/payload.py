"""Where a request keeps its payload, and what it wrapped it in."""

import binascii
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from ingestion.decoding.compression import GZIP_MAGIC, gunzip
from ingestion.decoding.errors import NothingSent, TooLarge, Undecodable
from ingestion.decoding.lz_string import unlz64

FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 100
JSON_STARTS = b"{[ \t\r\n"
URL_ALPHABET = bytes.maketrans(b"-_", b"+/")
BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
GZIP_HINTS = {"gzip", "gzip-js"}
LZ_HINTS = {"lz64", "lz-string"}
BASE64_HINTS = {"base64", "b64"}


def decode_payload(
    query: Mapping[str, str], content_type: str, content_encoding: str, body: bytes, limit: int
) -> bytes:
    """The JSON text a request carries, as bytes.

    Clients disagree about everything here: the newest posthog-js gzips under text/plain and says
    so nowhere, older ones send forms, base64 or a query parameter. So what the bytes look like
    counts for more than what the request says.
    """
    if len(body) > limit:
        raise TooLarge(limit)
    hint = query.get("compression", "")
    if data := query.get("data"):
        payload = with_plus_signs(data.encode("utf-8", "surrogatepass"))
    elif content_type[: len(FORM)].lower() == FORM and not is_bare(body):
        fields = form_fields(body)
        payload = with_plus_signs(fields.get("data", b""))
        hint = hint or fields.get("compression", b"").decode("latin-1")
    else:
        payload = body
    if not payload:
        raise NothingSent
    if payload[0] in JSON_STARTS and not (hint or content_encoding):
        return payload
    return unwrap(payload, (hint or content_encoding).strip().lower(), limit)


def is_bare(body: bytes) -> bool:
    """Whether a form is none: curl calls every body one."""
    return not body or body[0] in JSON_STARTS or body.startswith(GZIP_MAGIC)


def form_fields(body: bytes) -> dict[str, bytes]:
    try:
        pairs = parse_qsl(
            body.decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError as error:
        raise Undecodable(f"invalid form: {error}") from error
    fields = {name: value.encode("latin-1") for name, value in pairs}
    if "data" not in fields:
        raise Undecodable("the form has no field 'data'")
    return fields


def with_plus_signs(data: bytes) -> bytes:
    """Base64 in which form decoding made spaces of the plus signs, as it was."""
    if b" " in data:
        mended = data.replace(b" ", b"+")
        if BASE64.fullmatch(mended):
            return mended
    return data


def unwrap(payload: bytes, hint: str, limit: int) -> bytes:
    if payload.startswith(GZIP_MAGIC):
        payload = gunzip(payload, limit)
    elif hint in LZ_HINTS:
        payload = unlz64(payload, limit)
    else:
        payload = unbase64(payload, required=hint in BASE64_HINTS)
        if hint in GZIP_HINTS or payload.startswith(GZIP_MAGIC):
            payload = gunzip(payload, limit)
    payload = unbase64(payload)
    if len(payload) > limit:
        raise TooLarge(limit)
    return payload


def unbase64(payload: bytes, required: bool = False) -> bytes:
    """What base64 stands for; anything else comes back as it is, unless base64 is `required`."""
    text = payload.strip()
    if required:
        # Said to be base64: line breaks, the alphabet of URLs and missing padding are fine.
        text = b"".join(text.split()).translate(URL_ALPHABET).rstrip(b"=")
        text += b"=" * (-len(text) % 4)
    if len(text) % 4 or not BASE64.fullmatch(text):
        if required:
            raise Undecodable("the payload is not base64")
        return payload
    decoded = binascii.a2b_base64(text)
    if required or decoded.startswith(GZIP_MAGIC) or is_utf8(decoded):
        return decoded
    return payload  # a word of four letters is no base64


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
