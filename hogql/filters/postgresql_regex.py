"""Regular expressions of RE2 as PostgreSQL's, whose `.` matches a newline too."""

import re

TOKEN = re.compile(
    r"""
    (?P<flags>\(\?[imsU-]+\))
    |(?P<name>\(\?P?<\w+>)
    |(?P<scoped>\(\?[imsU-]+:)
    |(?P<group>\(\?:)
    |(?P<class>\\[dDsSwW])
    |(?P<hex>\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]+\}))
    |(?P<escape>\\.)
    |(?P<bracket>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])
    |(?P<count>\{\d+(?:,\d*)?\})
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
IN_BRACKET = re.compile(
    r"""
    (?P<posix>\[:\^?\w+:\])
    |(?P<class>\\[dDsSwW])
    |(?P<hex>\\x(?:[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]+\}))
    |(?P<escape>\\.)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# RE2's classes are ASCII's.
CLASSES = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "space": r"\t\n\v\f\r ",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
# In groups of their own, since PostgreSQL lets nobody repeat a bare one.
ASSERTIONS = {
    **{r"\b": r"(?:\y)", r"\B": r"(?:\Y)", r"\A": r"(?:\A)", r"\z": r"(?:\Z)"},
    **{"^": "(?:^)", "$": "(?:$)"},
}
SAME = set("aftnrv")
MAX_COUNT = 255
"""Of repetitions, in PostgreSQL."""


class Untranslatable(ValueError):
    """PostgreSQL has no such construct."""


def translated(pattern: str) -> str:
    """A pattern that RE2 can read, for PostgreSQL's `~`."""
    flags, position = "", 0
    if match := re.match(r"\(\?([is]+)\)", pattern):
        flags, position = "(?i)" if "i" in match[1] else "", match.end()
    parts = []
    for match in TOKEN.finditer(pattern, position):
        kind = match.lastgroup
        parts.append(READERS[kind](match[0]))
    # In brackets, since `***` and `(?` at the start mean something else there.
    return f"{flags}(?:{''.join(parts)})"


def of_class(text: str) -> str:
    negation = "^" if text[1].isupper() else ""
    return f"[{negation}{CLASSES[text[1].lower()]}]"


def of_hex(text: str) -> str:
    digits = text[2:].strip("{}")
    return literal(chr(int(digits, 16)))


def of_escape(text: str) -> str:
    character = text[1]
    if text in ASSERTIONS:
        return ASSERTIONS[text]
    if character in SAME or not character.isalnum():
        return text
    raise Untranslatable(f"{text} is not supported")


def literal(character: str) -> str:
    return character if character.isalnum() or ord(character) > 127 else f"\\{character}"


def of_bracket(text: str) -> str:
    negation = "^" if text[1] == "^" else ""
    items = list(IN_BRACKET.finditer(text[1 + len(negation) : -1]))
    parts, position = [], 0
    while position < len(items):
        parts.append(in_bracket(items[position]))
        is_range = (
            is_character(items[position])
            and len(items) > position + 2
            and items[position + 1][0] == "-"
            and is_character(items[position + 2])
        )
        if is_range:
            parts.append("-" + in_bracket(items[position + 2]))
            position += 2
        position += 1
    return f"[{negation}{''.join(parts)}]"


def is_character(match: re.Match) -> bool:
    return match.lastgroup not in ("posix", "class")


def in_bracket(match: re.Match) -> str:
    text, kind = match[0], match.lastgroup
    if kind == "posix":
        if text[2:-2] not in POSIX:
            raise Untranslatable(f"{text} is not supported")
        return POSIX[text[2:-2]]
    if kind == "class":
        if text[1].isupper():
            raise Untranslatable(f"{text} between square brackets is not supported")
        return CLASSES[text[1]]
    if kind == "hex":
        return of_hex(text)
    if kind == "escape":
        if text[1] in SAME or not text[1].isalnum():
            return text
        raise Untranslatable(f"{text} between square brackets is not supported")
    return literal(text)


def of_count(text: str) -> str:
    if any(int(number) > MAX_COUNT for number in re.findall(r"\d+", text)):
        raise Untranslatable(f"{text} repeats more than {MAX_COUNT} times")
    return text


def of_other(text: str) -> str:
    if text in "{}]":
        return f"\\{text}"
    return ASSERTIONS.get(text, text)


def refuse(text: str) -> str:
    raise Untranslatable(f"{text} is not supported there")


READERS = {
    "flags": refuse,
    "scoped": refuse,
    "name": lambda text: "(",
    "group": lambda text: text,
    "class": of_class,
    "hex": of_hex,
    "escape": of_escape,
    "bracket": of_bracket,
    "count": of_count,
    "other": of_other,
}
