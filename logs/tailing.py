"""Following log lines over the API: in embedded mode only the server itself opens the store."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any

from django.utils.termcolors import colorize

# Exporters send in batches, seconds after the fact and each in its own time: lines turn up behind
# those already shown.
LATE = timedelta(seconds=60)
MAX_LINES = 2000
COLORS = {
    "fatal": {"fg": "white", "bg": "red", "opts": ("bold",)},
    "error": {"fg": "red", "opts": ("bold",)},
    "warn": {"fg": "yellow"},
    "info": {"fg": "green"},
    "debug": {"fg": "cyan"},
    "trace": {"fg": "blue"},
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TailFailed(Exception):
    """The server can't be asked, or refuses; the text says why."""

    def __init__(self, text: str, *, passing: bool = False):
        super().__init__(text)
        self.passing = passing
        """Asking again later may help."""


class Tail:
    """Lines of a query as they turn up, each once."""

    def __init__(self, url: str, project_id: int, key: str, query: dict[str, Any]):
        self.address = f"{url}/api/projects/{project_id}/logs/query/"
        self.key = key
        self.query = query
        self.newest: datetime | None = None
        self.seen: dict[str, datetime] = {}

    def last(self, count: int, since: str) -> list[dict]:
        """The newest lines there are, oldest first."""
        query = {"dateRange": {"date_from": since}, "limit": count} if count else {"limit": 1}
        lines = self.fresh(self.ask({**self.query, **query}))
        return lines if count else []

    def more(self) -> Iterator[dict]:
        """What turned up since, oldest first."""
        since = (self.newest or datetime.now(UTC)) - LATE
        query = {"dateRange": {"date_from": since.isoformat()}, "limit": MAX_LINES}
        yield from self.fresh(self.ask({**self.query, **query}))

    def fresh(self, lines: list[dict]) -> list[dict]:
        """Those not seen yet; they are now."""
        fresh = [line for line in reversed(lines) if line["uuid"] not in self.seen]
        for line in fresh:
            self.seen[line["uuid"]] = datetime.fromisoformat(line["timestamp"])
        if self.seen:
            self.newest = max(self.seen.values())
            oldest = self.newest - 2 * LATE
            self.seen = {uuid: at for uuid, at in self.seen.items() if at >= oldest}
        return fresh

    def ask(self, query: dict[str, Any]) -> list[dict]:
        body = json.dumps({"query": query}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            request = urllib.request.Request(self.address, body, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["detail"]
            except (ValueError, KeyError, TypeError):
                text = text[:200]
            raise TailFailed(f"{error.code}: {text}", passing=error.code >= 500) from error
        except (OSError, ValueError, HTTPException) as error:
            raise TailFailed(f"{self.address} does not answer: {error}", passing=True) from error


def show(line: dict, *, color: bool, attributes: bool) -> str:
    """A line for a terminal. What a terminal would obey is made visible instead."""
    at = datetime.fromisoformat(line["timestamp"]).strftime("%H:%M:%S.%f")[:-3]
    level = f"{line['level'][:5].upper():5}"
    text = f"{line['service_name'] or '-'}: {line['body']}"
    if attributes:
        pairs = sorted(line["attributes"].items())
        text += "".join(f" {key}={json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    text = CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    if color:
        level = colorize(level, **COLORS.get(line["level"], {}))
    return f"{at} {level} {text}"
