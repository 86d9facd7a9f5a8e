"""Queries that list columns as HogQL expressions: EventsQuery and ActorsQuery."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hogql import ast, functions
from hogql.filters.conditions import Conditions
from hogql.filters.model import parse_properties
from hogql.parser import parse_expr, parse_order
from hogql.printing import hogql
from persons.naming import DEFAULT_PROPERTIES
from projects.models import Project

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the client spelled it, and as it is asked for."""

    text: str
    expr: ast.Expr

    @property
    def name(self) -> str:
        """What it is called in the answer: its alias, else the client's own text."""
        return self.expr.alias if isinstance(self.expr, ast.Alias) else self.text

    @property
    def bare(self) -> ast.Expr:
        return self.expr.expr if isinstance(self.expr, ast.Alias) else self.expr

    @property
    def is_aggregate(self) -> bool:
        return has_aggregation(self.expr)


def plain_name(text: str) -> str:
    """A column's text without the label that may follow: `person -- Person`."""
    return text.partition("--")[0].strip()


def columns_of(texts: Sequence[str], special: Mapping[str, ast.Expr]) -> list[Column]:
    """Some names stand for expressions of ours; the rest are HogQL. Raises QueryError."""
    return [Column(text, special.get(plain_name(text)) or parse_expr(text)) for text in texts]


def has_aggregation(node: ast.Node) -> bool:
    """Whether the expression adds up rows, by itself and not in a subquery or over a window."""
    if isinstance(node, ast.SelectQuery | ast.SelectSet | ast.WindowCall):
        return False
    if isinstance(node, ast.Call):
        function = functions.find(node.name)
        if function is not None and function.is_aggregate:
            return True
    return any(has_aggregation(child) for child in ast.children(node))


def select(
    table: str,
    columns: Sequence[Column],
    conditions: Sequence[ast.Expr],
    order_by: Sequence[ast.OrderBy],
    extra: Sequence[ast.Expr] = (),
) -> ast.SelectQuery:
    """Grouped by what is not aggregated, if anything is; aggregated conditions come after that."""
    is_grouped = any(column.is_aggregate for column in columns)
    where = [condition for condition in conditions if not has_aggregation(condition)]
    having = [condition for condition in conditions if has_aggregation(condition)]
    return ast.SelectQuery(
        select=[*(column.expr for column in columns), *extra],
        joins=[ast.Join(ast.Field([table]))],
        where=ast.And(where) if where else None,
        having=ast.And(having) if having else None,
        group_by=[
            column.bare
            for column in columns
            if is_grouped and not column.is_aggregate and not isinstance(column.bare, ast.Constant)
        ],
        order_by=list(order_by),
    )


def order_of(
    texts: Sequence[str] | None,
    columns: Sequence[Column],
    special: Mapping[str, ast.Expr],
    newest_first: Callable[[Sequence[Column]], bool],
    time: str,
) -> list[ast.OrderBy]:
    """The wanted order; else the largest count or other aggregation first, else the newest, else
    by the first column."""
    if texts is not None:
        return [special_order(text, special) for text in texts]
    aggregates = [column.bare for column in columns if column.is_aggregate]
    counts = [expr for expr in aggregates if hogql(expr) == "count()"]
    if aggregates:
        return [ast.OrderBy((counts or aggregates)[0], descending=True)]
    if newest_first(columns):
        return [ast.OrderBy(ast.Field([time]), descending=True)]
    return [ast.OrderBy(columns[0].bare)] if columns else []


def special_order(text: str, special: Mapping[str, ast.Expr]) -> ast.OrderBy:
    """`person_display_name -- Person DESC` too, as PostHog's tables send it."""
    name = plain_name(text)
    if name in special:
        return ast.OrderBy(special[name], descending=text.upper().endswith(" DESC"))
    return parse_order(text)


def property_conditions(
    writer: Conditions, project: Project, *filters: Any, test_accounts: bool = False
) -> Iterator[ast.Expr]:
    """The conditions of some lists or groups of property filters."""
    default_type = "person" if writer.table == "persons" else "event"
    if test_accounts:
        filters = (*filters, list(project.settings.get("test_account_filters") or ()))
    for given in filters:
        group = parse_properties(given, default_type=default_type)
        if group:
            yield writer.of_group(group)


def display_name(project: Project, properties: Sequence[str], fallback: ast.Expr) -> ast.Expr:
    """The first of the project's name properties that a person has."""
    keys = project.person_display_name_properties or DEFAULT_PROPERTIES
    texts = [ast.Text(ast.Field([*properties, key])) for key in keys]
    filled = [ast.Call("nullIf", [text, ast.Constant("")]) for text in texts]
    return ast.Call("coalesce", [*filled, fallback])


def answer_keys(columns: Sequence[Column], types: Sequence[Sequence[str]]) -> dict[str, Any]:
    return {
        "columns": [column.name for column in columns],
        "types": [type for _, type in types[: len(columns)]],
    }
