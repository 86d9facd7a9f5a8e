"""Formulas over series: `A / (B + 1) * 100`. Letters are series, and what is divided by 0 is 0."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from rest_framework.exceptions import ValidationError

Evaluate = Callable[[Sequence[float]], float]
"""The values of the series → the formula's."""
TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z]+)|(?P<sign>\S))")
SPELLINGS = {"×": "*", "÷": "/", "−": "-", "·": "*"}
MAX_LENGTH = 1000
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    custom_name: str | None
    evaluate: Evaluate

    @property
    def label(self) -> str:
        return self.custom_name or f"Formula ({self.text})"

    def of(self, values: Sequence[float]) -> float:
        """Of the series' values. What is too large for a number is 0."""
        result = self.evaluate(values)
        return float(result) if isfinite(result) else 0.0


def parse_formula(text: str, series: int, custom_name: str | None = None) -> Formula:
    """A formula over so many series. Raises ValidationError with the place it is wrong at."""
    return Formula(text, custom_name or None, Parser(text, series).parse())


class Parser:
    def __init__(self, text: str, series: int):
        if len(text) > MAX_LENGTH:
            raise ValidationError({"formula": f"A formula has at most {MAX_LENGTH} characters."})
        self.text = text
        self.series = series
        self.tokens = list(TOKEN.finditer(text.rstrip()))
        self.at = 0
        self.depth = 0

    def parse(self) -> Evaluate:
        evaluate = self.sum()
        if self.at < len(self.tokens):
            raise self.wrong("an operator or the end")
        return evaluate

    def sum(self) -> Evaluate:
        left = self.product()
        while sign := self.take("+-"):
            left = added(left, self.product(), 1 if sign == "+" else -1)
        return left

    def product(self) -> Evaluate:
        left = self.factor()
        while sign := self.take("*/"):
            right = self.factor()
            left = multiplied(left, right) if sign == "*" else divided(left, right)
        return left

    def factor(self) -> Evaluate:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValidationError({"formula": f"{self.text[:100]!r} is nested too deeply."})
        found = self.signed()
        self.depth -= 1
        return found

    def signed(self) -> Evaluate:
        if sign := self.take("+-"):
            value = self.factor()
            return value if sign == "+" else lambda values: -value(values)
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise self.wrong("a closing bracket")
            return inner
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token and token["number"]:
            self.at += 1
            number = float(token["number"])
            return lambda values: number
        if token and token["name"]:
            self.at += 1
            return self.letter(token["name"])
        raise self.wrong("a series' letter, a number or a bracket")

    def letter(self, name: str) -> Evaluate:
        index = ord(name.upper()) - ord("A") if len(name) == 1 else -1
        if not 0 <= index < self.series:
            last = chr(ord("A") + self.series - 1)
            known = f"The series are A to {last}." if self.series else "There are no series."
            raise ValidationError(
                {"formula": f"{self.text[:100]!r} speaks of {name[:20]!r}. {known}"}
            )
        return lambda values: values[index]

    def take(self, signs: str) -> str | None:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        sign = token and token["sign"]
        sign = SPELLINGS.get(sign, sign)
        if not sign or sign not in signs:
            return None
        self.at += 1
        return sign

    def wrong(self, expected: str) -> ValidationError:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        place = f"{token[0].strip()!r} at position {token.end()}" if token else "the end"
        return ValidationError(
            {"formula": f"{self.text[:100]!r} has {place} where {expected} was expected."}
        )


def added(left: Evaluate, right: Evaluate, sign: int) -> Evaluate:
    return lambda values: left(values) + sign * right(values)


def multiplied(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda values: left(values) * right(values)


def divided(left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(values: Sequence[float]) -> float:
        divisor = right(values)
        return left(values) / divisor if divisor else 0.0

    return evaluate
