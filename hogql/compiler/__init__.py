"""From tree to ClickHouse's SQL: names resolved, tables narrowed to the project, values bound."""

from dataclasses import dataclass, field
from typing import Any

from hogql import ast
from hogql.compiler.context import Context
from hogql.compiler.selects import compile_select


@dataclass(frozen=True, slots=True)
class Compiled:
    sql: str
    params: dict[str, Any]
    columns: list[str]
    tables: set[str]
    """That the query reads, as users call them."""
    is_slow_by_row: bool = False
    names: dict[str, str] = field(default_factory=dict)
    """Columns of the SQL → what the query calls them."""


def compile(node: ast.Select, context: Context) -> Compiled:
    sql, columns = compile_select(node, context, {})
    return Compiled(
        sql,
        context.params,
        [column.name for column in columns],
        context.tables,
        context.is_slow_by_row,
        context.names,
    )
