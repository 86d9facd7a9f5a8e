"""From a destination and an event to the request that delivers it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson
from django.conf import settings
from rest_framework.exceptions import ValidationError

from notifications import placeholders, signing
from notifications.models import HogFunction
from notifications.outgoing import Answer
from notifications.providers import slack
from projects.models import Project

WITHOUT_BODY = {"GET"}
SHOWN_OF_ANSWER = 500


class CannotRender(Exception):
    """The inputs make no request; the message tells why."""


def never(answer: Answer) -> str | None:
    return None


@dataclass(frozen=True)
class Prepared:
    """A request, ready to be made."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None
    debug: bool = False
    hidden: frozenset[str] = frozenset()
    """Headers that no log shows."""
    refusal: Callable[[Answer], str | None] = never
    """What an answer with a good status says went wrong."""

    def shown(self) -> dict[str, Any]:
        """As logs show it."""
        headers = {k: "…" if k in self.hidden else v for k, v in self.headers.items()}
        body = self.body.decode("utf-8", "replace") if self.body else None
        return {"method": self.method, "url": self.url, "headers": headers, "body": body}


def names(function: HogFunction, event: dict, person: dict | None) -> dict[str, Any]:
    """What placeholders can name."""
    url = project_url(function.project)
    return {
        "event": event,
        "person": person,
        "project": {"id": function.project_id, "name": function.project.name, "url": url},
        "source": {"name": function.name, "url": f"{url}/functions/{function.id}"},
    }


def project_url(project: Project) -> str:
    return f"{settings.SITE_URL}/project/{project.id}"


def event_url(project: Project, uuid: str, timestamp: str) -> str:
    return f"{project_url(project)}/events/{uuid}/{quote(timestamp, safe='')}"


def prepare(
    function: HogFunction, named: dict[str, Any], message_id: str, now: datetime
) -> Prepared:
    """The request of one event. Raises CannotRender."""
    values = {
        key: value if is_secret(function, key) else placeholders.render(value, named)
        for key, value in function.values().items()
    }
    try:
        return RENDERERS[function.template_id](function, values, message_id, now)
    except ValidationError as error:  # a secret of another SECRET_KEY
        raise CannotRender(str(error.detail[0])) from error


def is_secret(function: HogFunction, key: str) -> bool:
    return bool(function.template.input(key)["secret"])


def webhook(function: HogFunction, values: dict, message_id: str, now: datetime) -> Prepared:
    headers = {
        name: placeholders.as_text(value) for name, value in (values["headers"] or {}).items()
    }
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    body = None if values["method"] in WITHOUT_BODY else encode(values["body"])
    if secret := values["signing_secret"]:
        headers |= signing.signature_headers(secret, message_id, body or b"", now)
    return Prepared(
        method=values["method"],
        url=placeholders.as_text(values["url"]),
        headers=headers,
        body=body,
        debug=bool(values["debug"]),
    )


def post_to_slack(function: HogFunction, values: dict, message_id: str, now: datetime) -> Prepared:
    if function.integration is None:
        raise CannotRender("The Slack workspace is no longer connected: choose another one.")
    service = slack.service(function.integration.secrets)
    keys = ("channel", "blocks", "text", "username", "icon_emoji", "thread_ts")
    message = {key: values[key] for key in keys if values[key] not in (None, "")}
    return Prepared(
        method="POST",
        url=f"{service.url}/chat.postMessage",
        headers={**service.headers, "Content-Type": "application/json; charset=utf-8"},
        body=encode(message),
        hidden=frozenset({"Authorization"}),
        refusal=slack_refusal,
    )


def slack_refusal(answer: Answer) -> str | None:
    content = answer.json()
    if isinstance(content, dict) and content.get("ok"):
        return None
    error = content.get("error") if isinstance(content, dict) else None
    return f"Slack refused: {str(error or answer.text)[:SHOWN_OF_ANSWER]}"


def post_to_discord(
    function: HogFunction, values: dict, message_id: str, now: datetime
) -> Prepared:
    return post_json(values["webhookUrl"], {"content": placeholders.as_text(values["content"])})


def post_to_teams(function: HogFunction, values: dict, message_id: str, now: datetime) -> Prepared:
    text = placeholders.as_text(values["text"])
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return post_json(values["webhookUrl"], {"type": "message", "attachments": [attachment]})


def post_json(url: Any, body: dict) -> Prepared:
    headers = {"Content-Type": "application/json"}
    return Prepared("POST", placeholders.as_text(url), headers, encode(body))


def encode(body: Any) -> bytes | None:
    """Text goes as it is, anything else as JSON."""
    if body is None:
        return None
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


RENDERERS = {
    "template-webhook": webhook,
    "template-slack": post_to_slack,
    "template-discord": post_to_discord,
    "template-microsoft-teams": post_to_teams,
}
