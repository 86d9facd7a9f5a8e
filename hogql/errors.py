"""What is wrong with a query, said to the one who wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches

from rest_framework.exceptions import ValidationError

from hogql import ast


class QueryError(ValidationError):
    """A query that can't be run: a 400 whose text names what to change.

    `start` and `end` are offsets in the query's text, where they are known.
    """

    def __init__(
        self,
        message: str,
        *,
        node: ast.Node | None = None,
        start: int | None = None,
        end: int | None = None,
        code: str | None = None,
    ):
        super().__init__(message, code)
        self.message = message
        self.start = node.start if node is not None else start
        self.end = node.end if node is not None else end

    def __str__(self):
        return self.message


class HogQLSyntaxError(QueryError):
    """The text is not HogQL."""


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """What may have been meant. A long name is nobody's slip, and comparing it takes time."""
    return get_close_matches(name, known, n=3, cutoff=0.7) if len(name) < 100 else []
