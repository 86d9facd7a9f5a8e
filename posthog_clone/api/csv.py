"""Rows as CSV: nested keys flattened with dots, the header their sorted union."""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import orjson
import zstandard
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

CHUNK = 64 * 1024
# A cell that starts like a formula would run in a spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class CSVRenderer(BaseRenderer):
    """For `?format=csv`: the results of a page, or one object, as `text/csv`."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> str:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= 400:
            response["Content-Type"] = "application/json"
            return json.dumps(data)
        rows = data["results"] if isinstance(data, dict) and "results" in data else data
        return to_csv(rows if isinstance(rows, list) else [rows])


def to_csv(rows: Iterable[dict]) -> str:
    flat = [flatten(row) for row in rows]
    header = sorted({key for row in flat for key in row})
    out = io.StringIO()
    writer = csv.DictWriter(out, header)
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in flat)
    return out.getvalue()


def csv_response(rows: Iterable[dict], filename: str) -> StreamingHttpResponse:
    """A file of any number of rows. All are found before the answer starts: what is wrong with
    them is still an error."""
    return StreamingHttpResponse(
        spooled_csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def spooled_csv(rows: Iterable[dict]) -> Iterator[bytes]:
    """The same for any number of rows: the header needs all their keys, so that they wait on disk,
    compressed, and never are in memory together. They are taken at once, before the first bytes."""
    header, file = set(), tempfile.TemporaryFile()  # noqa: SIM115 - by spooled_lines
    with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as spool:
        for row in rows:
            flat = {key: cell(value) for key, value in flatten(row).items()}
            header.update(flat)
            spool.write(orjson.dumps(flat) + b"\n")
    file.seek(0)
    return spooled_lines(file, sorted(header))


def spooled_lines(file: IO[bytes], header: list[str]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.DictWriter(out, header)
    writer.writeheader()
    with file, zstandard.ZstdDecompressor().stream_reader(file) as spool:
        for line in io.BufferedReader(spool):
            writer.writerow(orjson.loads(line))
            if out.tell() > CHUNK:
                yield taken(out)
    yield taken(out)


def taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": [1]}}` as `{"a.b.0": 1}`; empty objects and lists leave no key."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, item in pairs:
        flat |= flatten(item, f"{prefix}.{key}" if prefix else str(key))
    return flat


def cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
