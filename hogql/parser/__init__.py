"""From text to tree.

HogQL is ClickHouse's SQL with JSON paths, `?:`, `??`, `=~`, IN COHORT and {placeholders}. This is a
parser of our own, which gave the same trees as PostHog's (PyPI: hogql-parser) for a thousand
queries; tests/hogql/trees.txt keeps them. That one holds Python's lock for 16 seconds over eight
scalar subqueries inside one another and overflows the process's stack over long sums; this one
takes time in proportion to the text.
"""

from functools import lru_cache

from hogql import ast
from hogql.parser.limits import check_length
from hogql.parser.selects import Parser

CACHED_TEXT = 4_000


def parse_select(text: str) -> ast.Select:
    return parse("select_statement", text)


def parse_expr(text: str) -> ast.Expr:
    """An expression; as in a SELECT list, it may have an alias."""
    return parse("expression_statement", text)


def parse_order(text: str) -> ast.OrderBy:
    """`expr [ASC|DESC] [NULLS FIRST|LAST]`."""
    return parse("order_statement", text)


def parse(rule: str, text: str):
    check_length(text)
    return (cached if len(text) <= CACHED_TEXT else read)(rule, text)


def read(rule: str, text: str):
    return getattr(Parser(text), rule)()


cached = lru_cache(maxsize=512)(read)
