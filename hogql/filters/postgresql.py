"""Property filters as PostgreSQL's SQL on a jsonb column."""

from datetime import datetime, tzinfo
from typing import Any

from hogql.errors import QueryError
from hogql.filters import versions
from hogql.filters.model import PropertyFilter
from hogql.filters.postgresql_regex import Untranslatable, translated
from hogql.filters.predicate import compiled
from hogql.filters.values import (
    DATETIME_PATTERN,
    NUMBER_PATTERN,
    UNIX_PATTERN,
    bounds_of,
    number_of,
    text_of,
)

SQL = tuple[str, list[Any]]
NUMBER = "value::float8"
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition(leaf: PropertyFilter, column: str, now: datetime, zone: tzinfo) -> SQL:
    """True or false for every row, never NULL: it may stand below a NOT."""
    text, params = text_sql(column, leaf.key)
    test, test_params = test_sql(leaf, now, zone)
    # One row, in which `value` is the property's text: the test names it several times.
    return (
        f"COALESCE((SELECT {test} FROM (SELECT {text} AS value) AS property), FALSE)",
        [*test_params, *params],
    )


def text_sql(column: str, key: str) -> SQL:
    """The property as text, like values.text_of; NULL when it is missing or null."""
    value = f"({column} -> %s)"
    items = (
        f"(SELECT '[' || COALESCE(string_agg(item::text, ',' ORDER BY place), '') || ']' "
        f"FROM jsonb_array_elements({value}) WITH ORDINALITY AS items(item, place))"
    )
    sql = (
        f"CASE jsonb_typeof({value}) WHEN 'string' THEN {value} #>> '{{}}' "
        f"WHEN 'number' THEN trim_scale(({value})::numeric)::text "
        f"WHEN 'boolean' THEN ({value})::text WHEN 'array' THEN {items} "
        f"WHEN 'object' THEN ({value})::text END"
    )
    return sql, [storable(key)] * sql.count("%s")


def test_sql(leaf: PropertyFilter, now: datetime, zone: tzinfo) -> SQL:
    if leaf.operator == "is_set":
        return "value IS NOT NULL", []
    if leaf.operator == "is_not_set":
        return "value IS NULL", []
    if leaf.operator in ("between", "not_between"):
        low, high = leaf.values
        negation = "NOT " if leaf.operator == "not_between" else ""
        return number_test(f"{NUMBER} {negation}BETWEEN %s AND %s", [low, high])
    if leaf.operator in ("regex", "not_regex"):
        return regex_test(leaf)
    tests = [value_test(leaf, value, now, zone) for value in leaf.values]
    sql = " OR ".join(f"COALESCE({test}, FALSE)" for test, _ in tests)
    params = [param for _, some in tests for param in some]
    return (f"NOT ({sql})", params) if leaf.is_negative else (f"({sql})", params)


def value_test(leaf: PropertyFilter, value: Any, now: datetime, zone: tzinfo) -> SQL:
    if leaf.operator in versions.RANGES:
        return version_test(*value)
    text = text_of(value)
    if leaf.operator in ("exact", "is_not"):
        return ("value IS NULL", []) if text is None else ("value = %s", [storable(text)])
    if leaf.operator in COMPARISONS:
        limit = number_of(value)
        if limit is None:
            return "FALSE", []
        return number_test(f"{NUMBER} {COMPARISONS[leaf.operator]} %s", [limit])
    if leaf.operator.startswith("is_date"):
        return date_test(leaf.operator, value, now, zone)
    wanted = storable((text or "").lower())
    if leaf.operator.endswith("icontains"):
        return "position(%s IN lower(value)) > 0", [wanted]
    if leaf.operator.endswith("starts_with"):
        return "starts_with(lower(value), %s)", [wanted]
    return "right(lower(value), char_length(%s)) = %s", [wanted, wanted]


def storable(text: str) -> str:
    """PostgreSQL has neither NUL nor lone surrogates in texts: what contains them equals none."""
    return text.replace("\0", "\ufffe").encode(errors="replace").decode()


def number_test(test: str, params: list[Any]) -> SQL:
    return f"(CASE WHEN value ~ %s THEN {test} ELSE FALSE END)", [NUMBER_PATTERN, *params]


def version_test(low: int, high: int) -> SQL:
    numbers = (
        f"COALESCE((regexp_match(value, %s))[{place}], '0')::bigint * {weight}"
        for place, weight in enumerate(versions.WEIGHTS, 1)
    )
    params = [versions.VERSION_PATTERN] * len(versions.WEIGHTS)
    test = f"{' + '.join(numbers)} BETWEEN %s AND %s"
    return (
        f"(CASE WHEN value ~ %s THEN {test} ELSE FALSE END)",
        [versions.VERSION_PATTERN, *params, low, high - 1],
    )


def date_test(operator: str, value: Any, now: datetime, zone: tzinfo) -> SQL:
    bounds = bounds_of(value, zone, now)
    if bounds is None:
        return "FALSE", []
    start, end = bounds
    # A day beyond its month's end would be an error, and is to be no time.
    moment = (
        "CASE WHEN value ~ %s THEN to_timestamp(value::float8) "
        "WHEN value ~ %s AND substr(value, 9, 2)::int <= date_part('day', "
        "date_trunc('month', (substr(value, 1, 7) || '-01')::timestamp) "
        "+ interval '1 month' - interval '1 day') "
        "THEN CASE WHEN value ~ %s THEN value::timestamptz "
        "ELSE value::timestamp AT TIME ZONE %s END END"
    )
    params = [UNIX_PATTERN, DATETIME_PATTERN, r"[T ].*(Z|[+-][0-9:]+)$", str(zone)]
    if operator == "is_date_before":
        return f"({moment}) < %s", [*params, start]
    if operator == "is_date_after":
        return f"({moment}) > %s", [*params, start]
    if start == end:
        return f"({moment}) = %s", [*params, start]
    return f"({moment}) >= %s AND ({moment}) < %s", [*params, start, *params, end]


def regex_test(leaf: PropertyFilter) -> SQL:
    patterns = [text_of(value) or "" for value in leaf.values]
    valid = [pattern for pattern in patterns if compiled(pattern) is not None]
    if leaf.is_negative and len(valid) < len(patterns):
        return "FALSE", []
    try:
        params = [storable(translated(pattern)) for pattern in valid]
    except Untranslatable as error:
        raise QueryError(
            f"The regular expression of the filter on {leaf.key[:100]!r} can't be used on "
            f"persons: {error}"
        ) from None
    sql = " OR ".join(["COALESCE(value ~ %s, FALSE)"] * len(params)) or "FALSE"
    return (f"NOT ({sql})", params) if leaf.is_negative else (f"({sql})", params)
