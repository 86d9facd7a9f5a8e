"""Filters on the clicked element and those around it: conditions on an event's elements chain.

A chain is `tag.class:name="value"name="value";tag…`, innermost element first, classes and
attributes in alphabetical order (events/elements.py).
"""

import re
from collections.abc import Callable

from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.filters.model import PropertyFilter
from hogql.filters.values import text_of

PAIR = r'[^;"=]+="(?:\\.|[^"\\])*"'
LINK = r'(?:[^;"]|"(?:\\.|[^"\\])*")+'
COMPOUND = re.compile(
    r"""
    (?P<tag>\*|[a-zA-Z][a-zA-Z0-9-]*)?
    (?P<rest>(?:\#[\w-]+|\.[\w-]+|\[[\w-]+=(?:"[^"]*"|'[^']*')\]
        |:nth-(?:child|of-type)\(\d+\))*)
    """,
    re.VERBOSE,
)
PART = re.compile(
    r"""\#(?P<id>[\w-]+)|\.(?P<class>[\w-]+)|\[(?P<name>[\w-]+)=["'](?P<value>[^"']*)["']\]"""
    r"""|:(?P<nth>nth-(?:child|of-type))\((?P<number>\d+)\)"""
)
COMBINATOR = re.compile(r"\s*(>)\s*|\s+")
NOWHERE = r"^\b$"
"""Matches no chain."""


def element_condition(
    leaf: PropertyFilter,
    chain: ast.Field,
    test: Callable[[PropertyFilter, ast.Expr], ast.Expr],
) -> ast.Expr:
    if leaf.key in ("tag_name", "selector"):
        if leaf.operator not in ("exact", "is_not"):
            raise ValidationError(f"Elements' {leaf.key} allows only the operators exact, is_not.")
        make = tag_regex if leaf.key == "tag_name" else selector_regex
        patterns = [make(text_of(value) or "") for value in leaf.values]
        tests: list[ast.Expr] = [
            ast.Compare("=~", chain, ast.Constant(pattern)) for pattern in patterns
        ]
        found = ast.Or(tests) if len(tests) > 1 else tests[0]
        return ast.Not(found) if leaf.is_negative else found
    if leaf.key == "href":
        return test(leaf, first_attribute(chain, "href"))
    if leaf.key == "text":
        return on_texts(leaf, chain, test)
    raise ValidationError(
        f"Elements have no {leaf.key[:100]!r}: use tag_name, text, href or selector."
    )


def on_texts(
    leaf: PropertyFilter,
    chain: ast.Field,
    test: Callable[[PropertyFilter, ast.Expr], ast.Expr],
) -> ast.Expr:
    """Some element's text satisfies the filter; a negative one, every element's."""
    texts = ast.Call("extractAll", [chain, ast.Constant(attribute_regex("text"))])
    item = ast.Lambda(["item"], test(leaf, unescaped(ast.Field(["item"]))))
    return ast.Call("arrayAll" if leaf.is_negative else "arrayExists", [item, texts])


def first_attribute(chain: ast.Field, name: str) -> ast.Expr:
    found = ast.Call("extract", [chain, ast.Constant(attribute_regex(name))])
    return ast.Call("nullIf", [unescaped(found), ast.Constant("")])


def attribute_regex(name: str) -> str:
    return rf'[:"]{name}="((?:\\.|[^"\\])*)"'


def unescaped(text: ast.Expr) -> ast.Expr:
    return ast.Call("replaceRegexpAll", [text, ast.Constant(r"\\(.)"), ast.Constant(r"\1")])


def tag_regex(tag: str) -> str:
    return rf"(?:^|;){re.escape(tag)}(?:[.:;]|$)"


def selector_regex(selector: str) -> str:
    """A chain in which some element satisfies the CSS selector. One we can't read matches none."""
    parts, position = [], 0
    selector = selector.strip()
    while position < len(selector):
        match = COMPOUND.match(selector, position)
        if not match or not match[0]:
            return NOWHERE
        position = match.end()
        combinator = COMBINATOR.match(selector, position)
        if combinator:
            position = combinator.end()
        elif position < len(selector):
            return NOWHERE
        parts.append((link_regex(match), bool(combinator and combinator[1])))
    if not parts:
        return NOWHERE
    # From the innermost element outwards, as chains are.
    regex = parts[-1][0]
    for link, is_parent in reversed(parts[:-1]):
        regex += f";{link}" if is_parent else f";(?:{LINK};)*{link}"
    return f"(?:^|;){regex}(?:;|$)"


def link_regex(match: re.Match) -> str:
    """One element of the chain, all of it."""
    tag = match["tag"] if match["tag"] and match["tag"] != "*" else None
    classes, attributes = [], []
    for part in PART.finditer(match["rest"]):
        if part["class"]:
            classes.append(part["class"])
        elif part["id"]:
            attributes.append(("attr_id", part["id"]))
        elif part["nth"]:
            attributes.append((part["nth"], part["number"]))
        else:
            attributes.append((f"attr__{part['name']}", part["value"]))
    regex = re.escape(tag) if tag else r'[^;:."]*'
    any_class = r'(?:\.[^;:."]+)*'
    for name in sorted(classes):
        regex += rf"{any_class}\.{re.escape(name)}"
    regex += any_class
    if not attributes:
        return rf"{regex}(?::(?:{PAIR})*)?"
    regex += ":"
    for name, value in sorted(attributes):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        regex += rf'(?:{PAIR})*{re.escape(name)}="{re.escape(escaped)}"'
    return rf"{regex}(?:{PAIR})*"
