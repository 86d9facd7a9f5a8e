"""Events on their way to destinations: what matches is enqueued in the caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from uuid_utils.compat import uuid7

from app_metrics.recording import Category, record
from events.elements import chain_from_elements
from notifications import logs
from notifications.matching import matchers
from notifications.models import Delivery, HogFunction
from notifications.rendering import event_url, project_url
from persons.naming import DEFAULT_PROPERTIES
from posthog_clone.captured import CapturedEvent
from projects.models import Project

# A destination that is down must not fill the database: beyond this, its events are dropped.
MAX_WAITING = 10_000


@dataclass(frozen=True)
class Wanted:
    """An event that a destination's filters let through."""

    function: HogFunction
    event: dict[str, Any]
    person: dict[str, Any] | None


@dataclass(frozen=True)
class Internal:
    """An event of this server's own, such as `$insight_alert_firing`.

    One of the same uuid is delivered once.
    """

    name: str
    distinct_id: str
    properties: dict[str, Any]
    uuid: UUID = field(default_factory=uuid7)
    url: str = ""

    def shown(self, now: datetime) -> dict[str, Any]:
        """As destinations get it."""
        return {
            "uuid": str(self.uuid),
            "event": self.name,
            "distinct_id": self.distinct_id,
            "timestamp": now.isoformat().replace("+00:00", "Z"),
            "url": self.url,
            "elements_chain": "",
            "properties": self.properties,
        }


def emit(
    project: Project,
    name: str,
    distinct_id: str,
    properties: dict[str, Any],
    *,
    uuid: UUID | None = None,
    url: str = "",
) -> int:
    """Raise an internal event; returns how many deliveries wait.

    Call it in the transaction of the cause.
    """
    [count] = emit_all(project, [Internal(name, distinct_id, properties, uuid or uuid7(), url)])
    return count


def emit_all(project: Project, events: Sequence[Internal]) -> list[int]:
    """Raise internal events, at the cost of one; returns how many deliveries wait for each.

    Call it in the transaction of their cause.
    """
    functions = HogFunction.objects.active().filter(
        project=project, type=HogFunction.Type.INTERNAL_DESTINATION
    )
    now = timezone.now()
    listeners = matchers(project, functions, now)
    shown = [event.shown(now) for event in events]
    deliveries = enqueue(
        Wanted(function, event, None)
        for event in shown
        for function, matcher in listeners
        if matcher.wants(event, None)
    )
    counts = Counter(delivery.event_uuid for delivery in deliveries)
    return [counts[event["uuid"]] for event in shown]


def emit_captured(events: Sequence[CapturedEvent]) -> int:
    """Hand captured events to the destinations that want them; returns how many deliveries wait.

    Call it in the transaction that stores the events, before they are stored, which takes their
    elements apart. Costs one query when no project has a destination. Imports of old events are
    passed over: nobody wants to be told of what was long ago.
    """
    functions = HogFunction.objects.active().filter(
        type=HogFunction.Type.DESTINATION,
        project__in={event.project_id for event in events if not event.dropped},
    )
    by_project: dict[int, list[HogFunction]] = {}
    for function in functions.select_related("project"):
        by_project.setdefault(function.project_id, []).append(function)
    return len(enqueue(wanted(events, by_project)))


def wanted(
    events: Iterable[CapturedEvent], by_project: dict[int, list[HogFunction]]
) -> Iterable[Wanted]:
    now = timezone.now()
    by_matcher = {
        project_id: matchers(functions[0].project, functions, now)
        for project_id, functions in by_project.items()
    }
    for captured in events:
        if captured.dropped or captured.historical or captured.project_id not in by_matcher:
            continue
        project = by_project[captured.project_id][0].project
        event, person = event_of(captured, project), person_of(captured, project)
        for function, matcher in by_matcher[captured.project_id]:
            if matcher.wants(event, person):
                yield Wanted(function, event, person)


def event_of(captured: CapturedEvent, project: Project) -> dict[str, Any]:
    timestamp = captured.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
    properties = dict(captured.properties)
    elements, chain = properties.pop("$elements", None), properties.pop("$elements_chain", None)
    return {
        "uuid": str(captured.uuid),
        "event": captured.event,
        "distinct_id": captured.distinct_id,
        "timestamp": timestamp,
        "url": event_url(project, str(captured.uuid), timestamp),
        "elements_chain": chain if isinstance(chain, str) else chain_from_elements(elements),
        "properties": properties,
    }


def person_of(captured: CapturedEvent, project: Project) -> dict[str, Any] | None:
    if captured.person_mode != "full":
        return None
    properties = captured.person_properties
    names = project.person_display_name_properties or DEFAULT_PROPERTIES
    name = next((str(properties[key]) for key in names if properties.get(key)), None)
    return {
        "id": str(captured.person_id),
        "name": name or captured.distinct_id,
        "url": f"{project_url(project)}/persons/{captured.person_id}",
        "properties": properties,
    }


def enqueue(found: Iterable[Wanted]) -> list[Delivery]:
    found = list(found)
    return write(found) if found else []


@transaction.atomic
def write(found: Sequence[Wanted]) -> list[Delivery]:
    room = room_of({each.function.id for each in found})
    rows, dropped = [], {}
    for each in found:
        room[each.function.id] -= 1
        if room[each.function.id] < 0:
            dropped[each.function] = dropped.get(each.function, 0) + 1
            continue
        payload = orjson.dumps({"event": each.event, "person": each.person}).decode()
        rows.append(
            Delivery(
                project_id=each.function.project_id,
                function=each.function,
                event_uuid=each.event["uuid"],
                payload=payload,
            )
        )
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    for function, count in dropped.items():
        tell_dropped(function, count)
    return rows


def room_of(function_ids: set[UUID]) -> dict[UUID, int]:
    """How many more deliveries may wait for each destination."""
    waiting = Delivery.objects.filter(
        function__in=function_ids, state=Delivery.State.PENDING
    ).order_by()
    counts = dict(waiting.values_list("function").annotate(Count("id")))
    return {id: MAX_WAITING - counts.get(id, 0) for id in function_ids}


def tell_dropped(function: HogFunction, count: int) -> None:
    message = f"Dropped {count} events: {MAX_WAITING} are waiting already."
    logs.write(function, [("error", message)])
    record(
        function.project_id,
        Category.WEBHOOK,
        job_id=str(function.id),
        failures=count,
        error_type="TooManyWaiting",
        error_details={"error": {"message": message}},
    )
