"""What to look for among a project's log lines."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from rest_framework.exceptions import ValidationError

from logs.conditions import Params, all_of, contains
from logs.filters import compile_filters
from logs.retention import MAX_DAYS
from posthog_clone.api.times import parse_bound, parse_timestamp

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIN_PARTED = timedelta(minutes=30)
MAX_LIMIT = 2000


@dataclass(frozen=True)
class Cursor:
    """The last line of a page; the next one starts after it."""

    timestamp: datetime
    uuid: UUID

    def __str__(self):
        content = {"timestamp": self.timestamp, "uuid": self.uuid}
        return b64encode(orjson.dumps(content, option=orjson.OPT_UTC_Z)).decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises ValueError unless the text is one that we handed out."""
        try:
            content = orjson.loads(b64decode(text, altchars=b"-_" if "_" in text else None))
            timestamp = parse_timestamp(content["timestamp"])
            uuid = UUID(content["uuid"])
        except (Base64Error, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a cursor: {text[:40]!r}") from error
        if timestamp is None:
            raise ValueError(f"not a cursor: {text[:40]!r}")
        return cls(timestamp, uuid)


@dataclass(frozen=True)
class Search:
    project_id: int
    date_from: datetime
    date_to: datetime
    """Both inclusive."""
    now: datetime
    """What relative times in filters are relative to."""
    levels: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    term: str = ""
    filters: Any = None
    newest_first: bool = True
    limit: int = 1000
    after: Cursor | None = None

    def where(self) -> tuple[str, Params]:
        """The condition, and the values in it. Project and time come first: they are the key."""
        params = Params(project_id=self.project_id, date_from=self.date_from, date_to=self.date_to)
        conditions = [
            "team_id = {project_id:Int64}",
            "timestamp >= {date_from:DateTime64(6, 'UTC')}",
            "timestamp <= {date_to:DateTime64(6, 'UTC')}",
        ]
        if self.levels:
            conditions.append(f"severity_text IN {params.bind(self.levels, 'Array(String)')}")
        if self.services:
            conditions.append(f"service_name IN {params.bind(self.services, 'Array(String)')}")
        if self.term:
            conditions.append(contains("body", self.term, params))
        if self.filters:
            conditions.append(compile_filters(self.filters, params, self.now, attr="filterGroup"))
        return all_of(conditions), params

    def parts(self, share: float) -> list["Search"]:
        """The search of the first `share` of the range, in its own direction from the cursor on,
        and that of the rest; or of everything, where that is little anyway."""
        start, end = self.date_from, self.date_to
        if self.after and self.newest_first:
            end = min(end, self.after.timestamp)
        elif self.after:
            start = max(start, self.after.timestamp)
        if end - start < MIN_PARTED:
            return [self]
        if self.newest_first:
            edge = end - (end - start) * share
            return [
                replace(self, date_from=edge),
                replace(self, date_to=edge - timedelta(microseconds=1)),
            ]
        edge = start + (end - start) * share
        return [
            replace(self, date_to=edge),
            replace(self, date_from=edge + timedelta(microseconds=1)),
        ]

    def without(self, name: str) -> "Search":
        """The same without its `levels` or `services`."""
        return replace(self, **{name: []})

    def without_filters_on(self, kind: str, key: str) -> "Search":
        """The same without those filters of the outermost level that are on this key."""
        if not isinstance(self.filters, list):
            return self
        kept = [
            item
            for item in self.filters
            if not (isinstance(item, dict) and (item.get("type"), item.get("key")) == (kind, key))
        ]
        return replace(self, filters=kept)


def time_range(date_range: dict | None, now: datetime) -> tuple[datetime, datetime]:
    """The bounds of `{"date_from", "date_to"}`; by default the last hour.

    Nothing is older than the longest retention, so neither is a bound.
    """
    date_range = date_range or {}
    text_from, text_to = date_range.get("date_from"), date_range.get("date_to")
    earliest, latest = now - (MAX_DAYS + 2) * DAY, now + 2 * DAY
    date_from, date_to = now - HOUR, now
    if text_to:
        date_to = parse_bound(text_to, UTC, now, attr="date_to") or latest
        date_from = date_to - HOUR
    if text_from:
        date_from = parse_bound(text_from, UTC, now, attr="date_from") or earliest
    return min(max(date_from, earliest), latest), max(min(date_to, latest), earliest)


def build_search(project_id: int, query: dict[str, Any], now: datetime) -> Search:
    """The search that a validated LogsQuery describes."""
    try:
        date_from, date_to = time_range(query.get("dateRange"), now)
    except ValidationError as error:
        raise ValidationError({"dateRange": error.detail}) from error
    search = Search(
        project_id=project_id,
        date_from=date_from,
        date_to=date_to,
        now=now,
        levels=query.get("severityLevels") or [],
        services=query.get("serviceNames") or [],
        term=query.get("searchTerm") or "",
        filters=query.get("filterGroup"),
        newest_first=query.get("orderBy") != "earliest",
        limit=min(query.get("limit") or 1000, MAX_LIMIT),
        after=query.get("after"),
    )
    search.where()  # raises for filters that can't be understood
    return search
