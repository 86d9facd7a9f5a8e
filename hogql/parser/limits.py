"""How large a query may be: what the parser and the compiler can walk without running out of stack
or time."""

from hogql.errors import QueryError

MAX_LENGTH = 100_000
MAX_DEPTH = 120
"""Of the tree, and of what is compiled from it: Python's stack has to hold a call or more for each
level."""
SELECT_DEPTH = 4
"""Levels that a SELECT counts for."""
MAX_NESTING = 60
"""Of brackets, CASEs and other constructs that hold expressions."""


def check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query is too long: {len(text)} characters, of at most {MAX_LENGTH}. "
            "Pass long lists of values as placeholders."
        )


def too_deep() -> QueryError:
    return QueryError("The query is nested too deeply. Split it into simpler parts.")
