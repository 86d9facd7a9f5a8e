from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest

from ingestion import guards, queue, status, tokens
from ingestion.models import QueuedBatch
from ingestion.worker import Worker


@pytest.fixture(autouse=True)
def _fresh_guards():
    status.recent.forget()
    guards.rate.buckets.clear()
    tokens.forget()
    yield
    queue.writer.stop()


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def captured():
    """Makes an event as capture hands it to the queue."""

    def make(**fields) -> dict:
        return {
            "uuid": str(uuid4()),
            "event": "clicked",
            "distinct_id": "ada",
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {},
            **fields,
        }

    return make


@pytest.fixture
def queued(settings):
    """Reads the events that wait in the queue, in the order they came in."""
    settings.INGESTION_LANES = 1

    def read() -> list[dict]:
        return [
            orjson.loads(line)
            for batch in QueuedBatch.objects.order_by("id")
            for line in bytes(batch.payload).split(b"\n")
        ]

    return read
