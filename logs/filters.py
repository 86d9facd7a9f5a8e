"""Property filters over log lines, compiled to conditions.

A filter is `{"key", "type", "operator", "value"}`; its type says where the key is looked up:
`log` (a column), `log_attribute` or `log_resource_attribute`.
"""

import json
import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from rest_framework.exceptions import ValidationError

import clickhouse
from logs.conditions import Params, all_of, any_of, contains
from logs.otlp.rows import NO_SPAN, NO_TRACE
from logs.otlp.severity import BY_TEXT
from posthog_clone.api.times import parse_bound

MAX_DEPTH = 20
ATTRIBUTES = {"log_attribute": "attributes", "log_resource_attribute": "resource_attributes"}
TYPES = ("log", *ATTRIBUTES)
COLUMNS = {
    "message": "body",
    "body": "body",
    "severity_level": "severity_text",
    "severity_text": "severity_text",
    "level": "severity_text",
    "trace_id": "trace_id",
    "span_id": "span_id",
    "service_name": "service_name",
    "event_name": "event_name",
    "instrumentation_scope": "instrumentation_scope",
}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "min": ">=", "max": "<="}
DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Target:
    """What a filter looks at: `text` is the value, `present` whether there is one."""

    text: str
    present: str
    is_attribute: bool = False
    normalize: Callable[[str], str] = str
    """Spells a wanted value as the column does."""


def compile_filters(group: Any, params: Params, now: datetime, *, attr: str) -> str:
    """The condition of a filter group, or of a list of filters that must all hold.

    Raises ValidationError, naming `attr`, for what can't be understood.
    """
    return Compiler(params, now, attr).group(group)


class Compiler:
    def __init__(self, params: Params, now: datetime, attr: str):
        self.params = params
        self.now = now
        self.attr = attr

    def refuse(self, message: str) -> ValidationError:
        return ValidationError({self.attr: [message]})

    def group(self, group: Any, depth: int = 0) -> str:
        if depth > MAX_DEPTH:
            raise self.refuse(f"Filter groups are nested deeper than {MAX_DEPTH} levels.")
        if not group:
            return "1"
        if isinstance(group, list):
            return all_of(self.items(group, depth))
        if not isinstance(group, dict):
            raise self.refuse("Expected a list of filters or a group of filters.")
        if "values" not in group and "key" in group:
            return self.filter(group)
        kind = str(group.get("type") or "AND").upper()
        if kind not in ("AND", "OR") or not isinstance(group.get("values") or [], list):
            raise self.refuse('A group is {"type": "AND" or "OR", "values": [filter or group, …]}.')
        items = self.items(group.get("values") or [], depth)
        if not items:
            return "1"
        return all_of(items) if kind == "AND" else any_of(items)

    def items(self, items: list, depth: int) -> list[str]:
        """Items that are no objects, and filters without a key, say nothing."""
        conditions = []
        for item in items:
            if isinstance(item, list) or (isinstance(item, dict) and "values" in item):
                conditions.append(self.group(item, depth + 1))
            elif isinstance(item, dict) and item.get("key") not in (None, ""):
                conditions.append(self.filter(item))
        return conditions

    def filter(self, item: dict) -> str:
        operator = str(item.get("operator") or "exact")
        target = self.target(item)
        value = item.get("value")
        if operator == "is_set":
            return target.present
        if operator == "is_not_set":
            return f"NOT {target.present}"
        if value is None or value == []:
            return "1"
        if operator in ("between", "not_between"):
            return self.between(target, value, negated=operator == "not_between")
        positive, negated = NEGATIVES.get(operator, (operator, False))
        matcher = MATCHERS.get(positive)
        if matcher is None:
            raise self.refuse(f"{operator!r} is not an operator of log filters.")
        values = value if isinstance(value, list) else [value]
        if negated and positive == "regex" and not all(is_regex(as_text(item)) for item in values):
            return "0"  # a pattern that nobody understands matches nothing, nor does its opposite
        condition = any_of([matcher(self, target, item, positive) for item in values])
        return f"NOT {condition}" if negated else condition

    def target(self, item: dict) -> Target:
        kind, key = item.get("type") or "log_attribute", item["key"]
        if not isinstance(key, str):
            raise self.refuse(f"A filter's key is text, not {str(key)[:40]!r}.")
        if kind in ATTRIBUTES:
            column, name = ATTRIBUTES[kind], self.params.bind(key)
            return Target(
                text=f"{column}[{name}]",
                present=f"mapContains({column}, {name})",
                is_attribute=True,
            )
        if kind != "log":
            raise self.refuse(f"{kind!r} is not a type of log filters: use {', '.join(TYPES)}.")
        column = COLUMNS.get(key)
        if column is None:
            raise self.refuse(f"{key!r} is not a column of log lines: use {', '.join(COLUMNS)}.")
        absent, normalize = SPECIAL_COLUMNS.get(column, ("", str))
        return Target(text=column, present=f"({column} != '{absent}')", normalize=normalize)

    def exact(self, target: Target, value: Any, operator: str) -> str:
        text = target.normalize(as_text(value))
        texts = number_forms(text) if target.is_attribute else [text]
        condition = f"{target.text} IN {self.params.bind(texts, 'Array(String)')}"
        return f"({condition} AND {target.present})" if text == "" else condition

    def icontains(self, target: Target, value: Any, operator: str) -> str:
        term = as_text(value)
        condition = contains(target.text, term, self.params)
        return f"({condition} AND {target.present})" if term == "" else condition

    def regex(self, target: Target, value: Any, operator: str) -> str:
        pattern = as_text(value)
        if not is_regex(pattern):
            return "0"
        return f"(match({target.text}, {self.params.bind(pattern)}) AND {target.present})"

    def affix(self, target: Target, value: Any, operator: str) -> str:
        function = {"starts_with": "startsWith", "ends_with": "endsWith"}[operator]
        value = self.params.bind(as_text(value))
        text = f"{function}(lowerUTF8({target.text}), lowerUTF8({value}))"
        return f"({text} AND {target.present})"

    def compare(self, target: Target, value: Any, operator: str) -> str:
        number = as_number(value)
        if number is None:
            return "0"
        value = self.params.bind(number, "Float64")
        return f"ifNull({number_of(target)} {COMPARISONS[operator]} {value}, 0)"

    def between(self, target: Target, value: Any, *, negated: bool) -> str:
        bounds = [as_number(item) for item in value] if isinstance(value, list) else []
        if len(bounds) != 2 or None in bounds or bounds[0] > bounds[1]:
            raise self.refuse("The value of between is [least, most], two numbers in order.")
        least, most = (self.params.bind(bound, "Float64") for bound in bounds)
        within = f"{number_of(target)} BETWEEN {least} AND {most}"
        return f"ifNull({'NOT ' if negated else ''}({within}), 0)"

    def date(self, target: Target, value: Any, operator: str) -> str:
        text = as_text(value)
        moment = parse_bound(text, UTC, self.now, attr=self.attr)
        if moment is None:
            raise self.refuse(f"{text!r} is not a time.")
        own = f"parseDateTime64BestEffortOrNull({target.text}, 6, 'UTC')"
        if operator == "is_date_exact" and DATE_ONLY.fullmatch(text.strip()):
            start, end = self.moment(moment), self.moment(moment + DAY)
            return f"ifNull({own} >= {start} AND {own} < {end}, 0)"
        sign = {"is_date_exact": "=", "is_date_before": "<", "is_date_after": ">"}[operator]
        return f"ifNull({own} {sign} {self.moment(moment)}, 0)"

    def moment(self, moment: datetime) -> str:
        return self.params.bind(moment, "DateTime64(6, 'UTC')")


