"""How long a project's log lines are kept. ClickHouse drops the days that are over by itself."""

from typing import Any

from django.conf import settings

MAX_DAYS = 3650


def retention_days(project_settings: dict[str, Any]) -> int:
    """`logs_settings.retention_days` of the project, else LOGS_RETENTION_DAYS.

    Each line carries its own, so a change holds for lines received from then on.
    """
    own = project_settings.get("logs_settings") or {}
    days = own.get("retention_days") if isinstance(own, dict) else None
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        days = settings.LOGS_RETENTION_DAYS
    return min(max(days, 1), MAX_DAYS)
