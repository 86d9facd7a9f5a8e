"""A tree as HogQL text, in one spelling: what columns are called, and what answers show.

Operators are spelled as functions, as PostHog does: `plus(1, 2)`, `equals(event, 'a')`.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime

from hogql import ast

SIMPLE_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
ARITHMETIC = {"+": "plus", "-": "minus", "*": "multiply", "/": "divide", "%": "modulo"}
COMPARISONS = {
    **{"==": "equals", "!=": "notEquals", "<": "less", "<=": "lessOrEquals", ">": "greater"},
    **{">=": "greaterOrEquals", "like": "like", "not like": "notLike", "ilike": "ilike"},
    **{"not ilike": "notILike", "in": "in", "not in": "notIn", "=~": "match"},
}
OPERATORS = {"!<=>": "IS DISTINCT FROM"}


def hogql(node: ast.Node | None) -> str:
    return PRINTERS[type(node)](node)


def listed(nodes: Sequence[ast.Node]) -> str:
    return ", ".join(
        item(node, before) for node, before in zip(nodes, [None, *nodes], strict=False)
    )


def item(node: ast.Node, before: ast.Node | None) -> str:
    """What ends with a name before `x -> …` would give the function another argument."""
    if isinstance(node, ast.Lambda) and before:
        return f"({', '.join(map(name, node.args))}) -> {hogql(node.expr)}"
    return hogql(node)


def name(text: str | int) -> str:
    text = str(text)
    if text == "*" or text.isdecimal() or SIMPLE_NAME.fullmatch(text):
        return text
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def chain(names: Sequence[str | int]) -> str:
    return ".".join(map(name, names))


def constant(node: ast.Constant) -> str:
    value = node.value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"toDateTime({text(value.isoformat())})"
    if isinstance(value, date):
        return f"toDate({text(value.isoformat())})"
    return text(str(value))


def text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\t", "\\t") + "'"


def call(node: ast.Call) -> str:
    params = f"({listed(node.params)})" if node.params is not None else ""
    condition = f" FILTER (WHERE {hogql(node.condition)})" if node.condition else ""
    distinct = "DISTINCT " if node.distinct else ""
    return f"{name(node.name)}{params}({distinct}{listed(node.args)}){condition}"


def compare(node: ast.Compare) -> str:
    if node.op in COMPARISONS:
        return f"{COMPARISONS[node.op]}({hogql(node.left)}, {hogql(node.right)})"
    if node.op == "!~":
        return f"not(match({hogql(node.left)}, {hogql(node.right)}))"
    return f"{operand(node.left)} {OPERATORS.get(node.op, node.op.upper())} {operand(node.right)}"


def operand(node: ast.Node) -> str:
    """In brackets if it is no function or value itself."""
    is_infix = isinstance(node, ast.Alias | ast.Between | ast.Lambda | ast.WindowCall) or (
        isinstance(node, ast.Compare) and node.op not in COMPARISONS and node.op != "!~"
    )
    return f"({hogql(node)})" if is_infix else hogql(node)


def between(node: ast.Between) -> str:
    word = "NOT BETWEEN" if node.negated else "BETWEEN"
    return f"{operand(node.expr)} {word} {operand(node.low)} AND {operand(node.high)}"


def lambda_(node: ast.Lambda) -> str:
    args = name(node.args[0]) if len(node.args) == 1 else f"({', '.join(map(name, node.args))})"
    return f"{args} -> {hogql(node.expr)}"


def array_access(node: ast.ArrayAccess) -> str:
    return f"{operand(node.array)}[{hogql(node.index)}]"


def cast(node: ast.TypeCast) -> str:
    return f"{'TRY_CAST' if node.lenient else 'CAST'}({hogql(node.expr)} AS {node.type})"


def columns(node: ast.Columns) -> str:
    if node.regex is not None:
        return f"COLUMNS({text(node.regex)})"
    table = f"{name(node.table)}." if node.table else ""
    return f"{table}* EXCLUDE ({', '.join(map(name, node.exclude))})"


def order_by(node: ast.OrderBy) -> str:
    parts = [hogql(node.expr), "DESC" if node.descending else "ASC"]
    if node.nulls:
        parts.append(f"NULLS {node.nulls}")
    if node.fill:
        parts.append("WITH FILL")
        fills = (("FROM", node.fill.from_), ("TO", node.fill.to), ("STEP", node.fill.step))
        parts += [f"{word} {hogql(value)}" for word, value in fills if value is not None]
    return " ".join(parts)


def window_call(node: ast.WindowCall) -> str:
    over = name(node.over) if isinstance(node.over, str) else hogql(node.over)
    return f"{hogql(node.call)} OVER {over}"


def window(node: ast.Window) -> str:
    parts = []
    if node.partition_by:
        parts.append(f"PARTITION BY {listed(node.partition_by)}")
    if node.order_by:
        parts.append(f"ORDER BY {listed(node.order_by)}")
    if node.frame and node.frame_end:
        parts.append(f"{node.frame} BETWEEN {hogql(node.frame_start)} AND {hogql(node.frame_end)}")
    elif node.frame:
        parts.append(f"{node.frame} {hogql(node.frame_start)}")
    return f"({' '.join(parts)})"


def frame_bound(node: ast.FrameBound) -> str:
    if node.kind == "CURRENT ROW":
        return node.kind
    return f"{'UNBOUNDED' if node.value is None else hogql(node.value)} {node.kind}"


def join(node: ast.Join) -> str:
    parts = [node.kind] if node.kind else []
    table = hogql(node.table)
    if isinstance(node.table, ast.SelectQuery | ast.SelectSet):
        table = f"({table})" if not table.startswith("(") else table
    parts.append(table + (f"({listed(node.args)})" if node.args is not None else ""))
    if node.alias:
        names = f"({', '.join(map(name, node.column_aliases))})" if node.column_aliases else ""
        parts.append(f"AS {name(node.alias)}{names}")
    if node.on is not None:
        parts.append(f"ON {hogql(node.on)}")
    if node.using:
        parts.append(f"USING ({listed(node.using)})")
    return " ".join(parts)


def cte(node: ast.CTE) -> str:
    if node.is_column:
        return f"{hogql(node.expr)} AS {name(node.name)}"
    names = f"({', '.join(map(name, node.columns))})" if node.columns else ""
    return f"{name(node.name)}{names} AS ({unbracketed(node.expr)})"


def limit_by(node: ast.LimitBy) -> str:
    offset = f" OFFSET {hogql(node.offset)}" if node.offset is not None else ""
    return f"LIMIT {hogql(node.n)}{offset} BY {listed(node.exprs)}"


def select(node: ast.SelectQuery) -> str:
    return f"({select_text(node)})"


def select_text(node: ast.SelectQuery) -> str:
    parts = [f"WITH {listed(node.ctes)}"] if node.ctes else []
    parts.append(f"SELECT {'DISTINCT ' if node.distinct else ''}{listed(node.select)}")
    if node.joins:
        comma = [hogql(part) for part in node.joins]
        parts.append("FROM " + " ".join(comma))
    if node.array_join:
        parts.append(f"{node.array_join_kind} {listed(node.array_join)}")
    for word, value in (("PREWHERE", node.prewhere), ("WHERE", node.where)):
        if value is not None:
            parts.append(f"{word} {hogql(value)}")
    if node.group_by_kind == "GROUPING SETS":
        sets = ", ".join(f"({listed(part.exprs)})" for part in node.group_by)
        parts.append(f"GROUP BY GROUPING SETS ({sets})")
    elif node.group_by_kind in ("ROLLUP", "CUBE"):
        parts.append(f"GROUP BY {node.group_by_kind} ({listed(node.group_by)})")
    elif node.group_by_kind or node.group_by:
        parts.append(f"GROUP BY {listed(node.group_by) or 'ALL'}")
    if node.having is not None:
        parts.append(f"HAVING {hogql(node.having)}")
    if node.qualify is not None:
        parts.append(f"QUALIFY {hogql(node.qualify)}")
    if node.windows:
        windows = (f"{name(key)} AS {hogql(value)}" for key, value in node.windows.items())
        parts.append(f"WINDOW {', '.join(windows)}")
    if node.order_by:
        parts.append(f"ORDER BY {listed(node.order_by)}")
    if node.limit_by:
        parts.append(hogql(node.limit_by))
    if node.limit is not None:
        parts.append(f"LIMIT {hogql(node.limit)}{' WITH TIES' if node.with_ties else ''}")
    if node.offset is not None:
        parts.append(f"OFFSET {hogql(node.offset)}")
    return " ".join(parts)


def select_set(node: ast.SelectSet) -> str:
    parts = [member(node.first)]
    for operator, query in node.rest:
        parts += [operator, member(query)]
    return f"({' '.join(parts)})"


def member(node: ast.Select) -> str:
    return select_text(node) if isinstance(node, ast.SelectQuery) else hogql(node)


def unbracketed(node: ast.Select) -> str:
    """A query that stands for itself."""
    return hogql(node)[1:-1]


PRINTERS = {
    ast.Constant: constant,
    ast.Field: lambda node: chain(node.chain),
    ast.Text: lambda node: f"toString({hogql(node.field)})",
    ast.Placeholder: lambda node: "{" + hogql(node.expr) + "}",
    ast.Alias: lambda node: f"{hogql(node.expr)} AS {name(node.alias)}",
    ast.Call: call,
    ast.Lambda: lambda_,
    ast.And: lambda node: f"and({listed(node.exprs)})",
    ast.Or: lambda node: f"or({listed(node.exprs)})",
    ast.Not: lambda node: f"not({hogql(node.expr)})",
    ast.Compare: compare,
    ast.Between: between,
    ast.Arithmetic: lambda node: f"{ARITHMETIC[node.op]}({hogql(node.left)}, {hogql(node.right)})",
    ast.Tuple: lambda node: f"tuple({listed(node.exprs)})",
    ast.Array: lambda node: f"[{listed(node.exprs)}]",
    ast.ArrayAccess: array_access,
    ast.TupleAccess: lambda node: f"{operand(node.tuple)}.{node.index}",
    ast.TypeCast: cast,
    ast.Columns: columns,
    ast.OrderBy: order_by,
    ast.WindowCall: window_call,
    ast.Window: window,
    ast.FrameBound: frame_bound,
    ast.Join: join,
    ast.CTE: cte,
    ast.LimitBy: limit_by,
    ast.SelectQuery: select,
    ast.SelectSet: select_set,
}
