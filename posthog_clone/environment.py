"""Reading environment variables: what makes no sense stops the process with one sentence."""

import os
import sys
from typing import NoReturn

import dj_database_url

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def stop(sentence: str) -> NoReturn:
    sys.exit(sentence)


def env_flag(name: str, default: bool = False) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in {"", *TRUE, *FALSE}:
        stop(f"{name} must be true or false, not {text!r}.")
    return text in TRUE if text else default


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def env_int(name: str, default: int, least: int = 1) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and int(text) >= least):
        stop(f"{name} must be a whole number, {least} or more, not {text!r}.")
    return int(text)


def env_choice(name: str, *choices: str) -> str:
    """The first of `choices` by default."""
    text = os.environ.get(name, "").strip().upper() or choices[0]
    if text not in choices:
        stop(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text


def env_url(name: str, default: str, schemes: tuple[str, ...]) -> str:
    url = os.environ.get(name, "").strip() or default
    if url.partition("://")[0] not in schemes:  # nothing of it is repeated: it may hold a password
        stop(f"{name} must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return url


def env_database(name: str, default: str, **options) -> dict:
    """The database of a URL, as Django's settings want it."""
    url = env_url(name, default, ("postgres", "postgresql", "sqlite"))
    try:
        return dict(dj_database_url.parse(url, **options))
    except ValueError:
        stop(
            f"{name} can't be read: it should be like postgres://user:password@host:5432/name, "
            "with special characters percent-encoded."
        )
