"""The trees of the samples, one a line: `text → tree`, in trees.txt.

They were compared with those of PostHog's own parser (PyPI: hogql-parser 1.3.88) when they were
written down. After a change that is meant:

    python -m tests.hogql.trees

and look at the difference.
"""

from dataclasses import MISSING, fields
from pathlib import Path

from hogql import ast
from hogql.errors import HogQLSyntaxError
from hogql.parser import parse_expr, parse_select
from tests.hogql.samples import EXPRESSIONS, PAIRS, SELECTS

FILE = Path(__file__).with_name("trees.txt")


def shown(value) -> str:
    """The tree without what is as usual."""
    if isinstance(value, ast.Node):
        parts = [
            f"{part.name}={shown(getattr(value, part.name))}"
            for part in fields(value)
            if part.repr and getattr(value, part.name) != usual(part)
        ]
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(part)}' for key, part in value.items())}}}"
    return repr(value)


def usual(part):
    if part.default is not MISSING:
        return part.default
    return part.default_factory() if part.default_factory is not MISSING else MISSING


def tree_of(text: str) -> str:
    parse = parse_select if text in SELECTS else parse_expr
    try:
        return shown(parse(text))
    except HogQLSyntaxError as error:
        return f"{error} at {error.start}"


def recorded() -> dict[str, str]:
    lines = FILE.read_text().splitlines()
    return dict(line.split(" → ", 1) for line in lines)


if __name__ == "__main__":
    texts = dict.fromkeys([*EXPRESSIONS, *PAIRS, *SELECTS])
    FILE.write_text("".join(f"{text} → {tree_of(text)}\n" for text in texts))
