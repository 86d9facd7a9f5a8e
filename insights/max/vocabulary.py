"""The names a project uses: what a question is understood with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from django.db.models import F

from events.models import EventDefinition, PropertyDefinition
from hogql.execution import run
from insights.max import sql
from insights.max.matching import GOOD, fit
from insights.max.question import Property
from projects.models import Project

MOST_NAMES = 3000
RECENT = 30
MOST_VALUES = 500
# What people call PostHog's own properties, the first that the project has.
ALIASES = {
    "page": ("$pathname", "$current_url"),
    "pages": ("$pathname", "$current_url"),
    "path": ("$pathname", "$current_url"),
    "url": ("$current_url",),
    "urls": ("$current_url",),
    "site": ("$host",),
    "operating system": ("$os",),
    "operating systems": ("$os",),
    "platform": ("$os",),
    "device": ("$device_type",),
    "devices": ("$device_type",),
    "country": ("$geoip_country_name", "$geoip_country_code"),
    "countries": ("$geoip_country_name", "$geoip_country_code"),
    "city": ("$geoip_city_name",),
    "cities": ("$geoip_city_name",),
    "region": ("$geoip_subdivision_1_name",),
    "continent": ("$geoip_continent_name",),
    "referrer": ("$referring_domain", "$referrer"),
    "referrers": ("$referring_domain", "$referrer"),
    "traffic source": ("utm_source", "$referring_domain"),
    "language": ("$browser_language",),
    "library": ("$lib",),
    "sdk": ("$lib",),
    "error type": ("$exception_types",),
    "error message": ("$exception_values",),
    "session": ("$session_id",),
}


@dataclass(frozen=True)
class Vocabulary:
    events: Sequence[str]
    """The newest first."""
    event_properties: Sequence[str]
    person_properties: Sequence[str] = ()
    known_values: Callable[[Property], Sequence[str]] = field(default=lambda property: ())

    def has(self, name: str) -> bool:
        return name in self.event_properties

    def property(self, phrase: str) -> tuple[Property, float] | None:
        """The property that the words mean, and how well they fit. Of equals, an event's."""
        for name in ALIASES.get(phrase, ()):
            if self.has(name):
                return Property(name), 1.0
        scored = [
            (fit(phrase.split(), name), Property(name, scope))
            for scope, names in (
                ("event", self.event_properties),
                ("person", self.person_properties),
            )
            for name in names
        ]
        score, found = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        return (found, score) if found and score >= GOOD else None

    def value(self, property: Property, text: str) -> str:
        """The value as events have it, whatever its case in the question."""
        wanted = text.casefold()
        return next((v for v in self.known_values(property) if v.casefold() == wanted), text)

    def fitting_events(self, words: Sequence[str]) -> tuple[list[str], float]:
        """The events that the words may mean, and how well they fit; several fit alike."""
        scored = [(fit(words, name), name) for name in self.events]
        best = max((score for score, _ in scored), default=0.0)
        if best < GOOD:
            return [], 0.0
        return [name for score, name in scored if score >= best - 0.01], best


def quoted(names: Iterable[str]) -> list[str]:
    return [f"“{name}”" for name in names]


def of_project(project: Project) -> Vocabulary:
    """What ingestion has seen. Values are looked up when a question names a property."""
    definitions = PropertyDefinition.objects.filter(project=project, hidden=False).order_by("name")

    def properties(type: str) -> list[str]:
        return list(definitions.filter(type=type).values_list("name", flat=True)[:MOST_NAMES])

    @cache
    def known_values(property: Property) -> list[str]:
        if property.scope == "hogql":
            return []
        found = run(
            f"SELECT toString({sql.field(property)}) AS value FROM events"
            f" WHERE timestamp > now() - INTERVAL {RECENT} DAY AND isNotNull(value)"
            f" GROUP BY value ORDER BY count() DESC, value LIMIT {MOST_VALUES}",
            project,
        )
        return [value for (value,) in found.rows]

    events = EventDefinition.objects.filter(project=project, hidden=False)
    newest = events.order_by(F("last_seen_at").desc(nulls_last=True), "name")
    return Vocabulary(
        events=list(newest.values_list("name", flat=True)[:MOST_NAMES]),
        event_properties=properties(PropertyDefinition.Type.EVENT),
        person_properties=properties(PropertyDefinition.Type.PERSON),
        known_values=known_values,
    )
