"""What destinations can be made of: each template names its inputs."""

from dataclasses import dataclass, field
from typing import Any

METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE")
ABOUT_EVENT = "*{person.name}* triggered {event.event}"


@dataclass(frozen=True)
class Template:
    id: str
    name: str
    description: str
    icon_url: str
    category: list[str]
    inputs_schema: list[dict[str, Any]] = field(repr=False)
    type: str = "destination"
    status: str = "stable"
    free: bool = True
    code: str = ""
    """Templates run no code here: what each does is in rendering.py."""
    code_language: str = "hog"
    filters: dict | None = None
    masking: dict | None = None
    mapping_templates: list | None = None

    def input(self, key: str) -> dict[str, Any] | None:
        return next((each for each in self.inputs_schema if each["key"] == key), None)


def described(
    key: str, type: str, label: str, description: str, *, required: bool = False, **more: Any
) -> dict[str, Any]:
    """An input, in the words of the API."""
    return {
        "key": key,
        "type": type,
        "label": label,
        "description": description,
        "required": required,
        "secret": False,
        "hidden": False,
        **more,
    }


WEBHOOK = Template(
    id="template-webhook",
    name="HTTP Webhook",
    description="Sends an HTTP request that can hold anything of the event.",
    icon_url="/static/services/webhook.svg",
    category=["Custom"],
    inputs_schema=[
        described("url", "string", "Webhook URL", "Where the request goes.", required=True),
        described(
            "method",
            "choice",
            "Method",
            "The method of the request.",
            choices=[{"label": method, "value": method} for method in METHODS],
            default="POST",
        ),
        described(
            "body",
            "json",
            "JSON Body",
            "What the request holds.",
            default={"event": "{event}", "person": "{person}"},
        ),
        described(
            "headers",
            "dictionary",
            "Headers",
            "Further headers of the request.",
            default={"Content-Type": "application/json"},
        ),
        described(
            "signing_secret",
            "string",
            "Signing secret",
            "Signs each request as Standard Webhooks has it.",
            secret=True,
        ),
        described(
            "debug", "boolean", "Log responses", "Logs requests and their responses.", default=False
        ),
    ],
)
SLACK = Template(
    id="template-slack",
    name="Slack",
    description="Posts a message to a Slack channel.",
    icon_url="/static/services/slack.png",
    category=["Customer Success"],
    inputs_schema=[
        described(
            "slack_workspace",
            "integration",
            "Slack workspace",
            "The connected workspace.",
            required=True,
            integration="slack",
        ),
        described(
            "channel",
            "integration_field",
            "Channel to post to",
            "A channel's id, or its name with #. The bot must be a member of private channels.",
            required=True,
            integration_key="slack_workspace",
            integration_field="slack_channel",
        ),
        described("icon_emoji", "string", "Emoji icon", "Shown beside the message."),
        described("username", "string", "Bot name", "Who posts.", default="PostHog"),
        described(
            "blocks",
            "json",
            "Blocks",
            "The message in Slack's Block Kit.",
            default=[{"type": "section", "text": {"type": "mrkdwn", "text": ABOUT_EVENT}}],
        ),
        described(
            "text",
            "string",
            "Plain text message",
            "Shown where blocks are not, as in notifications.",
            default=ABOUT_EVENT,
        ),
        described(
            "thread_ts", "string", "Reply in thread", "The timestamp of the message to reply to."
        ),
    ],
)
DISCORD = Template(
    id="template-discord",
    name="Discord",
    description="Posts a message to a Discord channel.",
    icon_url="/static/services/discord.png",
    category=["Customer Success"],
    inputs_schema=[
        described(
            "webhookUrl", "string", "Webhook URL", "The channel's webhook URL.", required=True
        ),
        described(
            "content",
            "string",
            "Content",
            "The message, in Discord's Markdown.",
            required=True,
            default="**{person.name}** triggered {event.event}",
        ),
    ],
)
MICROSOFT_TEAMS = Template(
    id="template-microsoft-teams",
    name="Microsoft Teams",
    description="Posts a message to a Microsoft Teams channel.",
    icon_url="/static/services/microsoft-teams.png",
    category=["Customer Success"],
    inputs_schema=[
        described(
            "webhookUrl", "string", "Webhook URL", "The channel's webhook URL.", required=True
        ),
        described(
            "text",
            "string",
            "Text",
            "The message, in Markdown.",
            required=True,
            default="**{person.name}** triggered {event.event}",
        ),
    ],
)
TEMPLATES = {each.id: each for each in (WEBHOOK, SLACK, DISCORD, MICROSOFT_TEAMS)}
