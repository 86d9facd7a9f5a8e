"""Answers as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from rest_framework.exceptions import ValidationError

from posthog_clone.api.csv import cell, to_csv

LINES_AT_ONCE = 500


def lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV of rows, some lines at a time. Lists and objects within are JSON."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([cell(column) for column in columns])
    for number, row in enumerate(rows):
        writer.writerow([cell(text_of(value)) for value in row])
        if number % LINES_AT_ONCE == LINES_AT_ONCE - 1:
            yield taken(out)
    yield taken(out)


def taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text


def text_of(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    return value


def of_answer(answer: dict[str, Any]) -> Iterator[str]:
    """CSV of what a query was answered. Raises ValidationError when that has no rows."""
    rows, columns = answer.get("results"), answer.get("columns")
    if not isinstance(rows, list):
        raise ValidationError({"format": "The answer to this kind of query has no rows for a CSV."})
    if columns and all(isinstance(row, list) for row in rows):
        return lines(columns, rows)
    return iter([to_csv(row if isinstance(row, dict) else {"result": row} for row in rows)])
