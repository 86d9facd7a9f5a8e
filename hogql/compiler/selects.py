"""SELECTs as ClickHouse's SQL."""

import re2

from hogql import ast
from hogql.compiler.cohort_people import cohort_people
from hogql.compiler.context import Context
from hogql.compiler.expressions import ExpressionCompiler
from hogql.compiler.quoting import quoted
from hogql.compiler.scope import CTE, Scope
from hogql.compiler.sources import (
    NumbersSource,
    OutputColumn,
    Source,
    SubquerySource,
    TableSource,
)
from hogql.database import PUBLIC_TABLES
from hogql.errors import QueryError, close_names
from hogql.parser.limits import SELECT_DEPTH
from hogql.printing import hogql
from hogql.types import Type

MAX_NUMBERS = 10_000_000
MAX_JOINS = 20


def compile_select(
    node: ast.Select, context: Context, ctes: dict[str, CTE]
) -> tuple[str, list[OutputColumn]]:
    with context.deeper(SELECT_DEPTH):
        if isinstance(node, ast.SelectSet):
            return compile_set(node, context, ctes)
        return SelectCompiler(node, context, ctes).compile()


def compile_set(
    node: ast.SelectSet, context: Context, ctes: dict[str, CTE]
) -> tuple[str, list[OutputColumn]]:
    """The columns are those of the first; its CTEs are known to the others as well."""
    ctes = {**ctes, **own_ctes(leading(node), ctes)}
    first, columns = compile_select(node.first, context, ctes)
    parts = [first if isinstance(node.first, ast.SelectQuery) else f"({first})"]
    for operator, query in node.rest:
        sql, others = compile_select(query, context, ctes)
        if len(others) != len(columns):
            raise QueryError(
                f"All parts of a {operator} need the same number of columns: "
                f"{len(columns)} and {len(others)} found.",
                node=query,
            )
        parts += [operator, sql if isinstance(query, ast.SelectQuery) else f"({sql})"]
    # A branch may be of another type.
    return " ".join(parts), [column._replace(type=Type()) for column in columns]


def leading(node: ast.Select) -> ast.SelectQuery:
    while isinstance(node, ast.SelectSet):
        node = node.first
    return node


def own_ctes(node: ast.SelectQuery, known: dict[str, CTE]) -> dict[str, CTE]:
    """The SELECT's CTEs, each of which knows those before it."""
    found: dict[str, CTE] = {}
    for cte in node.ctes:
        if cte.name in found:
            raise QueryError(f"There are two CTEs called {cte.name}.", node=cte)
        found[cte.name] = CTE(cte, {**known, **found})
    return found


