"""What stands between curly brackets in a query: values, filters and variables, filled in before it
is compiled."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any
from uuid import UUID

from hogql import ast
from hogql.errors import QueryError
from hogql.filters.conditions import Conditions
from hogql.filters.model import parse_properties
from posthog_clone.api.times import parse_bound

TIMES = {"events": "timestamp", "sessions": "$start_timestamp", "logs": "timestamp"}
"""The tables that {filters} works on, and what its dates are about."""
FILTERED_TABLES = ("events", "persons")
"""Those whose rows have properties to filter by."""
MAX_ITEMS = 50_000


class Placeholders:
    """`values` for `{name}`; `filters` (`{dateRange: {date_from, date_to}, properties,
    filterTestAccounts}`) for `{filters}`; `variables`, by their codes, for `{variables.code}`."""

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        filters: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        *,
        now: datetime,
        zone: tzinfo,
        week_start_day: int = 0,
        test_account_filters: Sequence[Mapping] = (),
    ):
        self.values = values or {}
        self.filters = filters or {}
        self.variables = variables or {}
        self.now = now
        self.zone = zone
        self.week_start_day = week_start_day
        self.test_account_filters = test_account_filters

    def fill(self, node: Any, query: ast.SelectQuery | None = None) -> Any:
        """A copy without placeholders. `query` is the SELECT that the node belongs to."""

        def change(inner: ast.Node) -> ast.Node | None:
            if isinstance(inner, ast.SelectQuery) and inner is not query:
                return self.fill(inner, inner)
            if isinstance(inner, ast.Placeholder):
                return self.value_of(inner, query)
            return None

        return ast.rebuild(node, change)

    def value_of(self, node: ast.Placeholder, query: ast.SelectQuery | None) -> ast.Expr:
        if not isinstance(node.expr, ast.Field):
            # An expression over placeholders: {if(a, 1, 2)}.
            return ast.rebuild(node.expr, self.field_in_braces)
        chain = [str(name) for name in node.expr.chain]
        if chain == ["filters"]:
            return self.condition(query, node)
        return self.named(chain, node)

    def field_in_braces(self, node: ast.Node) -> ast.Node | None:
        if isinstance(node, ast.Field):
            return self.named([str(name) for name in node.chain], node)
        return None

    def named(self, chain: list[str], node: ast.Node) -> ast.Expr:
        if chain[0] == "filters" and "filters" not in self.values:
            return self.part_of_filters(chain, node)
        value: Any = self.values
        if chain[0] == "variables" and "variables" not in self.values:
            value, chain = self.variables, chain[1:]
        for name in chain:
            if not isinstance(value, Mapping) or name not in value:
                raise QueryError(
                    f"Unresolved placeholder: {{{'.'.join(chain)}}}. Pass its value in `values`.",
                    node=node,
                )
            value = value[name]
        return expression_of(value, node)

    def part_of_filters(self, chain: list[str], node: ast.Node) -> ast.Expr:
        """`{filters.dateRange.from}` and `{filters.dateRange.to}`."""
        if len(chain) == 3 and chain[1] == "dateRange":
            name = chain[2].removeprefix("date_")
            if name in ("from", "to"):
                return ast.Constant(self.bound(f"date_{name}"))
        raise QueryError(
            f"Unresolved placeholder: {{{'.'.join(chain)}}}. Filters offer {{filters}}, "
            "{filters.dateRange.from} and {filters.dateRange.to}.",
            node=node,
        )

    def bound(self, name: str) -> datetime | None:
        date_range = self.filters.get("dateRange") or {}
        text = date_range.get(name) if isinstance(date_range, Mapping) else None
        if not text:
            return None
        return parse_bound(str(text), self.zone, self.now, week_start_day=self.week_start_day)

    def condition(self, query: ast.SelectQuery | None, node: ast.Node) -> ast.Expr:
        """The filters as a condition on the table that the SELECT reads."""
        table, alias = filtered_table(query, node)
        conditions: list[ast.Expr] = []
        time = ast.Field([alias, TIMES[table]]) if table in TIMES else None
        for name, operator in (("date_from", ">="), ("date_to", "<=")):
            if time and (moment := self.bound(name)):
                conditions.append(ast.Compare(operator, time, ast.Constant(moment)))
        for properties in self.property_filters():
            group = parse_properties(properties)
            if group and table not in FILTERED_TABLES:
                raise QueryError(f"{table} can't be filtered by properties.", node=node)
            writer = Conditions(now=self.now, zone=self.zone, table=table, alias=alias)
            conditions.append(writer.of_group(group))
        return ast.And(conditions) if conditions else ast.Constant(True)

    def property_filters(self) -> list[Any]:
        found = [self.filters.get("properties")]
        if self.filters.get("filterTestAccounts"):
            found.append(list(self.test_account_filters))
        return [properties for properties in found if properties]


def filtered_table(query: ast.SelectQuery | None, node: ast.Node) -> tuple[str, str]:
    """The first table in FROM that filters can be about, and what it is called."""
    for join in query.joins if query else []:
        if isinstance(join.table, ast.Field):
            name = str(join.table.chain[-1])
            if name in TIMES or name in FILTERED_TABLES:
                return name, join.alias or name
    raise QueryError(
        "{filters} needs a SELECT from one of " + ", ".join([*TIMES, "persons"]) + ".", node=node
    )


def expression_of(value: Any, node: ast.Node) -> ast.Expr:
    """A value of Python or JSON, or a tree, as part of a tree."""
    if isinstance(value, ast.Node):
        return value
    if value is None or isinstance(value, bool | int | float | str | datetime | date | UUID):
        return ast.Constant(value, start=node.start, end=node.end)
    if isinstance(value, Sequence | set | frozenset):
        if len(value) > MAX_ITEMS:
            raise QueryError(f"A list of values may have at most {MAX_ITEMS} items.", node=node)
        return ast.Array([expression_of(item, node) for item in value])
    raise QueryError(f"A {type(value).__name__} can't be the value of a placeholder.", node=node)
