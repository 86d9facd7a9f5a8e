"""What captured events do to persons and groups: the stage of ingestion before exceptions.

PostHog: nodejs/src/worker/ingestion/persons/. There each event asks and changes the database on
its own. Here a batch is loaded, worked through in memory one event after the other (profiles.py,
groups.py), and stored: the outcome is that of one by one, for a few queries a batch.
"""

import random
import time
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from persons.processing import storing
from persons.processing.groups import Groups
from persons.processing.profiles import Profiles
from posthog_clone.captured import CapturedEvent

ATTEMPTS = 20
MAX_PAUSE = 0.02  # seconds


def apply_events(events: Sequence[CapturedEvent], lane: int | None = None) -> None:
    """Work the events, of any projects, into persons and groups, in their order.

    Shows in each event whom it is about (person_id, person_properties …), drops those that need a
    profile and forbid one, and puts copies of what changed into the outbox's `lane`. To be called
    in a transaction, with the batch's queue rows say.

    Two workers may be about the same persons. What is stored is locked before it is read, persons
    in the order of their ids, so that it can't change underneath and nobody waits in a circle. What
    is not stored yet can't be locked: the second one to store it runs into the unique constraint,
    goes back to the savepoint (which gives its locks back), and starts over with what the first one
    stored.
    """
    events = [event for event in events if not event.dropped]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                profiles, groups = storing.load(events, after_conflict=attempt > 1)
                apply_in_memory(events, profiles, groups)
                storing.save(profiles, groups, lane)
            return
        except (IntegrityError, storing.Moved):
            if attempt == ATTEMPTS:
                raise
        time.sleep(random.uniform(0, MAX_PAUSE))  # or those in each other's way meet again


def apply_in_memory(events: Sequence[CapturedEvent], profiles: Profiles, groups: Groups) -> None:
    """Doing it again, to the same events, leaves them the same."""
    for event in events:
        profiles.apply(event)
        if not event.dropped:
            groups.apply(event)
