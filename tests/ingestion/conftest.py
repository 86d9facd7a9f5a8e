from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ingestion import guards, queue, status
from ingestion.worker import Worker


@pytest.fixture(autouse=True)
def _fresh_guards():
    status.recent.forget()
    guards.rate.buckets.clear()
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
