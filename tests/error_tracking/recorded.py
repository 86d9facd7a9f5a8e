"""Exception events of the recorded SDK requests."""

import copy
import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "fixtures" / "sdk"


def exception_events(name: str) -> list[dict]:
    """The properties of the request's `$exception` events, one's own to change."""
    body = json.loads((FOLDER / f"{name}.json").read_text())["body"]
    events = body if isinstance(body, list) else body["batch"]
    return [copy.deepcopy(event["properties"]) for event in events if is_exception(event)]


def is_exception(event: dict) -> bool:
    return event["event"] == "$exception"