class SelectCompiler:
    def __init__(self, node: ast.SelectQuery, context: Context, ctes: dict[str, CTE]):
        self.node = node
        self.context = context
        self.scope = Scope(ctes={**ctes, **own_ctes(node, ctes)}, windows=set(node.windows))
        self.expressions = ExpressionCompiler(context, self.scope, self.subquery)

    def subquery(self, node: ast.Select, scope: Scope) -> tuple[str, list[OutputColumn]]:
        return compile_select(node, self.context, scope.ctes)

    def compile(self) -> tuple[str, list[OutputColumn]]:
        node, expressions = self.node, self.expressions
        self.context.count(node)
        joins = self.joins()
        array_join = self.array_join()
        columns, selected = self.columns()
        clauses = [
            f"SELECT {'DISTINCT ' if node.distinct else ''}{', '.join(selected)}",
            *self.conditions(),
            *self.grouping(),
        ]
        if node.having is not None:
            clauses.append(f"HAVING {expressions.condition(node.having).sql}")
        if node.windows:
            clauses.append("WINDOW " + ", ".join(self.named_windows()))
        if node.qualify is not None:
            clauses.append(f"QUALIFY {expressions.condition(node.qualify).sql}")
        if node.order_by:
            clauses.append(f"ORDER BY {self.order()}")
        clauses += self.limits()
        # Only now is it known which fields the tables have to offer.
        if joins:
            tables = "".join(prefix + source.sql() + on for prefix, source, on in joins)
            clauses[1:1] = [f"FROM {tables}{array_join}"]
        return " ".join(clauses), columns

    # FROM

    def joins(self) -> list[tuple[str, Source, str]]:
        node = self.node
        if len(node.joins) > MAX_JOINS:
            raise QueryError(f"A SELECT can join at most {MAX_JOINS} tables.", node=node)
        found = []
        for join in node.joins:
            source, name = self.source(join), self.name_of(join)
            using = self.using(join, source)
            self.scope.add(name, source, join)
            on = using
            if join.on is not None:
                on = self.expressions.condition(join.on).sql
            found.append((f" {join.kind} " if join.kind else "", source, on and f" ON {on}"))
        return found

    def name_of(self, join: ast.Join) -> str:
        if join.alias:
            return join.alias
        if isinstance(join.table, ast.Field):
            return str(join.table.chain[-1])
        return f"subquery {len(self.scope.sources) + 1}"

    def source(self, join: ast.Join) -> Source:
        table = join.table
        alias = self.context.new_alias()
        if isinstance(table, ast.Placeholder):
            self.expressions.visit_placeholder(table)
        if isinstance(table, ast.Field):
            source = self.named_source(join, table, alias)
        else:
            source = self.query_source(table, alias, self.scope.ctes)
        if join.column_aliases:
            return self.renamed(source, join)
        return source

    def query_source(self, node: ast.Select, alias: str, ctes: dict[str, CTE]) -> SubquerySource:
        query, columns = compile_select(node, self.context, ctes)
        return SubquerySource(query, columns, alias, self.context)

    def named_source(self, join: ast.Join, table: ast.Field, alias: str) -> Source:
        name = ".".join(map(str, table.chain))
        if join.args is not None:
            return self.table_function(join, name, alias)
        cte = self.scope.ctes.get(name)
        if cte and not cte.node.is_column:
            source = self.query_source(cte.node.expr, alias, cte.ctes)
            return self.renamed(source, cte.node, cte.node.columns) if cte.node.columns else source
        if name not in PUBLIC_TABLES:
            raise self.unknown_table(name, table)
        self.context.tables.add(name)
        if PUBLIC_TABLES[name].is_virtual:
            return self.query_source(cohort_people(self.node.where, self.context), alias, {})
        return TableSource(PUBLIC_TABLES[name], alias, self.context)

    def unknown_table(self, name: str, node: ast.Node) -> QueryError:
        message = f"Unknown table `{name[:200]}`."
        if close := close_names(name, [*PUBLIC_TABLES, *self.scope.ctes]):
            message += f" Did you mean: {', '.join(close)}?"
        return QueryError(message, node=node)

    def table_function(self, join: ast.Join, name: str, alias: str) -> Source:
        if name != "numbers":
            raise QueryError(f"Unknown table function `{name[:200]}`.", node=join)
        args = join.args or []
        values = [arg.value for arg in args if isinstance(arg, ast.Constant)]
        if not 1 <= len(args) <= 2 or not all(type(value) is int for value in values):
            raise QueryError("numbers() expects one or two whole numbers", node=join)
        if len(values) < len(args) or min(values) < 0 or values[-1] > MAX_NUMBERS:
            raise QueryError(f"numbers() counts from 0 to at most {MAX_NUMBERS}", node=join)
        return NumbersSource([str(value) for value in values], alias)

    def renamed(
        self, source: Source, node: ast.Node, names: list[str] | None = None
    ) -> SubquerySource:
        """The source with other names for its columns."""
        names = names or node.column_aliases
        known = source.names()
        if len(names) != len(known):
            raise QueryError(
                f"{len(names)} column names are given for {len(known)} columns", node=node
            )
        codes = dict(zip(names, (source.read([name]) for name in known), strict=True))
        columns = [OutputColumn(name, name, code.type) for name, code in codes.items()]
        selected = ", ".join(f"{code.sql} AS {quoted(name)}" for name, code in codes.items())
        query = f"SELECT {selected} FROM {source.sql()}"
        return SubquerySource(query, columns, self.context.new_alias(), self.context)

    def using(self, join: ast.Join, source: Source) -> str:
        """USING as an ON: equal fields of the new table and of one before it."""
        conditions = []
        for expr in join.using or []:
            if not isinstance(expr, ast.Field) or not source.has(str(expr.chain[0])):
                raise QueryError("USING expects fields that both tables have", node=expr)
            before = self.expressions.code(expr)
            conditions.append(f"{before.sql} = {source.read(expr.chain).sql}")
        return " AND ".join(conditions)

    def array_join(self) -> str:
        node = self.node
        if not node.array_join:
            return ""
        if not self.scope.sources:
            raise QueryError("ARRAY JOIN needs a FROM", node=node)
        parts = []
        for expr in node.array_join:
            code = self.expressions.code(expr.expr)
            parts.append(f"{code.sql} AS {quoted(expr.alias)}")
        for expr in node.array_join:
            self.scope.aliases[expr.alias] = Type()
        return f" {node.array_join_kind} {', '.join(parts)}"

    # Columns

    def columns(self) -> tuple[list[OutputColumn], list[str]]:
        columns, selected = [], []
        for expr in (expr for column in self.node.select for expr in self.expanded(column)):
            if isinstance(expr, ast.Alias):
                name = expr.alias
                if name in self.scope.aliases:
                    raise QueryError(f"Cannot redefine an alias with the name: {name}", node=expr)
                code = self.expressions.code(expr.expr)
                self.scope.aliases[name] = code.type
            else:
                code = self.expressions.code(expr)
                name = f"$c{len(columns) + 1}"
            columns.append(OutputColumn(column_name(expr), name, code.type))
            selected.append(f"{code.sql} AS {quoted(name)}")
        if not columns:
            raise QueryError("SELECT has no columns", node=self.node)
        return columns, selected

    def expanded(self, column: ast.Expr) -> list[ast.Expr]:
        """`*`, `table.*` and COLUMNS as the fields they stand for."""
        if isinstance(column, ast.Field) and column.chain[-1] == "*":
            if len(column.chain) > 2:
                raise QueryError(f"Unable to resolve field: {'.'.join(column.chain)}", node=column)
            return self.fields_of(column.chain[0] if len(column.chain) > 1 else None, column)
        if isinstance(column, ast.Columns):
            return self.chosen(column)
        return [column]

    def chosen(self, column: ast.Columns) -> list[ast.Expr]:
        fields = self.fields_of(column.table, column)
        if column.regex is None:
            missing = set(column.exclude) - {field.chain[-1] for field in fields}
            if missing:
                raise QueryError(f"Unable to resolve field: {sorted(missing)[0]}", node=column)
            return [field for field in fields if field.chain[-1] not in column.exclude]
        try:
            regex = re2.compile(column.regex)
        except re2.error as error:
            raise QueryError(
                f"COLUMNS expects a regular expression: {error}", node=column
            ) from None
        return [field for field in fields if regex.search(field.chain[-1])]

    def fields_of(self, table: str | None, node: ast.Node) -> list[ast.Field]:
        if not self.scope.sources:
            raise QueryError("Cannot use '*' without a FROM", node=node)
        if table is not None and table not in self.scope.sources:
            raise self.scope.unresolved(ast.Field([table], start=node.start, end=node.end))
        names = [table] if table is not None else list(self.scope.sources)
        return [
            ast.Field([name, field], start=node.start, end=node.end)
            for name in names
            for field in self.scope.sources[name].names()
        ]

    # The other clauses

    def conditions(self) -> list[str]:
        node = self.node
        parts = [
            self.expressions.condition(part).sql
            for part in (node.prewhere, node.where)
            if part is not None
        ]
        return [f"WHERE {' AND '.join(parts)}"] if parts else []

    def grouping(self) -> list[str]:
        node = self.node
        if node.group_by_kind == "ALL":
            return ["GROUP BY ALL"]
        if not node.group_by:
            return []
        if node.group_by_kind == "GROUPING SETS":
            sets = [self.expressions.codes(part.exprs) for part in node.group_by]
            listed = ", ".join(f"({', '.join(code.sql for code in part)})" for part in sets)
            return [f"GROUP BY GROUPING SETS ({listed})"]
        listed = ", ".join(code.sql for code in self.expressions.codes(node.group_by))
        return [
            f"GROUP BY {node.group_by_kind}({listed})"
            if node.group_by_kind
            else f"GROUP BY {listed}"
        ]

    def order(self) -> str:
        """ORDER BY ALL is by all columns, unless something is called so."""
        only = self.node.order_by[0].expr
        if isinstance(only, ast.Field) and len(only.chain) == 1:
            name = str(only.chain[0])
            if (
                name.upper() == "ALL"
                and name not in self.scope.aliases
                and not self.scope.source_of(name, only)
            ):
                return "ALL DESC" if self.node.order_by[0].descending else "ALL"
        return ", ".join(map(self.expressions.order, self.node.order_by))

    def named_windows(self) -> list[str]:
        return [
            f"{quoted(name)} AS {self.expressions.window(window)}"
            for name, window in self.node.windows.items()
        ]

    def limits(self) -> list[str]:
        node = self.node
        clauses = []
        if node.limit_by:
            offset = f" OFFSET {count_of(node.limit_by.offset)}" if node.limit_by.offset else ""
            by = ", ".join(code.sql for code in self.expressions.codes(node.limit_by.exprs))
            clauses.append(f"LIMIT {count_of(node.limit_by.n)}{offset} BY {by}")
        if node.limit is not None:
            ties = " WITH TIES" if node.with_ties else ""
            clauses.append(f"LIMIT {count_of(node.limit)}{ties}")
        if node.offset is not None:
            clauses.append(f"OFFSET {count_of(node.offset)}")
        return clauses


def count_of(node: ast.Expr) -> int:
    """The number of a LIMIT or OFFSET."""
    value = node.value if isinstance(node, ast.Constant) else None
    if type(value) is not int or not 0 <= value < 2**63:
        raise QueryError("LIMIT and OFFSET expect whole numbers from 0", node=node)
    return value


def column_name(node: ast.Expr) -> str:
    """The alias, a field's last name, else the expression as it is written."""
    if isinstance(node, ast.Alias):
        return node.alias
    if isinstance(node, ast.Field):
        return str(node.chain[-1])
    return hogql(node)
