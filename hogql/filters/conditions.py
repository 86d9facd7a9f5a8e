"""Property filters as HogQL, for events, persons and groups in ClickHouse."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.database import EVENTS, SESSIONS
from hogql.filters import versions
from hogql.filters.elements import element_condition
from hogql.filters.model import (
    COHORTS,
    LIST_PROPERTIES,
    PRESENCE,
    PropertyFilter,
    PropertyGroup,
)
from hogql.filters.predicate import compiled
from hogql.filters.values import (
    DATETIME_PATTERN,
    UNIX_PATTERN,
    bounds_of,
    number_of,
    text_of,
)
from hogql.parser import parse_expr

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TRUE, FALSE = ast.Constant(True), ast.Constant(False)
ITEM = ast.Field(["item"])


class Conditions:
    """Writes conditions on the rows of `events` (or `persons`), known in the query as `alias`."""

    def __init__(
        self, *, now: datetime, zone: tzinfo, table: str = "events", alias: str | None = None
    ):
        self.now = now
        self.zone = zone
        self.table = table
        self.prefix: list[str | int] = [alias] if alias else []

    def of_group(self, group: PropertyGroup) -> ast.Expr:
        parts = [
            self.of_group(part) if isinstance(part, PropertyGroup) else self.of_filter(part)
            for part in group.values
        ]
        if not parts:
            return TRUE
        if len(parts) == 1:
            return parts[0]
        return ast.Or(parts) if group.type == "OR" else ast.And(parts)

    def of_filter(self, leaf: PropertyFilter) -> ast.Expr:
        if leaf.type == "hogql":
            return parse_expr(leaf.key)
        if not leaf.values and leaf.operator not in PRESENCE:
            return TRUE
        if leaf.type in COHORTS:
            return self.in_cohorts(leaf)
        if leaf.type == "element":
            return element_condition(leaf, self.field("elements_chain"), self.test)
        field = self.field_of(leaf)
        value = ast.Text(field)
        if leaf.type == "event_metadata" and leaf.operator.startswith("is_date"):
            return any_of([self.date_test(leaf, field, value) for value in leaf.values])
        if leaf.type == "event_metadata" and leaf.key.startswith("$group_"):
            value = ast.Call("nullIf", [value, ast.Constant("")])  # "" is no group
        if leaf.type == "event" and leaf.key in LIST_PROPERTIES:
            return self.on_items(leaf, value)
        return self.test(leaf, value)

    def field(self, *chain: str | int) -> ast.Field:
        return ast.Field([*self.prefix, *chain])

    def field_of(self, leaf: PropertyFilter) -> ast.Field:
        if leaf.type == "person":
            steps = ["properties"] if self.table == "persons" else ["person", "properties"]
            return self.field(*steps, leaf.key)
        if self.table == "persons":
            raise ValidationError(f"Persons can't be filtered by a property of type {leaf.type}.")
        if leaf.type == "group":
            return self.field(f"group_{leaf.group_type_index}", "properties", leaf.key)
        if leaf.type == "session":
            if leaf.key not in SESSIONS.fields:
                raise ValidationError(f"Sessions have no property {leaf.key[:100]!r}.")
            return self.field("session", leaf.key)
        if leaf.type == "event_metadata":
            if leaf.key not in EVENTS.fields:
                raise ValidationError(f"Events have no column {leaf.key[:100]!r}.")
            return self.field(leaf.key)
        return self.field("properties", leaf.key)

    def in_cohorts(self, leaf: PropertyFilter) -> ast.Expr:
        person = self.field("id" if self.table == "persons" else "person_id")
        tests = [ast.Compare("in cohort", person, ast.Constant(value)) for value in leaf.values]
        return negated_if(leaf.is_negative, any_of(tests))

    def on_items(self, leaf: PropertyFilter, text: ast.Expr) -> ast.Expr:
        """Some item of a list satisfies the operator, negative ones too; else the value does."""
        empty = ast.Call("ifNull", [text, ast.Constant("")])
        items = ast.Call("JSONExtract", [empty, ast.Constant("Array(Nullable(String))")])
        some = ast.Call("arrayExists", [ast.Lambda(["item"], self.test(leaf, ITEM)), items])
        is_list = ast.Compare("==", ast.Call("JSONType", [empty]), ast.Constant("Array"))
        return ast.Call("if", [is_list, some, self.test(leaf, text)])

    def test(self, leaf: PropertyFilter, text: ast.Expr) -> ast.Expr:
        """The filter's test of a text, NULL when it is missing."""
        if leaf.operator == "is_set":
            return ast.Call("isNotNull", [text])
        if leaf.operator == "is_not_set":
            return ast.Call("isNull", [text])
        if leaf.operator in ("between", "not_between"):
            return self.range_test(leaf, text)
        if leaf.operator in ("exact", "is_not"):
            return equality(leaf, text)
        if leaf.operator in ("regex", "not_regex"):
            return self.regex_test(leaf, text)
        if leaf.operator in COMPARISONS:
            return any_of([self.comparison(leaf, text, value) for value in leaf.values])
        if leaf.operator.startswith("is_date"):
            moment = self.moment_of(text)
            return any_of([self.date_test(leaf, moment, value) for value in leaf.values])
        if leaf.operator in versions.RANGES:
            tests = [version_test(text, *ends) for ends in leaf.values]
        else:
            tests = [self.text_test(leaf.operator, text, value) for value in leaf.values]
        return negated_if(leaf.is_negative, any_of(tests))

    def text_test(self, operator: str, text: ast.Expr, value: Any) -> ast.Expr:
        wanted = ast.Constant((text_of(value) or "").lower())
        lower = ast.Call("lowerUTF8", [text])
        if operator.endswith("icontains"):
            return ast.Compare(">", ast.Call("position", [lower, wanted]), ast.Constant(0))
        function = "startsWith" if operator.endswith("starts_with") else "endsWith"
        return ast.Call("ifNull", [ast.Call(function, [lower, wanted]), FALSE])

    def regex_test(self, leaf: PropertyFilter, text: ast.Expr) -> ast.Expr:
        patterns = [text_of(value) or "" for value in leaf.values]
        valid = [pattern for pattern in patterns if compiled(pattern) is not None]
        if leaf.is_negative and len(valid) < len(patterns):
            return FALSE
        tests: list[ast.Expr] = [
            ast.Compare("=~", text, ast.Constant(pattern)) for pattern in valid
        ]
        return negated_if(leaf.is_negative, any_of(tests))

    def comparison(self, leaf: PropertyFilter, text: ast.Expr, value: Any) -> ast.Expr:
        limit = number_of(value)
        if limit is None:
            return FALSE
        return with_number(
            text, lambda number: ast.Compare(COMPARISONS[leaf.operator], number, constant(limit))
        )

    def range_test(self, leaf: PropertyFilter, text: ast.Expr) -> ast.Expr:
        low, high = map(constant, leaf.values)
        if leaf.operator == "between":
            return with_number(text, lambda number: ast.Between(number, low, high))
        return with_number(
            text,
            lambda number: ast.Or([ast.Compare("<", number, low), ast.Compare(">", number, high)]),
        )

    def moment_of(self, text: ast.Expr) -> ast.Expr:
        patterns = ast.Constant(f"{DATETIME_PATTERN}|{UNIX_PATTERN}")
        moment = ast.Call("parseDateTime64BestEffortOrNull", [text])
        return ast.Call("if", [ast.Compare("=~", text, patterns), moment, ast.Constant(None)])

    def date_test(self, leaf: PropertyFilter, moment: ast.Expr, value: Any) -> ast.Expr:
        bounds = bounds_of(value, self.zone, self.now)
        if bounds is None:
            return FALSE
        start, end = map(ast.Constant, bounds)
        if leaf.operator == "is_date_before":
            return ast.Compare("<", moment, start)
        if leaf.operator == "is_date_after":
            return ast.Compare(">", moment, start)
        if bounds[0] == bounds[1]:
            return ast.Compare("==", moment, start)
        return ast.And([ast.Compare(">=", moment, start), ast.Compare("<", moment, end)])


