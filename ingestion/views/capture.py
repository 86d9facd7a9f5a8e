"""Events in: everything is answered once it is durable, and worked on later."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ingestion import guards, queue
from ingestion.decoding.documents import load
from ingestion.decoding.events import Reception, captured_events, parse_batch
from ingestion.views.requests import (
    client_ip,
    find_project,
    read_body,
    read_payload,
    stored,
    takes,
)


@takes("GET", "POST")
def capture(request: HttpRequest, unnamed: str | None = None) -> HttpResponse:
    """Store events, or refuse them all. Those without name are called `unnamed`."""
    received_at = datetime.now(UTC)
    batch = parse_batch(load(read_payload(request)), request.GET, unnamed)
    project = find_project(batch.token)
    reception = Reception(
        received_at, batch.sent_at, client_ip(request), keep_ip=not project.anonymize_ips
    )
    if events := captured_events(batch.events, reception):
        guards.check(project.id, len(events))
        queue.put(project.id, events, received_at, batch.historical)
    return stored(request)


@takes("GET", "POST")
def discard_recording(request: HttpRequest) -> HttpResponse:
    """Session recordings are taken and thrown away, which keeps their clients quiet."""
    read_body(request, settings.REPLAY_MAX_BYTES)
    return stored(request)
