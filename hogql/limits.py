"""How many rows a query gives: the outermost SELECT is limited, each part of a UNION by itself."""

from dataclasses import replace

from hogql import ast
from hogql.compiler.selects import count_of

DEFAULT_ROWS = 100
MAX_ROWS = 50_000


def limited(
    query: ast.Select, *, default: int = DEFAULT_ROWS, most: int = MAX_ROWS
) -> tuple[ast.Select, int | None, int]:
    """The query with a LIMIT that asks for one row more than it may give, so that it shows whether
    there are more; that limit, or None for a union; and the offset."""
    if isinstance(query, ast.SelectSet):
        return limited_set(query, default, most), None, 0
    limit = min(count_of(query.limit), most) if query.limit is not None else default
    offset = count_of(query.offset) if query.offset is not None else 0
    asked = limit if query.with_ties else limit + 1
    return replace(query, limit=ast.Constant(asked)), limit, offset


def limited_set(query: ast.SelectSet, default: int, most: int) -> ast.SelectSet:
    rest = [(operator, limited_part(part, default, most)) for operator, part in query.rest]
    return ast.SelectSet(limited_part(query.first, default, most), rest)


def limited_part(query: ast.Select, default: int, most: int) -> ast.Select:
    if isinstance(query, ast.SelectSet):
        return limited_set(query, default, most)
    limit = min(count_of(query.limit), most) if query.limit is not None else default
    return replace(query, limit=ast.Constant(limit))
