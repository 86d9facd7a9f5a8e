"""Versions such as 1.2.3, compared number by number; what follows them (-beta.1, +build) is passed
over. Each operator asks whether a version lies in a range, and so each store only has to read one.
"""

import re
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql.filters.values import text_of

# Numbers short enough that three of them fit into one of 64 bits.
VERSION_PATTERN = (
    r"^v?([0-9]{1,6})(?:\.([0-9]{1,6})(?:\.([0-9]{1,6})(?:\.[0-9]{1,9}){0,9})?)?"
    r"(?:[-+][0-9A-Za-z.+-]{0,200})?$"
)
WEIGHTS = (10**12, 10**6, 1)
VERSION = re.compile(VERSION_PATTERN.removesuffix("$"))
WILDCARD = re.compile(r"v?(?:([0-9]{1,6})\.)?(?:([0-9]{1,6})\.)?[*xX]")
MORE = 10**18
"""Than any version."""
Range = tuple[int, int]


def version_of(text: str | None) -> int | None:
    match = VERSION.fullmatch(text) if text is not None else None
    return weighted([int(part or 0) for part in match.groups()]) if match else None


def weighted(numbers: list[int]) -> int:
    return sum(number * weight for number, weight in zip(numbers, WEIGHTS, strict=False))


def range_of(key: str, operator: str, value: Any) -> Range:
    """From which version on, and until before which, the operator holds; for `semver_neq`, where it
    doesn't. Raises ValidationError for a value that is no version."""
    text = (text_of(value) or "").strip()
    match = (WILDCARD if operator == "semver_wildcard" else VERSION).fullmatch(text)
    if match is None:
        example = "1.2.*" if operator == "semver_wildcard" else "1.2.3"
        raise ValidationError(
            f"The operator {operator} of the filter on {key[:100]!r} needs a version such as "
            f"{example}, and {text[:100]!r} is none."
        )
    numbers = [int(part) for part in match.groups() if part is not None]
    return RANGES[operator](numbers, weighted(numbers))


def after(numbers: list[int], place: int) -> int:
    """The first version in which the number at `place` is higher."""
    return weighted([*numbers[:place], numbers[place] + 1])


def caret(numbers: list[int], low: int) -> Range:
    """Up to a change of the first number that isn't 0."""
    place = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    return low, after(numbers, place)


def tilde(numbers: list[int], low: int) -> Range:
    return low, after(numbers, min(1, len(numbers) - 1))


def wildcard(numbers: list[int], low: int) -> Range:
    return (low, after(numbers, len(numbers) - 1)) if numbers else (0, MORE)


RANGES = {
    "semver_eq": lambda numbers, low: (low, low + 1),
    "semver_neq": lambda numbers, low: (low, low + 1),
    "semver_gt": lambda numbers, low: (low + 1, MORE),
    "semver_gte": lambda numbers, low: (low, MORE),
    "semver_lt": lambda numbers, low: (0, low),
    "semver_lte": lambda numbers, low: (0, low + 1),
    "semver_tilde": tilde,
    "semver_caret": caret,
    "semver_wildcard": wildcard,
}
