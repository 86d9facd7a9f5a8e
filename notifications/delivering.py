"""Delivering what waits for destinations. Any number of workers may do so at once.

An attempt is claimed and committed before the request is made, so a delivery whose sender was
killed is tried again once the claim runs out. Only then can a request arrive twice, with the same
`webhook-id`.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from app_metrics.recording import Category, record
from notifications import logs, mail, outgoing
from notifications.models import Delivery
from notifications.rendering import CannotRender, Prepared, names, prepare

logger = logging.getLogger(__name__)

AT_ONCE = 16
AT_ONCE_EACH = 4
ROUND = timedelta(seconds=20)
LOOK_SECONDS = 0.5
KEPT = timedelta(days=30)
PRUNED_AT_ONCE = 1000
SHOWN_OF_ANSWER = 500
DEBUG_SHOWN_OF_ANSWER = 5000


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended."""

    error_type: str = ""
    """Empty when the other side has the event."""
    error: str = ""
    may_retry: bool = False
    milliseconds: int = 0
    lines: list[tuple[str, str]] = field(default_factory=list)
    """What a destination that debugs wants to know."""


def run_due(now: datetime) -> int:
    """Make the attempts that are due, of deliveries and e-mails; returns how many there were."""
    return deliver_due(now) + mail.send_due(now)


def deliver_due(now: datetime) -> int:
    """Make the deliveries that are due, side by side; returns how many attempts there were.

    Starts none after ROUND, so that the caller gets a say every half a minute.
    """
    started, made = time.monotonic(), 0
    running: dict[Future, Delivery] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery") as pool:
        while True:
            moment = now + timedelta(seconds=time.monotonic() - started)
            while moment - now < ROUND and (claimed := claim(moment, running.values())):
                made += len(claimed)
                for delivery in claimed:
                    if request := prepared(delivery, moment):
                        running[pool.submit(attempt, request)] = delivery
            if not running:
                return made
            done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
            moment = now + timedelta(seconds=time.monotonic() - started)
            for future in done:
                finish(running.pop(future), future.result(), moment)


def claim(now: datetime, running: Collection[Delivery]) -> list[Delivery]:
    """As many as there is room for, and few of each destination: one that is down takes long."""
    free = AT_ONCE - len(running)
    each = Counter(delivery.function_id for delivery in running)
    busy = [function_id for function_id, count in each.items() if count >= AT_ONCE_EACH]
    rows = Delivery.objects.select_related("function__project", "function__integration")
    return rows.exclude(function__in=busy).claim(now, min(free, AT_ONCE_EACH)) if free else []


def prepared(delivery: Delivery, now: datetime) -> Prepared | None:
    """The request to make, unless the delivery ends here."""
    function = delivery.function
    if not function.enabled or function.deleted:
        delivery.settle(
            Delivery.State.CANCELLED, now, "The destination has been disabled or deleted."
        )
        return None
    payload = orjson.loads(delivery.payload)
    named = names(function, payload["event"], payload["person"])
    try:
        return prepare(function, named, str(delivery.id), now)
    except CannotRender as error:
        finish(delivery, Outcome("InvalidInputs", str(error)), now)
        return None


def attempt(request: Prepared) -> Outcome:
    """Make one request and judge its answer."""
    started = time.monotonic()
    lines = [("debug", f"Request: {as_json(request.shown())}")] if request.debug else []
    try:
        answer = outgoing.request(
            request.method, request.url, headers=request.headers, body=request.body, cut=True
        )
    except outgoing.OutgoingError as error:
        is_network = isinstance(error, outgoing.Unreachable)
        return Outcome(type(error).__name__, str(error), is_network, since(started), lines)
    if request.debug:
        shown = answer.text[:DEBUG_SHOWN_OF_ANSWER]
        lines.append(("debug", f"Response: {answer.status} {shown}"))
    if not answer.is_success:
        may_retry = answer.status == 429 or answer.status >= 500
        error = f"HTTP status {answer.status}: {answer.text[:SHOWN_OF_ANSWER]}".rstrip(": ")
        return Outcome(f"HTTP{answer.status}", error, may_retry, since(started), lines)
    if refusal := request.refusal(answer):
        return Outcome("Refused", refusal, False, since(started), lines)
    return Outcome(milliseconds=since(started), lines=lines)


def since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


@transaction.atomic
def finish(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """Write how the attempt ended: for the next one, for people and for the metrics."""
    lines = list(outcome.lines)
    if outcome.error_type and outcome.may_retry and delivery.may_retry:
        is_ours = delivery.retry_later(now, outcome.error)
        seconds = round((delivery.next_attempt_at - now).total_seconds())
        lines.append(("warn", f"{outcome.error} Trying again in {seconds} seconds."))
    elif outcome.error_type:
        is_ours = delivery.settle(Delivery.State.FAILED, now, outcome.error)
        tries = f" after {delivery.attempts} attempts" if delivery.attempts > 1 else ""
        lines.append(("error", f"Failed{tries}: {outcome.error}"))
    else:
        is_ours = delivery.settle(Delivery.State.SENT, now)
        lines.append(("info", f"Delivered in {outcome.milliseconds} ms."))
    if not is_ours:
        logger.warning("Delivery %s took longer than its claim.", delivery.id)
        return
    logs.write(delivery.function, lines, str(delivery.id))
    if delivery.finished_at:
        count(delivery, outcome)


def count(delivery: Delivery, outcome: Outcome) -> None:
    is_retry = delivery.attempts > 1
    details = {
        "error": {"name": outcome.error_type, "message": outcome.error},
        "event": {"uuid": str(delivery.event_uuid)},
    }
    record(
        delivery.project_id,
        Category.WEBHOOK,
        job_id=str(delivery.function_id),
        successes=int(not outcome.error_type and not is_retry),
        successes_on_retry=int(not outcome.error_type and is_retry),
        failures=int(bool(outcome.error_type)),
        error_type=outcome.error_type,
        error_details=details if outcome.error_type else None,
    )


def prune(now: datetime) -> int:
    """Forget what was settled more than a month ago; returns how many rows went.

    Removes at most some at a time: call it again while it returns any.
    """
    pruned = mail.prune(now - KEPT, PRUNED_AT_ONCE)
    old = Delivery.objects.filter(finished_at__lt=now - KEPT).values_list("id", flat=True)
    return pruned + Delivery.objects.filter(id__in=list(old[:PRUNED_AT_ONCE])).delete()[0]
