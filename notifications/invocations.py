"""Trying a destination out with a made-up event."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from uuid_utils.compat import uuid7

from notifications.delivering import as_json, attempt
from notifications.matching import matchers
from notifications.models import HogFunction
from notifications.rendering import CannotRender, Prepared, names, prepare, project_url


@dataclass
class Invocation:
    status: str = "success"
    logs: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def tell(self, level: str, message: str) -> None:
        self.logs.append({"level": level, "message": message, "timestamp": timezone.now()})

    def fail(self, message: str) -> None:
        self.status = "error"
        self.errors.append(message)
        self.tell("error", message)


def invoke(function: HogFunction, given: dict[str, Any], *, is_mock: bool) -> Invocation:
    """Run the destination on these globals: `event`, `person` and `project` as it would get them.

    A mock makes the request, sends nothing and tells what it would have sent. The destination may
    be one that is not saved.
    """
    invocation = Invocation()
    event, person = given.get("event") or {}, given.get("person")
    [(_, matcher)] = matchers(function.project, [function], timezone.now())
    if not matcher.wants(event, person):
        invocation.status = "skipped"
        invocation.tell("info", "The filters do not let this event through.")
        return invocation
    named = names(function, event, person)
    named["project"] = {**named["project"], **(given.get("project") or {})}
    try:
        request = prepare(function, named, str(uuid7()), timezone.now())
    except CannotRender as error:
        invocation.fail(str(error))
        return invocation
    if is_mock:
        invocation.tell("info", f"Would have sent: {as_json(request.shown())}")
    else:
        send(request, invocation)
    return invocation


def send(request: Prepared, invocation: Invocation) -> None:
    outcome = attempt(request)
    for level, message in outcome.lines:
        invocation.tell(level, message)
    if outcome.error_type:
        invocation.fail(outcome.error)
    else:
        invocation.tell("info", f"Delivered in {outcome.milliseconds} ms.")


def sample_event(function: HogFunction, now: datetime) -> dict[str, Any]:
    """An event that the destination's filters are likely to want."""
    events = function.filters.get("events") or []
    wanted = next((entry["id"] for entry in events if entry.get("id")), "$pageview")
    return {
        "uuid": str(uuid7()),
        "event": wanted,
        "distinct_id": "test",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "url": project_url(function.project),
        "elements_chain": "",
        "properties": {"test": True},
    }
