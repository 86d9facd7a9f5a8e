"""SELECT, UNION and what belongs to them."""

from hogql import ast
from hogql.errors import HogQLSyntaxError
from hogql.parser.calls import TERNARY
from hogql.parser.expressions import ExpressionParser
from hogql.parser.limits import MAX_NESTING, SELECT_DEPTH

SET_OPERATORS = ("UNION", "INTERSECT", "EXCEPT")
JOIN_WORDS = ("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "ANY", "ALL", "SEMI", "ANTI", "ASOF")
SIDES = ("INNER", "LEFT", "RIGHT", "FULL")
STRICTNESS = ("ANY", "ALL", "SEMI", "ANTI", "ASOF")
# Words that can follow a column or table, and so are no aliases without AS.
NO_ALIAS = {
    *("FROM", "ARRAY", "PREWHERE", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER"),
    *("LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "SETTINGS", "FORMAT", "INTO", "FINAL"),
    *("SAMPLE", "ON", "USING", "CROSS", "JOIN", "GLOBAL", "NATURAL", "POSITIONAL", "PIVOT"),
    *("UNPIVOT", "WITH", "SELECT", "AND", "OR", "NOT", "IS", "IN", "LIKE", "ILIKE", "BETWEEN"),
    *("ASC", "DESC", "ASCENDING", "DESCENDING", "NULLS", "COLLATE", "EXCLUDE", "OVER"),
    *JOIN_WORDS,
}


class Parser(ExpressionParser):
    # What a text as a whole can be

    def select_statement(self) -> ast.Select:
        query = self.select_set()
        self.take(";")
        self.end()
        return query

    def expression_statement(self) -> ast.Expr:
        expr = self.expression()
        self.end()
        return expr

    def order_statement(self) -> ast.OrderBy:
        order = self.order()
        self.end()
        return order

    # Queries

    def is_select(self) -> bool:
        """Whether brackets come next that hold a query, however many of them."""
        count = 1
        while self.ahead(count).key == "(" and count < MAX_NESTING:
            count += 1
        following = self.ahead(count + 1)
        return self.ahead(count).key in ("SELECT", "WITH") and not (
            following.kind == "symbol" and following.key in (",", ")", ".", "=", "+", "/")
        )

    def subquery(self) -> ast.Select:
        self.expect("(")
        query = self.select_set()
        self.expect(")")
        return query

    def select_set(self) -> ast.Select:
        around = self.enter()
        start = self.token.start
        first = self.one_select()
        rest = []
        while operator := self.take_one_of(*SET_OPERATORS):
            if operator == "UNION":
                operator = "UNION ALL" if self.take("ALL") else "UNION DISTINCT"
                self.take("DISTINCT")
            rest.append((operator, self.one_select()))
        self.leave(around, SELECT_DEPTH)
        return self.placed(ast.SelectSet(first, rest), start) if rest else first

    def one_select(self) -> ast.Select:
        if self.at("("):
            return self.subquery()
        start = self.token.start
        return self.placed(self.select_query(), start)

    def select_query(self) -> ast.SelectQuery:
        query = ast.SelectQuery([])
        if self.take("WITH"):
            if self.at("RECURSIVE"):
                self.unsupported("Recursive CTEs")
            query.ctes = self.separated(self.cte, "SELECT")
        self.expect("SELECT")
        query.distinct = self.take("DISTINCT")
        if self.at("TOP"):
            self.refuse_top()
        query.select = self.separated(self.column, "FROM", "WHERE", "<EOF>")
        if self.take("FROM"):
            query.joins = self.joins()
        self.array_join(query)
        if self.take("PREWHERE"):
            query.prewhere = self.expression()
        if self.take("WHERE"):
            query.where = self.expression()
        if self.take("GROUP", "BY"):
            self.group_by(query)
        if self.take("HAVING"):
            query.having = self.expression()
        if self.take("QUALIFY"):
            query.qualify = self.expression()
        if self.take("WINDOW"):
            query.windows = dict(self.separated(self.named_window))
        if self.take("QUALIFY"):
            query.qualify = self.expression()
        if self.take("ORDER", "BY"):
            query.order_by = self.separated(self.order, "LIMIT")
            if self.at("INTERPOLATE"):
                self.unsupported("INTERPOLATE")
        self.limits(query)
        if self.at("SETTINGS"):
            self.unsupported("SETTINGS")
        return query

    def refuse_top(self) -> None:
        if self.ahead().kind == "number":
            self.unsupported("TOP (use LIMIT)")

    def unsupported(self, what: str) -> None:
        raise HogQLSyntaxError(
            f"{what} are not supported" if what.endswith("s") else f"{what} is not supported",
            start=self.token.start,
            end=self.token.end,
        )

    def cte(self) -> ast.CTE:
        start = self.token.start
        if self.is_named_query():
            name = self.name()
            columns = None
            if self.take("("):
                columns = self.separated(self.name)
                self.expect(")")
            self.expect("AS")
            if self.take("NOT"):
                self.expect("MATERIALIZED")
            else:
                self.take("MATERIALIZED")
            return self.placed(ast.CTE(name, self.subquery(), columns=columns), start)
        expr = self.expression(TERNARY)
        self.expect("AS")
        return self.placed(ast.CTE(self.name(), expr, is_column=True), start)

    def is_named_query(self) -> bool:
        """Whether it is `name AS (SELECT …)` and not `expression AS name`."""
        if self.token.kind not in ("word", "quoted"):
            return False
        count = 1
        if self.ahead(count).key == "(":
            while self.ahead(count).key != ")" and self.ahead(count).kind != "end":
                count += 1
            count += 1
        if self.ahead(count).key != "AS":
            return False
        following = self.ahead(count + 1).key
        return following == "(" or (
            following in ("MATERIALIZED", "NOT")
            and self.ahead(count + 2).key in ("(", "MATERIALIZED")
        )

    def column(self) -> ast.Expr:
        start = self.token.start
        expr = self.expression()
        if self.is_alias():
            return self.placed(ast.Alias(expr, self.name()), start)
        return expr

    def is_alias(self) -> bool:
        return self.token.kind == "quoted" or (
            self.token.kind == "word" and self.token.key not in NO_ALIAS
        )

    # FROM

    def joins(self) -> list[ast.Join]:
        joins = [self.table()]
        while True:
            start = self.token.start
            kind = self.join_kind()
            if kind is None:
                return joins
            join = self.table()
            join.kind = kind
            if kind != "CROSS JOIN":
                self.constraint(join)
            joins.append(self.placed(join, start))

    def join_kind(self) -> str | None:
        if self.take(",") or self.take("CROSS", "JOIN"):
            return "CROSS JOIN"
        if self.token.key in ("NATURAL", "POSITIONAL"):
            self.unsupported(f"{self.token.key} JOIN")
        self.take("GLOBAL")
        words = []
        while self.ahead(len(words)).key in JOIN_WORDS:
            words.append(self.ahead(len(words)).key)
        if self.ahead(len(words)).key != "JOIN":
            return None
        start = self.position
        self.position += len(words) + 1
        sides = [word for word in words if word in SIDES]
        strictness = [word for word in words if word in STRICTNESS]
        if len(sides) > 1 or len(strictness) > 1:
            self.position = start
            self.fail("a kind of JOIN")
        return " ".join([*(sides or ["INNER"]), *strictness, "JOIN"])

    def table(self) -> ast.Join:
        start = self.token.start
        join = ast.Join(self.table_expression())
        if self.at("("):
            join.args = self.bracketed("(", ")")
        if self.token.key in ("PIVOT", "UNPIVOT"):
            self.unsupported(self.token.key)
        self.take("FINAL")
        if self.take("AS") or self.is_alias():
            join.alias = self.name()
        if join.alias and self.at("("):
            self.expect("(")
            join.column_aliases = self.separated(self.name)
            self.expect(")")
        self.take("FINAL")
        self.sample()
        return self.placed(join, start)

    def table_expression(self) -> ast.Expr:
        start = self.token.start
        if self.at("{"):
            return self.placed(self.placeholder(), start)
        if self.is_select() and self.at("("):
            return self.subquery()
        if self.take("("):
            inner = self.table_expression()
            self.expect(")")
            return inner
        if self.token.kind not in ("word", "quoted"):
            self.fail("a table")
        return self.placed(ast.Field([self.name(), *self.rest_of_chain()]), start)

    def rest_of_chain(self) -> list[str]:
        names = []
        while self.take("."):
            names.append(self.name())
        return names

    def sample(self) -> None:
        """SAMPLE is read and not followed: every row is there, and counts stay exact."""
        if self.take("SAMPLE"):
            self.expression(TERNARY)
            if self.take("OFFSET"):
                self.expression(TERNARY)

    def constraint(self, join: ast.Join) -> None:
        if self.take("ON"):
            join.on = self.expression()
        elif self.take("USING"):
            if self.at("("):
                join.using = self.bracketed("(", ")")
            else:
                join.using = self.separated(self.expression)
        else:
            self.fail("'ON' or 'USING'")

    def array_join(self, query: ast.SelectQuery) -> None:
        for kind in (("ARRAY", "JOIN"), ("LEFT", "ARRAY", "JOIN"), ("INNER", "ARRAY", "JOIN")):
            if self.take(*kind):
                start = self.token
                query.array_join_kind = " ".join(kind).removeprefix("INNER ")
                query.array_join = self.separated(self.column)
                if not all(isinstance(expr, ast.Alias) for expr in query.array_join):
                    raise HogQLSyntaxError(
                        "ARRAY JOIN arrays must have an alias", start=start.start, end=start.end
                    )
                return

    # After WHERE

    def group_by(self, query: ast.SelectQuery) -> None:
        if self.at("ALL") and self.ahead().key not in (",", ".", "("):
            self.next()
            query.group_by_kind = "ALL"
        elif self.token.key in ("ROLLUP", "CUBE") and self.ahead().key == "(":
            query.group_by_kind = self.next().key
            query.group_by = self.bracketed("(", ")")
        elif self.take("GROUPING", "SETS"):
            query.group_by_kind = "GROUPING SETS"
            self.expect("(")
            query.group_by = self.separated(self.grouping_set)
            self.expect(")")
        else:
            query.group_by = self.separated(self.expression, "HAVING", "ORDER", "LIMIT", "<EOF>")
        if self.take("WITH"):
            kind = self.take_one_of("ROLLUP", "CUBE") if not query.group_by_kind else None
            if kind is None:
                self.unsupported("WITH TOTALS")
            query.group_by_kind = kind

    def grouping_set(self) -> ast.Tuple:
        start = self.token.start
        return self.placed(ast.Tuple(self.bracketed("(", ")")), start)

    def named_window(self) -> tuple[str, ast.Window]:
        name = self.name()
        self.expect("AS")
        return name, self.window()

    def limits(self, query: ast.SelectQuery) -> None:
        self.offset(query)
        while self.take("LIMIT"):
            n = self.expression(TERNARY)
            has_comma = self.take(",")
            offset = self.expression(TERNARY) if has_comma or self.take("OFFSET") else None
            if self.take("BY"):
                if query.limit_by:
                    self.fail("one LIMIT BY")
                if has_comma:
                    # As PostHog reads it: here, and not in a LIMIT of all rows, the offset is first
                    n, offset = offset, n
                query.limit_by = ast.LimitBy(n, self.separated(self.expression), offset)
                continue
            query.limit, query.offset = n, offset or query.offset
            if self.at("%"):
                self.unsupported("LIMIT in per cent")
            if self.take("WITH"):
                self.expect("TIES")
                query.with_ties = True
            return
        self.offset(query)

    def offset(self, query: ast.SelectQuery) -> None:
        if self.take("OFFSET"):
            query.offset = self.expression(TERNARY)
            self.take("ROW") or self.take("ROWS")
