"""The values of `refresh`: when an answer is computed, and whether the caller waits for it."""

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Refresh:
    computes: bool
    """Whether a stale or missing answer is computed."""
    always: bool = False
    """A fresh one too."""
    waits: bool = True
    """The caller gets the answer, and not word of it."""
    waits_for_first: bool = False
    """The caller waits only when there is nothing to show yet."""
    lazy: bool = False


MODES = {
    "force_cache": Refresh(computes=False),
    "blocking": Refresh(computes=True),
    "force_blocking": Refresh(computes=True, always=True),
    "async": Refresh(computes=True, waits=False),
    "async_except_on_cache_miss": Refresh(computes=True, waits=False, waits_for_first=True),
    "lazy_async": Refresh(computes=True, waits=False, lazy=True),
    "force_async": Refresh(computes=True, always=True, waits=False),
}
LEGACY = {
    "true": "force_blocking",
    "1": "force_blocking",
    "false": "force_cache",
    "0": "force_cache",
}
ASYNCHRONOUS = {"blocking": "async", "force_blocking": "force_async"}


def refresh_of(value: Any, *, default: str, is_async: bool = False) -> Refresh:
    """What a request's `refresh` means. Raises ValidationError for none of the values."""
    name = default if value is None or value == "" else str(value).lower()
    name = LEGACY.get(name, name)
    if is_async:
        name = ASYNCHRONOUS.get(name, name)
    if name not in MODES:
        raise ValidationError(
            {"refresh": f"{str(value)[:100]!r} is no way to refresh: use {', '.join(MODES)}."},
            code="parse_error",
        )
    return MODES[name]
