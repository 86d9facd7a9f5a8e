"""A language model of the operator's choice, asked by OpenAI's API, which many others speak too.

It is told the names of events and properties and the form of queries; no event goes out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from insights.max.schemas import SCHEMAS
from insights.max.vocabulary import Vocabulary
from notifications import outgoing

SECONDS = 60.0
ATTEMPTS = 2
MOST_NAMES = 200
TASK = """\
You turn questions about product analytics into one query of the kind {kind}. It is {now} now.

Answer with one JSON object and nothing else:
{{"plan": "<what the query does, in one or two sentences>", "query": {{"kind": "{kind}", …}}}}
or, when the events and properties below can't answer the question:
{{"plan": "<why not, for the person who asked>", "query": null}}

The query must fit this JSON schema:
{schema}

Use only these names, exactly as they are.
Events: {events}
Properties of events: {event_properties}
Properties of persons: {person_properties}
"""


class Failed(Exception):
    """The model gave no usable answer; the message is fit for users."""


@dataclass(frozen=True, slots=True)
class Proposal:
    query: dict[str, Any] | None
    text: str


def is_configured() -> bool:
    return bool(settings.MAX_MODEL_URL and settings.MAX_MODEL)


class Conversation:
    def __init__(self, kind: str, question: str, names: Vocabulary, now: datetime):
        task = TASK.format(
            kind=kind,
            now=now.isoformat(timespec="seconds"),
            schema=as_json(SCHEMAS[kind]),
            events=as_json(list(names.events[:MOST_NAMES])),
            event_properties=as_json(list(names.event_properties[:MOST_NAMES])),
            person_properties=as_json(list(names.person_properties[:MOST_NAMES])),
        )
        self.messages = [
            {"role": "system", "content": task},
            {"role": "user", "content": question},
        ]

    def ask(self) -> Proposal:
        """Raises Failed."""
        content = complete(self.messages)
        self.messages.append({"role": "assistant", "content": content})
        return parse(content)

    def refuse(self, reason: str) -> None:
        self.messages.append(
            {"role": "user", "content": f"That query is refused: {reason} Mend it."}
        )


def complete(messages: list[dict[str, str]]) -> str:
    body = {
        "model": settings.MAX_MODEL,
        "messages": messages,
        "temperature": 0,
        "response_format": {"type": "json_object"},
    }
    headers = {"Content-Type": "application/json"}
    if settings.MAX_MODEL_KEY:
        headers["Authorization"] = f"Bearer {settings.MAX_MODEL_KEY}"
    try:
        answer = outgoing.request(
            "POST",
            f"{settings.MAX_MODEL_URL}/chat/completions",
            headers=headers,
            body=orjson.dumps(body),
            timeout=SECONDS,
        )
    except outgoing.OutgoingError as error:
        raise Failed(str(error)) from error
    if not answer.is_success:
        raise Failed(f"it answered with status {answer.status}.")
    try:
        content = answer.json()["choices"][0]["message"]["content"]
    except (TypeError, LookupError):
        content = None
    if not isinstance(content, str):
        raise Failed("its answer has no message.")
    return content


def parse(content: str) -> Proposal:
    start, end = content.find("{"), content.rfind("}")
    try:
        found = orjson.loads(content[start : end + 1])
    except orjson.JSONDecodeError:
        raise Failed("its answer is not JSON.") from None
    query, text = found.get("query"), str(found.get("plan") or "")
    if query is not None and not isinstance(query, dict):
        raise Failed("its query is no object.")
    return Proposal(query, text)


def as_json(value: Any) -> str:
    return orjson.dumps(value).decode()
