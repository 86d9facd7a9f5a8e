"""`/_readyz`: whether what is accepted becomes readable in time."""

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse

from ingestion import status


def ready(request: HttpRequest) -> JsonResponse:
    """200 while accepted events become readable within READY_MAX_LAG_SECONDS, 503 otherwise."""
    try:
        now = status.recent.get()
    except Error:
        return JsonResponse(
            {"status": "error", "detail": "The database does not answer."}, status=503
        )
    late = now.lag_seconds > settings.READY_MAX_LAG_SECONDS
    return JsonResponse(
        {
            "status": "lagging" if late else "ok",
            "digested_events": status.digested.total,
            "queued_events": now.queued_events,
            "undelivered_rows": now.undelivered_rows,
            "lag_seconds": round(now.lag_seconds, 1),
            "dead_letters": now.dead_letters,
            "free_disk_bytes": now.free_disk_bytes,
        },
        status=503 if late else 200,
    )
