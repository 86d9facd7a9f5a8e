"""The tree of a query. Trees are cached and shared between threads: change copies only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True, kw_only=True)
class Node:
    start: int | None = field(default=None, compare=False, repr=False)
    end: int | None = field(default=None, compare=False, repr=False)
    """Offsets in the text that it was read from."""


class Expr(Node):
    __slots__ = ()


@dataclass(slots=True)
class Constant(Expr):
    """Text, a number, a bool, None, a datetime, a date or a UUID."""

    value: Any


@dataclass(slots=True)
class Field(Expr):
    """`a.b.c`; the last may be `*`, and numbers index arrays and tuples of a JSON property."""

    chain: list[str | int]


@dataclass(slots=True)
class Text(Expr):
    """A field's value as text, whatever its property's definition says it is; NULL if missing."""

    field: Field


@dataclass(slots=True)
class Placeholder(Expr):
    """`{expr}`: filled before the query is compiled."""

    expr: Expr


@dataclass(slots=True)
class Alias(Expr):
    expr: Expr
    alias: str


@dataclass(slots=True)
class Call(Expr):
    """`name(params)(DISTINCT args)`; `params` is None without the first brackets."""

    name: str
    args: list[Expr]
    params: list[Expr] | None = None
    distinct: bool = False
    condition: Expr | None = None
    """FILTER (WHERE condition)."""


@dataclass(slots=True)
class Lambda(Expr):
    args: list[str]
    expr: Expr


@dataclass(slots=True)
class And(Expr):
    exprs: list[Expr]


@dataclass(slots=True)
class Or(Expr):
    exprs: list[Expr]


@dataclass(slots=True)
class Not(Expr):
    expr: Expr


@dataclass(slots=True)
class Compare(Expr):
    """`op` is one of `==`, `!=`, `<`, `<=`, `>`, `>=`, `like`, `ilike`, `=~`, `=~*`, `in`,
    `in cohort`, their `not …` and `!~` forms, and `<=>` with `!<=>`."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True)
class Between(Expr):
    expr: Expr
    low: Expr
    high: Expr
    negated: bool = False


@dataclass(slots=True)
class Arithmetic(Expr):
    op: str
    left: Expr
    right: Expr


@dataclass(slots=True)
class Tuple(Expr):
    exprs: list[Expr]


@dataclass(slots=True)
class Array(Expr):
    exprs: list[Expr]


@dataclass(slots=True)
class ArrayAccess(Expr):
    array: Expr
    index: Expr
    nullish: bool = False


@dataclass(slots=True)
class TupleAccess(Expr):
    tuple: Expr
    index: int


@dataclass(slots=True)
class TypeCast(Expr):
    expr: Expr
    type: str
    """In lower case: `int`, `nullable(datetime64(6, 'utc'))`."""
    lenient: bool = False
    """TRY_CAST."""


@dataclass(slots=True)
class Columns(Expr):
    """`*` less some names, or the columns whose names match `COLUMNS('regex')`."""

    table: str | None = None
    exclude: list[str] = field(default_factory=list)
    regex: str | None = None


@dataclass(slots=True)
class OrderBy(Expr):
    expr: Expr
    descending: bool = False
    nulls: str | None = None
    """`FIRST` or `LAST`."""
    fill: "Fill | None" = None


@dataclass(slots=True)
class Fill(Node):
    """WITH FILL FROM … TO … STEP …"""

    from_: Expr | None = None
    to: Expr | None = None
    step: Expr | None = None


@dataclass(slots=True)
class FrameBound(Node):
    """`CURRENT ROW`, or `PRECEDING`/`FOLLOWING` with a number or, without, unbounded."""

    kind: str
    value: Expr | None = None


@dataclass(slots=True)
class Window(Node):
    partition_by: list[Expr] = field(default_factory=list)
    order_by: list[OrderBy] = field(default_factory=list)
    frame: str | None = None
    """`ROWS` or `RANGE`."""
    frame_start: FrameBound | None = None
    frame_end: FrameBound | None = None


@dataclass(slots=True)
class WindowCall(Expr):
    call: Call
    over: Window | str


@dataclass(slots=True)
class Join(Node):
    """One table of FROM; the first has no `kind`."""

    table: "Field | Placeholder | SelectQuery | SelectSet"
    alias: str | None = None
    args: list[Expr] | None = None
    """Of a table function."""
    column_aliases: list[str] | None = None
    kind: str | None = None
    """`LEFT JOIN`, `CROSS JOIN` …"""
    on: Expr | None = None
    using: list[Expr] | None = None


@dataclass(slots=True)
class CTE(Node):
    """`name AS (SELECT …)`, or `expr AS name`."""

    name: str
    expr: Expr
    is_column: bool = False
    columns: list[str] | None = None


@dataclass(slots=True)
class LimitBy(Node):
    n: Expr
    exprs: list[Expr]
    offset: Expr | None = None


@dataclass(slots=True)
class SelectQuery(Expr):
    select: list[Expr]
    distinct: bool = False
    ctes: list[CTE] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    """FROM, table after table."""
    array_join: list[Expr] = field(default_factory=list)
    array_join_kind: str | None = None
    prewhere: Expr | None = None
    where: Expr | None = None
    group_by: list[Expr] = field(default_factory=list)
    group_by_kind: str | None = None
    """`ALL`, `ROLLUP`, `CUBE` or `GROUPING SETS` (whose members are Tuples)."""
    having: Expr | None = None
    qualify: Expr | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    order_by: list[OrderBy] = field(default_factory=list)
    limit_by: LimitBy | None = None
    limit: Expr | None = None
    offset: Expr | None = None
    with_ties: bool = False


@dataclass(slots=True)
class SelectSet(Expr):
    first: "SelectQuery | SelectSet"
    rest: list[tuple[str, "SelectQuery | SelectSet"]]
    """With `UNION ALL`, `UNION DISTINCT`, `INTERSECT` or `EXCEPT` before each."""


Select = SelectQuery | SelectSet


def children(node: Node) -> Iterator[Node]:
    for part in fields(node):
        yield from nodes_in(getattr(node, part.name))


def nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from nodes_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from nodes_in(item)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it. Needs no recursion, so that it can measure any tree."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(children(node))


def rebuild(node: Any, change: Callable[[Node], Node | None]) -> Any:
    """A copy in which `change` has replaced the nodes it returns something for.

    What holds no replaced node is shared with the original.
    """
    if isinstance(node, Node):
        if (replaced := change(node)) is not None:
            return replaced
        before = {part.name: getattr(node, part.name) for part in fields(node)}
        after = {name: rebuild(value, change) for name, value in before.items()}
        if all(after[name] is before[name] for name in before):
            return node
        return type(node)(**after)
    if isinstance(node, list | tuple):
        items = [rebuild(item, change) for item in node]
        unchanged = all(new is old for new, old in zip(items, node, strict=True))
        return node if unchanged else type(node)(items)
    if isinstance(node, dict):
        values = {name: rebuild(value, change) for name, value in node.items()}
        return node if all(values[name] is node[name] for name in node) else values
    return node
