"""From what a check found to the state of an alert on logs, and what is to be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.models.logs import LogsAlert, LogsState

MAX_FAILURES = 5


class Notice(StrEnum):
    NONE = "none"
    FIRE = "fire"
    RESOLVE = "resolve"
    ERROR = "error"
    BROKEN = "broken"


@dataclass(frozen=True)
class Situation:
    """What an alert comes from."""

    state: str
    failures: int = 0
    last_notified_at: datetime | None = None
    cooldown: timedelta = timedelta(0)
    periods: int = 1
    needed: int = 1
    """How many of the last `periods` checks must be breaches for it to fire."""

    @classmethod
    def of(cls, alert: LogsAlert) -> "Situation":
        return cls(
            state=alert.state,
            failures=alert.consecutive_failures,
            last_notified_at=alert.last_notified_at,
            cooldown=timedelta(minutes=alert.cooldown_minutes),
            periods=alert.evaluation_periods,
            needed=alert.datapoints_to_alarm,
        )

    def is_cooling(self, now: datetime) -> bool:
        return self.last_notified_at is not None and now < self.last_notified_at + self.cooldown


@dataclass(frozen=True)
class Decision:
    state: str
    notice: Notice = Notice.NONE
    failures: int = 0


def decide(situation: Situation, breaches: Sequence[bool], now: datetime) -> Decision:
    """After a check that could be made; `breaches` are its own and those before, newest first.

    It fires once until it is calm again; both are told, but not while the last notice is fresh.
    """
    is_firing = sum(breaches[: situation.periods]) >= situation.needed
    was_firing = situation.state == LogsState.FIRING
    state = LogsState.FIRING if is_firing else LogsState.NOT_FIRING
    if is_firing == was_firing or situation.is_cooling(now):
        return Decision(state)
    return Decision(state, Notice.FIRE if is_firing else Notice.RESOLVE)


def decide_failed(situation: Situation) -> Decision:
    """After a check that could not be made. One that fires goes on firing: nobody knows better."""
    failures = situation.failures + 1
    if failures >= MAX_FAILURES:
        return Decision(LogsState.BROKEN, Notice.BROKEN, failures)
    is_firing = situation.state == LogsState.FIRING
    state = LogsState.FIRING if is_firing else LogsState.ERRORED
    return Decision(state, Notice.ERROR if failures == 1 else Notice.NONE, failures)


def is_breach(count: int, operator: str, threshold: int) -> bool:
    return count > threshold if operator == LogsAlert.Operator.ABOVE else count < threshold
