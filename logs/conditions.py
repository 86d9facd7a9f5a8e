"""Pieces of ClickHouse SQL over text, with their values bound by name."""

import re
from typing import Any

NON_ASCII = re.compile(r"[^\x00-\x7f]+")


class Params(dict):
    """The values of a statement; `bind` takes one and returns what stands for it in the SQL."""

    def bind(self, value: Any, kind: str = "String") -> str:
        name = f"p{len(self)}"
        self[name] = value
        return f"{{{name}:{kind}}}"


def escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def contains(column: str, term: str, params: Params) -> str:
    """Whether the column contains the term, in whatever case.

    The index on the body is on `lower(body)`, which knows ASCII only; a term with other letters is
    first looked for by its ASCII parts.
    """
    pattern = f"%{escape_like(term)}%"
    ascii_parts = NON_ASCII.sub("%", pattern).lower()
    condition = f"lower({column}) LIKE {params.bind(ascii_parts)}"
    if term.isascii():
        return condition
    return f"({condition} AND lowerUTF8({column}) LIKE lowerUTF8({params.bind(pattern)}))"


def any_of(conditions: list[str]) -> str:
    return f"({' OR '.join(conditions)})" if conditions else "0"


def all_of(conditions: list[str]) -> str:
    return f"({' AND '.join(conditions)})" if conditions else "1"
