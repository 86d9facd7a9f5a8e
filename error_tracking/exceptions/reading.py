"""From the properties of an `$exception` event to the exception it tells of."""

from dataclasses import dataclass
from typing import Any

from error_tracking.exceptions.entries import BrokenList, Entry, customary_order, read_list
from error_tracking.exceptions.fingerprinting import (
    Fingerprint,
    Version,
    automatic_fingerprint,
    client_fingerprint,
)
from error_tracking.exceptions.images import read_images
from error_tracking.exceptions.values import clean, clean_tree, text_of

MAX_NAME = 255
SERVER_PROPERTIES = (
    "$exception_sources",
    "$exception_types",
    "$exception_values",
    "$exception_functions",
    "$exception_releases",
    "$exception_fingerprint_version",
    "$exception_proposed_fingerprint",
    "$exception_fingerprint_record",
    "$exception_issue_id",
)
"""What only the server may say about an exception; a client's own is removed."""


@dataclass(slots=True)
class ReadException:
    """An exception as it was read: in canonical order, its frames in the stored shape."""

    entries: list[Entry]
    client_fingerprint: Fingerprint | None
    lib: Any
    issue_name: str
    issue_description: str

    def stored_properties(self) -> dict[str, Any]:
        """The properties that tell of the exception, but for fingerprint and issue."""
        in_app = [
            frame.contents
            for entry in self.entries
            for frame in entry.frames
            if frame.contents["in_app"]
        ]
        return {
            "$exception_list": [entry.stored() for entry in self.entries],
            "$exception_types": distinct(entry.type for entry in self.entries),
            "$exception_values": distinct(entry.value for entry in self.entries),
            "$exception_sources": distinct(frame.get("source") for frame in in_app),
            "$exception_functions": distinct(frame.get("resolved_name") for frame in in_app),
            "$exception_handled": self.entries[0].is_handled,
        }

    def automatic_fingerprints(self) -> list[Fingerprint]:
        """Best first: the newest version decides unless only an older one is known."""
        versions = sorted(Version, reverse=True)
        found = [automatic_fingerprint(self.entries, version) for version in versions]
        if customary := customary_order(self.entries, self.lib):
            found += [automatic_fingerprint(customary, version) for version in versions]
        return found


def read(properties: dict[str, Any]) -> ReadException:
    """Read the exception, taking out of the properties what only the server may say.

    Raises BrokenList when there is no exception list to read; the properties can be stored then.
    """
    for key in SERVER_PROPERTIES:
        properties.pop(key, None)
    lib = properties.get("$lib")
    raw_list = properties.get("$exception_list")
    if raw_list is None:
        raw_list = legacy_list(properties)
    try:
        images = read_images(properties)
        entries = read_list(raw_list, lib, properties.get("$lib_version"), images)
    except BrokenList:
        if "$exception_list" in properties:
            properties["$exception_list"] = clean_tree(properties["$exception_list"])
        raise
    outermost = entries[0]
    return ReadException(
        entries=entries,
        client_fingerprint=sent_fingerprint(properties.get("$exception_fingerprint")),
        lib=lib,
        issue_name=name_of(properties.get("$issue_name"), outermost.type),
        issue_description=name_of(properties.get("$issue_description"), outermost.value),
    )


def legacy_list(properties: dict[str, Any]) -> list | None:
    """A list of one, from the properties that SDKs sent before there were lists."""
    kind, message = properties.get("$exception_type"), properties.get("$exception_message")
    if kind is None and message is None:
        return None
    return [{"type": kind, "value": message}]


def sent_fingerprint(value: Any) -> Fingerprint | None:
    if value in (None, "") or isinstance(value, bool | dict | list):
        return None
    return client_fingerprint(text_of(value))


def name_of(sent: Any, default: str) -> str:
    return (clean(sent) if isinstance(sent, str) and sent else default)[:MAX_NAME]


def distinct(texts) -> list[str]:
    """The texts there are, each once, in order."""
    return [text for text in dict.fromkeys(texts) if text is not None]
