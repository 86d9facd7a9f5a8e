"""Rows as files, written one at a time."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, BinaryIO

import orjson

from insights.models import Export
from insights.tables import Table
from posthog_clone.api.csv import cell, flatten

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
Write = Callable[[Table, BinaryIO], None]


def write_json_lines(table: Table, out: BinaryIO) -> None:
    for row in objects(table):
        out.write(orjson.dumps(row, option=OPTIONS | orjson.OPT_APPEND_NEWLINE))


def write_json(table: Table, out: BinaryIO) -> None:
    """One list of all rows."""
    separator = b"[\n"
    for row in objects(table):
        out.write(separator + orjson.dumps(row, option=OPTIONS))
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def objects(table: Table) -> Iterable[dict]:
    if table.columns is None:
        return table.rows
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


def write_csv(table: Table, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        if table.columns is None:
            write_objects_as_csv(table.rows, text)
        else:
            rows = ([scalar(value) for value in row] for row in table.rows)
            csv.writer(text).writerows(chain([table.columns], rows))
    finally:
        text.detach()


def write_objects_as_csv(rows: Iterable[dict], out: io.TextIOWrapper) -> None:
    """The header is the union of all keys, so the rows wait in a file until it is known."""
    header: set[str] = set()
    with tempfile.TemporaryFile() as waiting:
        for row in rows:
            flat = flatten(row)
            header.update(flat)
            waiting.write(orjson.dumps(flat, option=OPTIONS | orjson.OPT_APPEND_NEWLINE))
        waiting.seek(0)
        writer = csv.DictWriter(out, sorted(header))
        writer.writeheader()
        for line in waiting:
            flat = orjson.loads(line)
            writer.writerow({key: cell(value) for key, value in flat.items()})


def scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=OPTIONS).decode()
    return cell(value)


WRITERS: dict[str, Write] = {
    Export.Format.CSV: write_csv,
    Export.Format.JSON_LINES: write_json_lines,
    Export.Format.JSON: write_json,
}
