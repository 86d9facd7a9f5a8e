"""Expressions as ClickHouse's SQL."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID as PythonUUID

from hogql import ast, functions
from hogql.compiler.arguments import prepared, with_unit
from hogql.compiler.calls import WRITERS, joined
from hogql.compiler.casts import cast
from hogql.compiler.comparisons import (
    as_number,
    as_text,
    compare,
    datetime_literal,
    moment_of,
    number_literal,
    within,
)
from hogql.compiler.context import Context
from hogql.compiler.macros import expanded
from hogql.compiler.quoting import quoted
from hogql.compiler.scope import CTE, Scope
from hogql.compiler.sources import OutputColumn, Source, read_within
from hogql.errors import QueryError
from hogql.parser.limits import SELECT_DEPTH
from hogql.types import ANY, ARRAY, BOOL, DATE, NUMBER, TEXT, TUPLE, UUID, Code, Type

SubqueryCompiler = Callable[[ast.Select, Scope], tuple[str, list[OutputColumn]]]
ARITHMETIC = {"+": "plus", "-": "minus", "*": "multiply", "/": "divide", "%": "modulo"}
TIMES = ("datetime", "date")
COMPARISONS = {
    **{"equals": "==", "notEquals": "!=", "less": "<", "lessOrEquals": "<=", "greater": ">"},
    **{"greaterOrEquals": ">=", "like": "like", "ilike": "ilike", "notLike": "not like"},
    **{"notILike": "not ilike", "match": "=~", "in": "in", "notIn": "not in"},
}


class ExpressionCompiler:
    def __init__(self, context: Context, scope: Scope, subquery: SubqueryCompiler):
        self.context = context
        self.scope = scope
        self.subquery = subquery

    def code(self, node: ast.Expr) -> Code:
        self.context.count(node)
        visit = getattr(self, f"visit_{type(node).__name__.lower()}", None)
        if visit is None:
            raise QueryError(f"{type(node).__name__} can't be used here.", node=node)
        try:
            return visit(node)
        except QueryError as error:
            if error.start is None:
                error.start, error.end = node.start, node.end
            raise

    def codes(self, nodes: Sequence[ast.Expr]) -> list[Code]:
        return [self.code(node) for node in nodes]

    def condition(self, node: ast.Expr) -> Code:
        """An expression of which only matters whether it is true."""
        if isinstance(node, ast.And | ast.Or):
            self.context.count(node)
            word = " AND " if isinstance(node, ast.And) else " OR "
            parts = [self.condition(part).sql for part in node.exprs]
            return Code(f"({word.join(parts)})", BOOL)
        if isinstance(node, ast.Compare):
            self.context.count(node)
            return self.visit_compare(node, as_condition=True)
        return self.code(node)

    # Values

    def visit_constant(self, node: ast.Constant) -> Code:
        value = node.value
        if value is None:
            return Code("NULL", ANY, None)
        if isinstance(value, bool):
            return Code("true" if value else "false", BOOL, value)
        if isinstance(value, int | float):
            return Code(number_literal(value), NUMBER, value)
        if isinstance(value, str):
            return Code(self.context.bind(value, "String"), TEXT, value)
        if isinstance(value, datetime):
            return datetime_literal(value, self.context)
        if isinstance(value, date):
            return Code(f"toDate({self.context.bind(value.isoformat(), 'String')})", DATE, value)
        if isinstance(value, PythonUUID):
            return Code(f"toUUID({self.context.bind(str(value), 'String')})", UUID, value)
        raise QueryError(f"A {type(value).__name__} can't be used in a query.")

    def visit_tuple(self, node: ast.Tuple) -> Code:
        return Code(f"tuple({joined(self.codes(node.exprs))})", TUPLE)

    def visit_array(self, node: ast.Array) -> Code:
        values = [part.value for part in node.exprs if isinstance(part, ast.Constant)]
        if values and len(values) == len(node.exprs) and all(isinstance(v, str) for v in values):
            return Code(self.context.bind(values, "Array(String)"), ARRAY)
        return Code(f"[{joined(self.codes(node.exprs))}]", ARRAY)

    def visit_lambda(self, node: ast.Lambda) -> Code:
        self.scope.lambdas.append(node.args)
        body = self.code(node.expr)
        self.scope.lambdas.pop()
        return Code(f"({', '.join(map(quoted, node.args))}) -> {body.sql}")

    def visit_placeholder(self, node: ast.Placeholder) -> Code:
        name = ".".join(map(str, node.expr.chain)) if isinstance(node.expr, ast.Field) else "…"
        raise QueryError(f"Unresolved placeholder: {{{name}}}. Pass its value in `values`.")

    def visit_alias(self, node: ast.Alias) -> Code:
        code = self.code(node.expr)
        if node.alias in self.scope.aliases:
            raise QueryError(f"Cannot redefine an alias with the name: {node.alias}")
        name = quoted(node.alias)
        self.scope.aliases[node.alias] = code.type
        return Code(f"({code.sql} AS {name})", code.type)

    # Fields

    def visit_field(self, node: ast.Field) -> Code:
        return self.read(node, node.chain)

    def visit_text(self, node: ast.Text) -> Code:
        self.context.reads_text = True
        try:
            return as_text(self.read(node.field, node.field.chain))
        finally:
            self.context.reads_text = False

    def read(self, node: ast.Field, chain: list[str | int]) -> Code:
        name, rest = str(chain[0]), chain[1:]
        scope = self.scope
        if "*" in chain:
            raise QueryError("'*' can only be a column of SELECT or the argument of count()")
        if scope.is_lambda_argument(name):
            return read_within(Code(quoted(name)), rest, self.context)
        if rest and name in scope.sources:
            source = scope.sources[name]
            if not source.has(str(rest[0])):
                return self.read_group(node, rest, source)
            return self.named(source.read(rest), chain)
        if name in scope.aliases:
            return read_within(Code(quoted(name), scope.aliases[name]), rest, self.context)
        if source := scope.source_of(name, node):
            return self.named(source.read(chain), chain)
        if (cte := scope.ctes.get(name)) and cte.node.is_column:
            return read_within(self.column_cte(cte), rest, self.context)
        return self.read_group(node, chain)

    def read_group(
        self, node: ast.Field, chain: list[str | int], source: Source | None = None
    ) -> Code:
        """`company.properties.name`, of the group of the type that the project calls so."""
        index = self.context.group_types().get(str(chain[0])) if len(chain) > 1 else None
        if index is None:
            raise self.scope.unresolved(node)
        field = f"group_{index}"
        source = source or self.scope.source_of(field, node)
        if source is None or not source.has(field):
            raise self.scope.unresolved(node)
        return self.named(source.read([field, *chain[1:]]), node.chain)

    def named(self, code: Code, chain: list[str | int]) -> Code:
        self.context.names.setdefault(code.sql, ".".join(map(str, chain)))
        return code

    def column_cte(self, cte: CTE) -> Code:
        """The expression in its place, knowing of CTEs only those before it."""
        known = self.scope.ctes
        self.scope.ctes = cte.ctes
        try:
            with self.context.deeper(SELECT_DEPTH):
                return self.code(cte.node.expr)
        finally:
            self.scope.ctes = known

    def visit_arrayaccess(self, node: ast.ArrayAccess) -> Code:
        return self.path(node)

    def visit_tupleaccess(self, node: ast.TupleAccess) -> Code:
        return self.path(node)

    def path(self, node: ast.ArrayAccess | ast.TupleAccess) -> Code:
        """`properties['a'][1]` reads JSON; of other values, elements are taken one by one."""
        base, steps = unwound(node)
        if isinstance(base, ast.Field) and all(step is not None for step in steps):
            code = self.read(base, base.chain)
            if code.type.kind in ("json", "map") or self.is_property(base.chain):
                return self.read(base, [*base.chain, *steps])
            if code.type.kind == "text":
                return read_within(code, steps, self.context)
        if isinstance(node, ast.TupleAccess):
            return Code(f"tupleElement({self.code(node.tuple).sql}, {node.index})")
        array, index = self.code(node.array), self.code(node.index)
        if index.constant == 0 and not isinstance(index.constant, bool):
            raise QueryError("SQL indexes start from one, not from zero. E.g: array[1]")
        if isinstance(index.constant, str) and array.type.kind in ("text", "json", "tuple"):
            return read_within(array, [index.constant], self.context)
        return Code(f"arrayElement({array.sql}, {index.sql})")

    def is_property(self, chain: list[str | int]) -> bool:
        return len(chain) > 1 and self.read(ast.Field(chain[:1]), chain[:-1]).type.kind == "json"

    # Operators

    def visit_and(self, node: ast.And) -> Code:
        return Code(f"({' AND '.join(code.sql for code in self.codes(node.exprs))})", BOOL)

    def visit_or(self, node: ast.Or) -> Code:
        return Code(f"({' OR '.join(code.sql for code in self.codes(node.exprs))})", BOOL)

    def visit_not(self, node: ast.Not) -> Code:
        code = self.code(node.expr)
        return Code(f"not({code.sql})", Type("bool", code.type.nullable))

    def visit_compare(self, node: ast.Compare, *, as_condition: bool = False) -> Code:
        if node.op.endswith("in cohort"):
            return self.in_cohort(node)
        left = self.code(node.left)
        if node.op in ("in", "not in"):
            return self.within(node, left, as_condition)
        right = self.code(node.right)
        return compare(node.op, left, right, self.context, as_condition=as_condition)

    def within(self, node: ast.Compare, left: Code, as_condition: bool) -> Code:
        right = node.right
        if isinstance(right, ast.Tuple | ast.Array) and not isinstance(node.left, ast.Tuple):
            items = self.codes(right.exprs)
            if all(item.is_constant for item in items):
                return within(node.op, left, items, self.context, as_condition=as_condition)
        if isinstance(right, ast.Constant):
            items = [self.code(right)]
            return within(node.op, left, items, self.context, as_condition=as_condition)
        function, otherwise = ("in", "0") if node.op == "in" else ("notIn", "1")
        sql = f"{function}({left.sql}, {self.code(right).sql})"
        return Code(f"ifNull({sql}, {otherwise})" if left.type.nullable else sql, BOOL)

    def in_cohort(self, node: ast.Compare) -> Code:
        if not isinstance(node.right, ast.Constant) or isinstance(node.right.value, bool | float):
            raise QueryError("IN COHORT expects the id or the name of a cohort", node=node.right)
        operator = node.op.removesuffix(" cohort")
        with self.context.entering("cohort", node.right.value):
            members = self.context.cohorts(node.right.value)
            return self.visit_compare(ast.Compare(operator, node.left, members))

    def visit_between(self, node: ast.Between) -> Code:
        low = ast.Compare(">=", node.expr, node.low)
        high = ast.Compare("<=", node.expr, node.high)
        code = self.code(ast.And([low, high]))
        return Code(f"not({code.sql})", BOOL) if node.negated else code

    def visit_arithmetic(self, node: ast.Arithmetic) -> Code:
        left, right = self.code(node.left), self.code(node.right)
        kinds = {left.type.kind, right.type.kind}
        if "interval" in kinds:
            left, right = self.as_time(left), self.as_time(right)
        elif not kinds & {*TIMES}:
            left, right = as_number(left), as_number(right)
        times = [code.type.kind for code in (left, right) if code.type.kind in TIMES]
        kind = times[0] if len(times) == 1 else "number"
        nullable = left.type.nullable or right.type.nullable
        if node.op == "-" and len(times) == 2 and "datetime" in times:
            left, right = (Code(f"toUnixTimestamp64Micro({as64(c)})") for c in (left, right))
            return Code(
                f"divide(minus({left.sql}, {right.sql}), 1000000)", Type("number", nullable)
            )
        return Code(f"{ARITHMETIC[node.op]}({left.sql}, {right.sql})", Type(kind, nullable))

    def as_time(self, code: Code) -> Code:
        if isinstance(code.constant, str):
            return datetime_literal(moment_of(code.constant, self.context), self.context)
        return code

    def visit_typecast(self, node: ast.TypeCast) -> Code:
        return cast(self.code(node.expr), node, self.context)

    # Functions

    def visit_call(self, node: ast.Call) -> Code:
        if is_count_of_rows(node):
            node = ast.Call("count", [], None, condition=node.condition)
        if node.name.lower() == "exists" and len(node.args) == 1:
            return self.exists(node)
        if node.name.lower() == "matchesaction":
            return self.matches_action(node)
        if (meant := expanded(node)) is not None:
            return self.code(meant)
        function = functions.check(node)
        name = function.sql
        if name in COMPARISONS and len(node.args) == 2:
            return self.visit_compare(ast.Compare(COMPARISONS[name], *node.args))
        if name in ("plus", "minus"):
            return self.visit_arithmetic(ast.Arithmetic("+" if name == "plus" else "-", *node.args))
        args = prepared(function, self.codes(with_unit(function, node.args)))
        writer = WRITERS.get(name)
        sql = writer(node, args, self.context) if writer else self.written(node, name, args)
        if node.condition is not None:
            if not function.is_aggregate:
                raise QueryError(f"FILTER is for aggregations, and {node.name} is none.")
            sql += f" FILTER (WHERE {self.condition(node.condition).sql})"
        return Code(sql, type_of(function, args))

    def matches_action(self, node: ast.Call) -> Code:
        action = node.args[0].value if len(node.args) == 1 and is_constant(node.args[0]) else None
        if isinstance(action, bool) or not isinstance(action, int | str):
            raise QueryError("matchesAction expects the id or the name of an action")
        with self.context.entering("action", action):
            alias = self.scope.name_of_events(node)
            return self.condition(self.context.actions(action, alias))

    def exists(self, node: ast.Call) -> Code:
        if not isinstance(node.args[0], ast.SelectQuery | ast.SelectSet):
            raise QueryError("EXISTS expects a SELECT in brackets")
        return Code(f"exists{self.code(node.args[0]).sql}", BOOL)

    def written(self, node: ast.Call, name: str, args: list[Code]) -> str:
        params = f"({joined(self.parameters(node))})" if node.params is not None else ""
        return f"{name}{params}({'DISTINCT ' if node.distinct else ''}{joined(args)})"

    def parameters(self, node: ast.Call) -> list[Code]:
        codes = self.codes(node.params)
        if not all(code.is_constant for code in codes):
            raise QueryError(f"The parameters of {node.name} must be constants.")
        return codes

    def visit_windowcall(self, node: ast.WindowCall) -> Code:
        function = functions.check(node.call)
        if not (function.is_aggregate or function.is_window):
            raise QueryError(f"{node.call.name} can't be used with OVER.")
        code = self.visit_call(node.call)
        if isinstance(node.over, str):
            if node.over not in self.scope.windows:
                raise QueryError(f"There is no window called {node.over}.")
            return Code(f"{code.sql} OVER {quoted(node.over)}", code.type)
        return Code(f"{code.sql} OVER {self.window(node.over)}", code.type)

    def window(self, node: ast.Window) -> str:
        parts = []
        if node.partition_by:
            parts.append(f"PARTITION BY {joined(self.codes(node.partition_by))}")
        if node.order_by:
            parts.append(f"ORDER BY {', '.join(map(self.order, node.order_by))}")
        if node.frame:
            start = self.frame_bound(node.frame_start)
            if node.frame_end is not None:
                start = f"BETWEEN {start} AND {self.frame_bound(node.frame_end)}"
            parts.append(f"{node.frame} {start}")
        return f"({' '.join(parts)})"

    def frame_bound(self, node: ast.FrameBound) -> str:
        if node.kind == "CURRENT ROW":
            return node.kind
        value = "UNBOUNDED" if node.value is None else self.code(node.value).sql
        return f"{value} {node.kind}"

    def order(self, node: ast.OrderBy) -> str:
        sql = self.code(node.expr).sql + (" DESC" if node.descending else " ASC")
        if node.nulls:
            sql += f" NULLS {node.nulls}"
        if node.fill:
            sql += " WITH FILL"
            for word, value in (("FROM", node.fill.from_), ("TO", node.fill.to)):
                sql += f" {word} {self.code(value).sql}" if value is not None else ""
            sql += f" STEP {self.code(node.fill.step).sql}" if node.fill.step is not None else ""
        return sql

    # Queries as values

    def visit_selectquery(self, node: ast.Select) -> Code:
        sql, columns = self.subquery(node, self.scope)
        type = columns[0].type.or_null() if len(columns) == 1 else Type("tuple")
        return Code(f"({sql})", type)

    visit_selectset = visit_selectquery


def is_constant(node: ast.Expr) -> bool:
    return isinstance(node, ast.Constant)


def is_count_of_rows(node: ast.Call) -> bool:
    return (
        node.name.lower() == "count"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Field)
        and node.args[0].chain[-1] == "*"
    )


def unwound(node: ast.Expr) -> tuple[ast.Expr, list[Any]]:
    """What the accesses start from, and their steps; None for one that is no constant."""
    steps: list[Any] = []
    while isinstance(node, ast.ArrayAccess | ast.TupleAccess):
        if isinstance(node, ast.TupleAccess):
            steps.append(node.index)
            node = node.tuple
        else:
            index = node.index.value if isinstance(node.index, ast.Constant) else None
            is_step = isinstance(index, str | int) and not isinstance(index, bool)
            steps.append(index if is_step else None)
            node = node.array
    return node, steps[::-1]


def type_of(function: functions.Function, args: list[Code]) -> Type:
    kind = function.returns or "any"
    if kind.startswith("$"):
        kind = args[int(kind[1:]) - 1].type.kind
    nullable = function.nullable
    if nullable is None:
        nullable = any(arg.type.nullable for arg in args)
    return Type(kind, nullable)


def as64(code: Code) -> str:
    return f"toDateTime64({code.sql}, 6)"
