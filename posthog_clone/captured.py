"""An event on its way from capture to storage: what every stage of ingestion shares.

Capture fills the first block; persons and error tracking fill the second; events stores it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class CapturedEvent:
    project_id: int
    uuid: UUID
    event: str
    distinct_id: str
    timestamp: datetime
    """When it happened, UTC, corrected for the client's clock."""
    properties: dict[str, Any]
    received_at: datetime
    historical: bool = False
    """Sent with historical_migration: raises no alert and no spike."""

    person_id: UUID | None = None
    person_properties: dict[str, Any] = field(default_factory=dict)
    """As of this event; empty for personless events."""
    person_mode: str = "full"
    """`full`: has a profile; `propertyless`: $process_person_profile false and no person."""
    person_created_at: datetime | None = None
    issue_id: UUID | None = None
    fingerprint: str = ""
    dropped: bool = False
    """Set by a stage to keep the event out of storage (suppressed issue, personless $identify)."""
    encoded: dict[str, Any] = field(default_factory=dict)
    """Properties whose final value is JSON text already, for storage to copy."""
