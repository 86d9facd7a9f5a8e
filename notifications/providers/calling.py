"""Calls to other services' APIs, and what of their failures users see."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from rest_framework.exceptions import ValidationError

from notifications import outgoing

MAX_MESSAGE = 500
MAX_PAGES = 10
MESSAGE_KEYS = ("message", "error", "error_description", "errorMessages", "errors", "detail")


class ProviderError(ValidationError):
    """The service refused, failed or could not be reached; the message is for users."""


@dataclass(frozen=True)
class Account:
    """What a service tells of the account that a token belongs to."""

    id: str
    display_name: str
    config: dict[str, Any]
    secrets: dict[str, Any]


@dataclass(frozen=True)
class Ticket:
    url: str
    id: str


@dataclass(frozen=True)
class Service:
    """A service's API, as one account calls it."""

    name: str
    url: str
    headers: Mapping[str, str]
    secret: str = field(repr=False)
    """What no message may repeat."""

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, orjson.dumps(body))

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The answer's JSON. Raises ProviderError unless the call succeeds."""
        headers = {"Accept": "application/json", **self.headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = outgoing.request(method, self.url + path, headers=headers, body=body)
        except outgoing.OutgoingError as error:
            raise ProviderError(f"{self.name} can't be reached: {error}") from error
        content = answer.json()
        if not answer.is_success:
            raise self.error(message_of(content) or f"HTTP status {answer.status}")
        if content is None or b"\\u0000" in answer.body:
            raise self.error("the answer is not JSON that can be stored")
        return content

    def error(self, message: str) -> ProviderError:
        message = message.replace(self.secret, "…") if self.secret else message
        return ProviderError(f"{self.name} refused: {message[:MAX_MESSAGE]}")

    def read(self, content: Any, *path: str) -> Any:
        """The value at a path of the answer; an answer without it is not one of this service."""
        for step in path:
            if not isinstance(content, dict) or content.get(step) is None:
                raise self.error(f"the answer has no {'.'.join(path)}")
            content = content[step]
        return content

    def rows(self, content: Any, keys: Sequence[str], *path: str) -> list[dict]:
        """The list of objects at a path of the answer, of each just these keys."""
        rows = self.read(content, *path) if path else content
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.error("the answer is not the list it should be")
        return [{key: row.get(key) for key in keys} for row in rows]


def message_of(content: Any, depth: int = 4) -> str | None:
    """The message in an error's body, whichever way the service puts it."""
    if isinstance(content, str) or depth == 0:
        return content if isinstance(content, str) else None
    if isinstance(content, list):
        found = [message_of(item, depth - 1) for item in content[:10]]
    elif isinstance(content, dict):
        found = [message_of(content[key], depth - 1) for key in MESSAGE_KEYS if key in content]
        if not any(found):
            inner = {key: message_of(value, depth - 1) for key, value in content.items()}
            found = [f"{key}: {message}" for key, message in inner.items() if message]
    else:
        return None
    return "; ".join(filter(None, found)) or None


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
