"""The last look at a query before it runs, and the limits it runs under.

What a query may say is settled before: the parser knows only SELECT and limits its size
(hogql/parser/limits.py), the compiler knows only the tables of hogql/database.py and the functions
of hogql/functions/. Here the finished SQL is held against what must be true of every query, so that
a mistake in the compiler is a failure and not a leak, and ClickHouse itself is told to give out no
other project's rows.
"""

import re
from typing import Any

from django.conf import settings

from hogql.compiler import Compiled
from hogql.compiler.sources import OWN, PROJECT_CONDITION
from hogql.database import PHYSICAL_TABLES

MAX_ROWS = 50_000
MAX_RESULT_BYTES = 100 * 1024**2
SMALL_BLOCK = 64
"""Rows between two looks at the clock."""
WORD = re.compile(
    r"""
    (?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<param>\{\w+:[^}]*\})
    |(?P<word>\w+)
    |(?P<symbol>[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)
FROM_WORDS = {"FROM", "JOIN"}
FORBIDDEN_WORDS = {
    *("INSERT", "ALTER", "CREATE", "DROP", "ATTACH", "DETACH", "TRUNCATE", "RENAME", "OPTIMIZE"),
    *("GRANT", "REVOKE", "KILL", "SYSTEM", "INTO", "OUTFILE", "FORMAT", "SETTINGS", "WATCH"),
    *("EXPLAIN", "DESCRIBE", "SHOW", "USE", "SET", "DELETE", "UPDATE"),
    *("system", "information_schema", "INFORMATION_SCHEMA"),
}


class Breach(Exception):
    """The compiler wrote SQL that it must not write. Nobody's query can cause it by right: it is
    our mistake, and the query is not run."""


def check(compiled: Compiled) -> None:
    """Raise Breach unless the SQL is one SELECT that reads the project's own rows.

    Each physical table has to stand in `FROM table AS own [FINAL]`, and its subquery has to have
    the project's condition as the first of its WHERE, joined by AND to the others.
    """
    words = [match[0] for match in WORD.finditer(compiled.sql)]
    if not words or words[0] not in ("SELECT", "("):
        raise Breach("The statement is no SELECT.")
    if ";" in words or has_comment(words):
        raise Breach("The statement has more than one part.")
    if forbidden := FORBIDDEN_WORDS & set(words):
        raise Breach(f"The statement says {sorted(forbidden)[0]}.")
    for position, word in enumerate(words):
        if word in FROM_WORDS and not is_operator(words, position):
            check_source(words, position)
        if word in PHYSICAL_TABLES and words[position - 1] != "FROM":
            raise Breach(f"The statement speaks of {word!r} outside of FROM.")


def is_operator(words: list[str], position: int) -> bool:
    """ARRAY JOIN and WITH FILL FROM name no source."""
    if words[position] == "JOIN":
        return words[position - 1] == "ARRAY"
    return words[position - 2 : position] == ["WITH", "FILL"]


def has_comment(words: list[str]) -> bool:
    pairs = set(zip(words, words[1:], strict=False))
    return bool(pairs & {("-", "-"), ("/", "*"), ("/", "/")}) or "#" in words


def check_source(words: list[str], position: int) -> None:
    """What follows a FROM or JOIN is a subquery in brackets, numbers(), or a table as above."""
    name = words[position + 1]
    if name == "(":
        return
    if name == "numbers" and words[position + 2] == "(":
        return
    if words[position] != "FROM" or name not in PHYSICAL_TABLES:
        raise Breach(f"The statement reads {name!r}.")
    if words[position + 2 : position + 4] != ["AS", OWN]:
        raise Breach(f"The table {name!r} is not known by its own name.")
    own_words = inside(words, position)
    where = own_words.index("WHERE") if "WHERE" in own_words else None
    expected = [match[0] for match in WORD.finditer(f"({OWN}.{PROJECT_CONDITION})")]
    if where is None or own_words[where + 1 : where + 1 + len(expected)] != expected:
        raise Breach(f"The table {name!r} is read without the project's condition.")
    rest = own_words[where + 1 + len(expected) :]
    if rest and rest[0] not in ("AND", "GROUP"):
        raise Breach(f"The project's condition on {name!r} is not joined by AND.")
    if "OR" in rest:
        raise Breach(f"The project's condition on {name!r} stands beside an OR.")


def inside(words: list[str], position: int) -> list[str]:
    """The words from `position` until the bracket closes that they are in, without those of
    brackets within but the WHERE's own."""
    found: list[str] = []
    depth = 0
    in_where = False
    for word in words[position:]:
        if word == "(":
            depth += 1
        elif word == ")":
            if depth == 0:
                break
            depth -= 1
            if not in_where and depth == 0:
                continue
        if word == "WHERE" and depth == 0:
            in_where = True
        if depth == 0 or in_where:
            found.append(word)
    return found


def run_settings(project_id: int, *, timezone: str, seconds: int) -> dict[str, Any]:
    """What ClickHouse is told with every query."""
    tables = ", ".join(f"'{table}': 'team_id = {int(project_id)}'" for table in PHYSICAL_TABLES)
    return {
        "readonly": 1,
        "additional_table_filters": f"{{{tables}}}",
        "session_timezone": timezone,
        "max_execution_time": seconds,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": settings.QUERY_MAX_MEMORY_BYTES,
        "max_result_rows": 20 * MAX_ROWS,
        "max_result_bytes": MAX_RESULT_BYTES,
        "result_overflow_mode": "throw",
        "max_ast_elements": 200_000,
        "max_expanded_ast_elements": 1_000_000,
        "max_ast_depth": 2_000,
        "max_parser_depth": 2_000,
        "max_query_size": 4 * 1024**2,
        "max_subquery_depth": 200,
        "function_range_max_elements_in_block": 10_000_000,
        "regexp_max_matches_per_row": 10_000,
        "max_hyperscan_regexp_length": 1_000,
        "max_hyperscan_regexp_total_length": 10_000,
        "max_threads": 4,
        "json_type_escape_dots_in_keys": 1,
        "output_format_json_escape_forward_slashes": 0,
    }
