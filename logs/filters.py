"""Property filters over log lines as conditions that the table's indexes can answer.

What filters look like and mean is hogql/filters; this is how log lines are asked. A filter's type
says where its key is looked up: `log` (a column), `log_attribute` or `log_resource_attribute`.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql.filters import versions
from hogql.filters.model import PropertyFilter, PropertyGroup, parse_properties
from hogql.filters.predicate import compiled
from hogql.filters.values import (
    DATETIME_PATTERN,
    UNIX_PATTERN,
    bounds_of,
    number_of,
    text_of,
)
from logs.conditions import Params, all_of, any_of, contains
from logs.otlp.rows import NO_SPAN, NO_TRACE
from logs.otlp.severity import BY_TEXT

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
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True)
class Target:
    """What a filter looks at: `text` is the value, `present` whether there is one."""

    text: str
    present: str
    is_attribute: bool = False
    normalize: Callable[[str], str] = str
    """Spells a wanted value as the column does."""


def compile_filters(filters: Any, params: Params, now: datetime, *, attr: str) -> str:
    """The condition of a filter group, or of a list of filters that must all hold.

    Raises ValidationError, naming `attr`, for what can't be understood.
    """
    try:
        group = parse_properties(filters, default_type="log_attribute", types=set(TYPES))
        return Compiler(params, now).group(group)
    except ValidationError as error:
        raise ValidationError({attr: error.detail}) from error


class Compiler:
    def __init__(self, params: Params, now: datetime):
        self.params = params
        self.now = now

    def group(self, group: PropertyGroup) -> str:
        parts = [
            self.group(part) if isinstance(part, PropertyGroup) else self.filter(part)
            for part in group.values
        ]
        return any_of(parts) if group.type == "OR" and parts else all_of(parts)

    def filter(self, leaf: PropertyFilter) -> str:
        target = self.target(leaf)
        if leaf.operator in versions.RANGES:
            raise ValidationError(
                f"Log lines can't be compared by version: {leaf.operator} is for properties."
            )
        if leaf.operator == "is_set":
            return target.present
        if leaf.operator == "is_not_set":
            return f"NOT {target.present}"
        if not leaf.values:
            return "1"
        if leaf.operator in ("between", "not_between"):
            return self.between(leaf, target)
        texts = [text_of(value) for value in leaf.values]
        if leaf.operator == "not_regex" and any(compiled(text or "") is None for text in texts):
            return "0"  # a pattern that nobody understands matches nothing, nor does its opposite
        test = TESTS[leaf.operator]
        condition = any_of([test(self, leaf, target, text) for text in texts])
        return f"NOT {condition}" if leaf.is_negative else condition

    def target(self, leaf: PropertyFilter) -> Target:
        if column := ATTRIBUTES.get(leaf.type):
            name = self.params.bind(leaf.key)
            present = f"mapContains({column}, {name})"
            return Target(text=f"{column}[{name}]", present=present, is_attribute=True)
        column = COLUMNS.get(leaf.key)
        if column is None:
            raise ValidationError(
                f"{leaf.key[:100]!r} is not a column of log lines: use {', '.join(COLUMNS)}."
            )
        absent, normalize = SPECIAL_COLUMNS.get(column, ("", str))
        return Target(text=column, present=f"({column} != '{absent}')", normalize=normalize)

    # Tests of one value of a filter

    def equals(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        if text is None:
            return "0"
        text = target.normalize(text)
        texts = number_forms(text) if target.is_attribute else [text]
        condition = f"{target.text} IN {self.params.bind(texts, 'Array(String)')}"
        return f"({condition} AND {target.present})" if text == "" else condition

    def contains(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        return contains(target.text, text, self.params) if text else target.present

    def matches(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        if compiled(text or "") is None:
            return "0"
        return f"(match({target.text}, {self.params.bind(text or '')}) AND {target.present})"

    def starts(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        return self.affix("startsWith", target, text)

    def ends(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        return self.affix("endsWith", target, text)

    def affix(self, function: str, target: Target, text: str | None) -> str:
        wanted = self.params.bind(text or "")
        found = f"{function}(lowerUTF8({target.text}), lowerUTF8({wanted}))"
        return f"({found} AND {target.present})"

    def compares(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        limit = number_of(text)
        if limit is None:
            return "0"
        sign = COMPARISONS[leaf.operator]
        return self.with_number(target, f"{{number}} {sign} {self.number(limit)}")

    def between(self, leaf: PropertyFilter, target: Target) -> str:
        low, high = map(self.number, leaf.values)
        negation = "NOT " if leaf.operator == "not_between" else ""
        return self.with_number(target, f"{negation}({{number}} BETWEEN {low} AND {high})")

    def with_number(self, target: Target, test: str) -> str:
        number = f"toFloat64OrNull({target.text})"
        return f"ifNull(isFinite({number}) AND {test.replace('{number}', number)}, 0)"

    def dates(self, leaf: PropertyFilter, target: Target, text: str | None) -> str:
        bounds = bounds_of(text, UTC, self.now)
        if bounds is None:
            return "0"
        form = self.params.bind(f"{DATETIME_PATTERN}|{UNIX_PATTERN}")
        own = f"parseDateTime64BestEffortOrNull({target.text}, 6, 'UTC')"
        start, end = (self.params.bind(bound, "DateTime64(6, 'UTC')") for bound in bounds)
        test = {
            "is_date_before": f"{own} < {start}",
            "is_date_after": f"{own} > {start}",
            "is_date_exact": f"({own} = {start} OR {own} >= {start} AND {own} < {end})",
        }[leaf.operator]
        return f"ifNull(match({target.text}, {form}) AND {test}, 0)"

    def number(self, value: float) -> str:
        return self.params.bind(float(value), "Float64")


TESTS: dict[str, Callable[[Compiler, PropertyFilter, Target, str | None], str]] = {
    "exact": Compiler.equals,
    "is_not": Compiler.equals,
    "icontains": Compiler.contains,
    "not_icontains": Compiler.contains,
    "regex": Compiler.matches,
    "not_regex": Compiler.matches,
    "starts_with": Compiler.starts,
    "not_starts_with": Compiler.starts,
    "ends_with": Compiler.ends,
    "not_ends_with": Compiler.ends,
    **dict.fromkeys(COMPARISONS, Compiler.compares),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), Compiler.dates),
}


def number_forms(text: str) -> list[str]:
    """The text and, of a number, how else it may have been written down: 200 as 200.0."""
    number = number_of(text)
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
