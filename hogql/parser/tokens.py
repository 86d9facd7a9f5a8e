"""The words of a query."""

import re
from typing import NamedTuple

from hogql.errors import HogQLSyntaxError

# After a word or a bracket, `.5` is the fifth of a tuple and not a half.
TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|//[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^'\\]|''|\\.)*')
    |(?P<quoted>`(?:[^`\\]|``|\\.)*`|"(?:[^"\\]|""|\\.)*")
    |(?P<unclosed>/\*)
    |(?P<symbol><=>|=~\*|!~\*|->|::|==|!=|<>|<=|>=|=~|!~|~\*|\|\||\?\?|\?\.|[-+*/%<>=~?:.,;()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
INTEGER = re.compile(r"\d+")
ESCAPE = {mark: re.compile(rf"\\(.)|{mark}{mark}", re.DOTALL) for mark in "'`\""}
ESCAPES = {
    **{"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": ""},
    **{mark: mark for mark in "\\'\"`"},
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
    found, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup == "unclosed":
            raise unreadable(text, position)
        kind, word, position = match.lastgroup, match[0], match.end()
        if kind == "space":
            continue
        if kind == "number" and follows_dot(found, match.start()):
            word = INTEGER.match(text, match.start())[0]
            position = match.start() + len(word)
        elif kind == "number" and word[0] == "." and follows_value(found, match.start()):
            kind, word, position = "symbol", ".", match.start() + 1
        key = word.upper() if kind == "word" else word if kind == "symbol" else ""
        if kind in ("string", "quoted"):
            word = unescape(word[1:-1], word[0])
        found.append(Token(kind, word, key, match.start(), position))
    found.append(Token("end", "<EOF>", "<EOF>", len(text), len(text)))
    return found


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
