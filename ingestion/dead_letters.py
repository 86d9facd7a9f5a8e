"""Events that could not be digested: parked with their error, and sent round again on request."""

import orjson
from django.db import transaction
from django.utils import timezone

from ingestion import queue
from ingestion.models import DeadLetter

MAX_ERROR_LENGTH = 10_000


def park(
    stage: str, payload: bytes, error: str, *, project_id: int | None = None, received_at=None
) -> None:
    text = payload.decode("utf-8", "replace").replace("\x00", "\ufffd")
    DeadLetter.objects.create(
        project_id=project_id,
        stage=stage,
        error=error.replace("\x00", "\ufffd")[:MAX_ERROR_LENGTH],
        payload=text,
        received_at=received_at,
    )


@transaction.atomic
def requeue(letter: DeadLetter) -> None:
    """Put a parked event back into the queue. Raises ValueError for rows of other kinds."""
    if letter.stage != "digest" or letter.project_id is None:
        raise ValueError("Only events that failed to digest can go back to the queue.")
    event = orjson.loads(letter.payload)
    queue.put(letter.project_id, [event], letter.received_at or timezone.now())
    letter.delete()