def equality(leaf: PropertyFilter, text: ast.Expr) -> ast.Expr:
    values = [ast.Constant(text_of(value)) for value in leaf.values]
    if len(values) == 1:
        return ast.Compare("!=" if leaf.is_negative else "==", text, values[0])
    return ast.Compare("not in" if leaf.is_negative else "in", text, ast.Tuple(list(values)))


def version_test(text: ast.Expr, low: int, high: int) -> ast.Expr:
    pattern = ast.Constant(versions.VERSION_PATTERN)
    parts = ast.Call("extractGroups", [text, pattern])
    numbers = [
        ast.Arithmetic(
            "*",
            ast.Call("toIntOrZero", [ast.ArrayAccess(parts, ast.Constant(place))]),
            ast.Constant(weight),
        )
        for place, weight in enumerate(versions.WEIGHTS, 1)
    ]
    version = ast.Arithmetic("+", ast.Arithmetic("+", numbers[0], numbers[1]), numbers[2])
    return ast.And(
        [
            ast.Call("ifNull", [ast.Compare("=~", text, pattern), FALSE]),
            ast.Compare(">=", version, ast.Constant(low)),
            ast.Compare("<", version, ast.Constant(high)),
        ]
    )


def with_number(text: ast.Expr, test) -> ast.Expr:
    """The test of the text's number, which `inf` and `nan` have none of."""
    number = ast.Call("toFloat64OrNull", [text])
    return ast.And([ast.Call("ifNull", [ast.Call("isFinite", [number]), FALSE]), test(number)])


def constant(number: float) -> ast.Constant:
    return ast.Constant(float(number))


def any_of(tests: Sequence[ast.Expr]) -> ast.Expr:
    if not tests:
        return FALSE
    return tests[0] if len(tests) == 1 else ast.Or(list(tests))


def negated_if(negative: bool, test: ast.Expr) -> ast.Expr:
    return ast.Not(test) if negative else test
