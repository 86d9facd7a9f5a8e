"""The functions that queries may call: an allow-list, since ClickHouse has others that read files,
reach other servers, tell of the machine or keep it busy."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from hogql import ast
from hogql.errors import QueryError
from hogql.functions import aggregates, scalars

UNBOUNDED = 1000


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    """As users know it."""
    sql: str
    """As ClickHouse knows it."""
    min_args: int
    max_args: int
    min_params: int = 0
    max_params: int = 0
    """In the first of two pairs of brackets."""
    returns: str | None = None
    """The kind of type (hogql/types.py), `$1` for that of the first argument, or None: any."""
    nullable: bool | None = None
    """Whether the result can be NULL; None: when an argument can."""
    takes_numbers: bool = False
    """Text among its arguments is read as numbers: properties may be text."""
    is_aggregate: bool = False
    is_window: bool = False


def read(table: str, **flags: bool) -> Iterator[Function]:
    """Lines of `name name=sqlName … : arguments[/parameters] [kind[?|!]] [#]`.

    Arguments are `2`, `1-3` or `1+`; after the kind, `?` says "may always be NULL" and `!` never;
    `#` marks those that take numbers.
    """
    for line in table.strip().splitlines():
        names, _, signature = line.partition(":")
        counts, *returns = signature.split()
        args, _, params = counts.partition("/")
        takes_numbers = "#" in returns
        kind = returns[0] if returns and returns[0] != "#" else ""
        for name in names.split():
            known, _, sql = name.partition("=")
            yield Function(
                known,
                sql or known,
                *bounds(args),
                *bounds(params or "0"),
                returns=kind.rstrip("?!") or None,
                nullable={"?": True, "!": False}.get(kind[-1:]),
                takes_numbers=takes_numbers,
                **flags,
            )


def bounds(text: str) -> tuple[int, int]:
    if text.endswith("+"):
        return int(text[:-1]), UNBOUNDED
    low, _, high = text.partition("-")
    return int(low), int(high or low)


FUNCTIONS = {
    function.name.lower(): function
    for function in (
        *read(scalars.TABLE),
        *read(aggregates.TABLE, is_aggregate=True),
        *read(aggregates.WINDOW_TABLE, is_window=True),
    )
}
SUFFIXES = {
    **{"If": 1, "Array": 0, "OrNull": 0, "OrDefault": 0, "Distinct": 0, "ForEach": 0, "Map": 0}
}
MAX_SUFFIXES = 2
# What the compiler knows beside these: hogql/compiler/macros.py and matchesAction.
SPECIAL = {
    name.lower(): name
    for name in ("matchesAction", "sparkline", "recordingButton", "string_agg", "json_agg")
}


@lru_cache(maxsize=2048)
def find(name: str) -> Function | None:
    """The function of that name in any case, aggregates also with suffixes such as `If`."""
    return FUNCTIONS.get(name.lower()) or combined(name, MAX_SUFFIXES)


def combined(name: str, suffixes: int) -> Function | None:
    for suffix, further in SUFFIXES.items() if suffixes else ():
        if not name.endswith(suffix):
            continue
        stem = name.removesuffix(suffix)
        base = FUNCTIONS.get(stem.lower()) or combined(stem, suffixes - 1)
        if base and base.is_aggregate:
            return Function(
                base.name + suffix,
                base.sql + suffix,
                base.min_args + further,
                base.max_args + further,
                base.min_params,
                base.max_params,
                returns={"ForEach": "array", "Map": "map"}.get(suffix, base.returns),
                nullable=True if suffix == "OrNull" else base.nullable,
                takes_numbers=base.takes_numbers and suffix not in ("Array", "ForEach", "Map"),
                is_aggregate=True,
            )
    return None


def check(call: ast.Call) -> Function:
    """The function that is called. Raises QueryError when it may not be, or not like this."""
    function = find(call.name)
    if function is None:
        raise QueryError(unsupported(call.name), node=call)
    most = UNBOUNDED if call.distinct and function.name == "count" else function.max_args
    check_count(call, "argument", len(call.args), function.min_args, most)
    params = len(call.params or [])
    check_count(call, "parameter", params, function.min_params, function.max_params)
    if call.distinct and not function.is_aggregate:
        raise QueryError(f"DISTINCT is for aggregations, and {call.name} is none.", node=call)
    return function


def unsupported(name: str) -> str:
    message = f"Unsupported function call '{name[:100]}(...)'."
    if close := meant(name):
        message += f" Perhaps you meant '{close}(...)'?"
    return message


def meant(name: str) -> str | None:
    """A function with a name much like it; suffixes of aggregations also in another case."""
    for suffix in SUFFIXES:
        stem = FUNCTIONS.get(name[: -len(suffix)].lower())
        if stem and stem.is_aggregate and name.lower().endswith(suffix.lower()):
            return stem.name + suffix
    close = get_close_matches(name.lower(), {**FUNCTIONS, **SPECIAL}, n=1, cutoff=0.8)
    if not close:
        return None
    return SPECIAL.get(close[0]) or FUNCTIONS[close[0]].name


def check_count(call: ast.Call, what: str, found: int, low: int, high: int) -> None:
    if low <= found <= high:
        return
    of = f"{'Function' if what == 'argument' else 'Aggregation'} '{call.name}'"
    if low == high:
        expected = f"{low} {plural(what, low)}"
    elif found < low:
        expected = f"at least {low} {plural(what, low)}"
    else:
        expected = f"at most {high} {plural(what, high)}"
    raise QueryError(f"{of} expects {expected}, found {found}", node=call)


def plural(what: str, count: int) -> str:
    return what if count == 1 else what + "s"