MATCHERS: dict[str, Callable[[Compiler, Target, Any, str], str]] = {
    "exact": Compiler.exact,
    "in": Compiler.exact,
    "icontains": Compiler.icontains,
    "icontains_multi": Compiler.icontains,
    "regex": Compiler.regex,
    "starts_with": Compiler.affix,
    "ends_with": Compiler.affix,
    "is_date_exact": Compiler.date,
    "is_date_before": Compiler.date,
    "is_date_after": Compiler.date,
    **dict.fromkeys(COMPARISONS, Compiler.compare),
}
NEGATIVES = {
    "is_not": ("exact", True),
    "not_in": ("in", True),
    "not_icontains": ("icontains", True),
    "not_icontains_multi": ("icontains", True),
    "not_regex": ("regex", True),
    "not_starts_with": ("starts_with", True),
    "not_ends_with": ("ends_with", True),
}


def as_text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


def as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number_of(target: Target) -> str:
    return f"toFloat64OrNull({target.text})"


def number_forms(text: str) -> list[str]:
    """The text and, of a number, how else it may have been written down: 200 as 200.0."""
    number = as_number(text)
    if number is None:
        return [text]
    forms = {text, repr(number)}
    if number.is_integer():
        forms.add(str(int(number)))
    return sorted(forms)


def bytes_to_hex(text: str, size: int) -> str:
    """An id in upper-case hex, as it is kept; OpenTelemetry's JSON has it in base64 at times."""
    if len(text) != 2 * size:
        try:
            raw = b64decode(text, validate=True)
        except (Base64Error, ValueError):
            raw = b""
        if len(raw) == size:
            return raw.hex().upper()
    return text.upper()


# column -> what stands for no value, and how wanted values are spelled
SPECIAL_COLUMNS: dict[str, tuple[str, Callable[[str], str]]] = {
    "trace_id": (NO_TRACE, lambda text: bytes_to_hex(text, 16)),
    "span_id": (NO_SPAN, lambda text: bytes_to_hex(text, 8)),
    "severity_text": ("", lambda text: BY_TEXT.get(text.lower(), text.lower())),
}


@lru_cache(maxsize=1000)
def is_regex(pattern: str) -> bool:
    """Whether ClickHouse (RE2) understands the pattern."""
    try:
        clickhouse.rows("SELECT match('', {pattern:String})", pattern=pattern)
    except clickhouse.Rejected:
        return False
    return True
