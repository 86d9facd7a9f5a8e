"""What an alert on logs would have done in the past. Writes nothing."""

from datetime import datetime, timedelta
from typing import Any

from alerts.models.logs import LogsState
from alerts.on_logs.counting import counts
from alerts.on_logs.states import Notice, Situation, decide, is_breach
from posthog_clone.api.times import iso


def simulate(
    project_id: int, wanted: dict[str, Any], since: datetime, now: datetime
) -> dict[str, Any]:
    state, last_notified_at = LogsState.NOT_FIRING, None
    breaches: list[bool] = []
    buckets = []
    for moment, count in counts(
        project_id, wanted["filters"], wanted["window_minutes"], since, now
    ):
        breached = is_breach(count, wanted["threshold_operator"], wanted["threshold_count"])
        breaches = [breached, *breaches][: wanted["evaluation_periods"]]
        situation = Situation(
            state=state,
            last_notified_at=last_notified_at,
            cooldown=timedelta(minutes=wanted["cooldown_minutes"]),
            periods=wanted["evaluation_periods"],
            needed=wanted["datapoints_to_alarm"],
        )
        decision = decide(situation, breaches, moment)
        buckets.append(
            {
                "timestamp": iso(moment),
                "count": count,
                "threshold_breached": breached,
                "state": decision.state,
                "notification": decision.notice,
                "reason": reason(situation, decision.state, decision.notice, count, breaches),
            }
        )
        state = decision.state
        if decision.notice != Notice.NONE:
            last_notified_at = moment
    told = [bucket["notification"] for bucket in buckets]
    return {
        "buckets": buckets,
        "fire_count": told.count(Notice.FIRE),
        "resolve_count": told.count(Notice.RESOLVE),
        "total_buckets": len(buckets),
        "threshold_count": wanted["threshold_count"],
        "threshold_operator": wanted["threshold_operator"],
    }


def reason(
    situation: Situation, state: str, notice: Notice, count: int, breaches: list[bool]
) -> str:
    of = f"{sum(breaches)} of the last {len(breaches)} checks beyond the threshold"
    if state == situation.state:
        return f"{count} lines; {of}: stays {state.replace('_', ' ')}."
    quiet = "" if notice != Notice.NONE else ", untold since the last notice is fresh"
    return f"{count} lines; {of}: {state.replace('_', ' ')}{quiet}."
