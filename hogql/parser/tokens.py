"""The words of a query."""

import re
from typing import NamedTuple

from hogql.errors import HogQLSyntaxError

# After a word or a bracket, `.5` is the fifth of a tuple and not a half.
TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|//[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
    |(?P<template>[fF]')
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^'\\]|''|\\.)*')
    |(?P<quoted>`(?:[^`\\]|``|\\.)*`|"(?:[^"\\]|""|\\.)*")
    |(?P<unclosed>/\*)
    |(?P<symbol><=>|=~\*|!~\*|->|::|==|!=|<>|<=|>=|=~|!~|~\*|\|\||\?\?|\?\.|[-+*/%<>=~?:.,;()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
# The text of f'…' up to its next expression or its end.
TEMPLATE_TEXT = re.compile(r"(?:[^'\\{]|''|\\.)*", re.DOTALL)
INTEGER = re.compile(r"\d+")
ESCAPE = {mark: re.compile(rf"\\(.)|{mark}{mark}", re.DOTALL) for mark in "'`\""}
ESCAPES = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": ""},
    **{mark: mark for mark in "\\'\"`{"},
}


class Token(NamedTuple):
    kind: str
    """`word`, `quoted`, `number`, `string`, `symbol` or `end`."""
    text: str
    """As written; of strings and quoted names, the content."""
    key: str
    """What a parser asks for: words in upper case, symbols and <EOF> as they are, else empty."""
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    braces: list[int] = []
    """Of each f'…' around: how many are open in its expression."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup == "unclosed":
            raise unreadable(text, position)
        start, position = position, match.end()
        kind, word = match.lastgroup, match[0]
        if kind == "space":
            continue
        if kind == "number" and follows_dot(found, start):
            word = INTEGER.match(text, start)[0]
            position = start + len(word)
        elif kind == "number" and word[0] == "." and follows_value(found, start):
            kind, word, position = "symbol", ".", start + 1
        elif kind in ("string", "quoted"):
            word = unescape(word[1:-1], word[0])
        elif kind == "template":
            kind, word = "symbol", "F'"
            braces.append(0)
        found.append(Token(kind, word, key_of(kind, word), start, position))
        if braces:
            braces[-1] += (word == "{") - (word == "}") if kind == "symbol" else 0
            if braces[-1] == 0:
                position = read_template(text, position, found)
                if found[-1].key == "'":
                    braces.pop()
    found.append(Token("end", "<EOF>", "<EOF>", len(text), len(text)))
    return found


def key_of(kind: str, word: str) -> str:
    if kind == "word":
        return word.upper()
    return word if kind == "symbol" else ""


def read_template(text: str, start: int, found: list[Token]) -> int:
    """The text of f'…' from `start` and, if that is its end, the mark there. Returns where to go
    on."""
    end = TEMPLATE_TEXT.match(text, start).end()
    if end > start:
        found.append(Token("string", unescape(text[start:end], "'"), "", start, end))
    if end == len(text):
        raise HogQLSyntaxError("The text f'…' is not closed", start=start - 1, end=end)
    if text[end] == "'":
        found.append(Token("symbol", "'", "'", end, end + 1))
        return end + 1
    return end


def follows_dot(found: list[Token], start: int) -> bool:
    return bool(found) and found[-1].key == "." and found[-1].end == start


def follows_value(found: list[Token], start: int) -> bool:
    """Whether a value ends right before, so that a dot reaches into it."""
    return (
        bool(found)
        and found[-1].end == start
        and (found[-1].kind in ("word", "quoted", "number") or found[-1].key in (")", "]"))
    )


def unescape(text: str, mark: str) -> str:
    if "\\" not in text and mark not in text:
        return text
    return ESCAPE[mark].sub(lambda match: unescaped(match[1]) if match[1] else mark, text)


def unescaped(character: str) -> str:
    """Unknown escapes stay as they are: regular expressions are full of them."""
    return ESCAPES.get(character, "\\" + character)


def unreadable(text: str, position: int) -> HogQLSyntaxError:
    character = text[position]
    if character in "'`\"":
        message = f"no viable alternative at input {text[position : position + 20]!r}: not closed"
    elif text.startswith("/*", position):
        message = "The comment is not closed: */ is missing"
    else:
        shown = f"'{character}' (U+{ord(character):04X})"
        message = f"Unexpected character {shown if character.isprintable() else shown[4:]}"
    return HogQLSyntaxError(message, start=position, end=position + 1)
