"""The destinations of an alert on logs: a hog function for each thing it tells."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import ValidationError

from alerts.models import LogsAlert
from alerts.on_logs.states import Notice
from alerts.on_logs.telling import EVENTS
from notifications import destinations, inputs
from notifications.models import HogFunction
from notifications.templates import SLACK, TEMPLATES, WEBHOOK
from projects.models import Project, User

TYPES = {"slack": SLACK.id, "webhook": WEBHOOK.id}
WORDS = {
    Notice.FIRE: ("firing", "{event.properties.result_count} lines"),
    Notice.RESOLVE: ("resolved", "{event.properties.result_count} lines"),
    Notice.ERROR: ("errored", "{event.properties.error_message}"),
    Notice.BROKEN: ("auto_disabled", "{event.properties.last_error_message}"),
}


def of_alerts(project: Project) -> dict[str, list[HogFunction]]:
    """The project's destinations by the id of the alert that their filters ask for."""
    found: dict[str, list[HogFunction]] = {}
    functions = HogFunction.objects.filter(
        project=project, deleted=False, type=HogFunction.Type.INTERNAL_DESTINATION
    )
    for function in functions.order_by("created_at", "id"):
        properties = function.filters.get("properties")
        for item in properties if isinstance(properties, list) else []:
            if item.get("key") == "alert_id" and isinstance(item.get("value"), str):
                found.setdefault(item["value"], []).append(function)
    return found


def types_of(functions: Iterable[HogFunction]) -> list[str]:
    templates = {function.template_id for function in functions}
    return sorted(name for name, template in TYPES.items() if template in templates)


@transaction.atomic
def add(alert: LogsAlert, wanted: dict[str, Any], user: User) -> list[UUID]:
    """Make the destination; returns the ids of its functions."""
    template = TEMPLATES[TYPES[wanted["type"]]]
    made = []
    for notice, (word, detail) in WORDS.items():
        given = inputs_of(wanted, word, detail)
        function = HogFunction(
            project=alert.project,
            type=HogFunction.Type.INTERNAL_DESTINATION,
            template_id=template.id,
            name=f"{alert.name} {word.replace('_', ' ')}: {wanted['type']}"[:400],
            icon_url=template.icon_url,
            enabled=True,
            filters={
                "events": [{"id": EVENTS[notice], "type": "events"}],
                "properties": [
                    {
                        "key": "alert_id",
                        "value": str(alert.id),
                        "operator": "exact",
                        "type": "event",
                    }
                ],
            },
        )
        try:
            read = inputs.read(template, given, alert.project, None)
        except ValidationError as error:
            raise renamed(error) from error
        destinations.put_inputs(function, read)
        destinations.create(function, user)
        made.append(function.id)
    return made


def inputs_of(wanted: dict[str, Any], word: str, detail: str) -> dict[str, Any]:
    if wanted["type"] == "webhook":
        body = {
            "id": "{event.uuid}",
            "type": f"logs_alert.{word}",
            "timestamp": "{event.properties.triggered_at}",
            "data": "{event.properties}",
        }
        return {"url": {"value": wanted["webhook_url"]}, "body": {"value": body}}
    text = "Log alert {event.properties.alert_name} " + f"{word.replace('_', ' ')}: {detail}"
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "<{event.url}|Open the alert>"}],
        },
    ]
    return {
        "slack_workspace": {"value": wanted["slack_workspace_id"]},
        "channel": {"value": wanted["slack_channel_id"]},
        "blocks": {"value": blocks},
        "text": {"value": text},
    }


FIELDS = {
    "url": "webhook_url",
    "slack_workspace": "slack_workspace_id",
    "channel": "slack_channel_id",
}


def renamed(error: ValidationError) -> ValidationError:
    """The same for the field that the client knows."""
    detail = error.detail
    if isinstance(detail, dict) and isinstance(detail.get("inputs"), dict):
        detail = {FIELDS.get(key, key): value for key, value in detail["inputs"].items()}
    elif isinstance(detail, dict):
        detail = {
            FIELDS.get(key.removeprefix("inputs__"), key): value for key, value in detail.items()
        }
    return ValidationError(detail)


@transaction.atomic
def remove(alert: LogsAlert, ids: list[UUID], user: User) -> None:
    """Raises ValidationError unless all of them are the alert's."""
    functions = [each for each in of_alerts(alert.project).get(str(alert.id), []) if each.id in ids]
    if len(functions) < len(set(ids)):
        raise ValidationError(
            {"hog_function_ids": "Not all of these are destinations of this alert."},
            code="does_not_exist",
        )
    for function in functions:
        destinations.change(function, {"deleted": True, "enabled": False}, None, user)
