"""Slack: messages to channels, by a bot token."""

from typing import Any
from urllib.parse import urlencode

from notifications.providers.calling import MAX_PAGES, Account, Service

NAME = "Slack"
REQUIRED = ("access_token",)
OPTIONAL = ("api_url",)
URLS = ("api_url",)
API_URL = "https://slack.com/api"
SHOWN = ("id", "name", "is_private", "is_member", "is_ext_shared")


class Slack(Service):
    """Slack's errors are answers with status 200 and `ok` false."""

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        content = super().call(method, path, body)
        if not self.read(content, "ok"):
            raise self.error(str(content.get("error")))
        return content


def service(secrets: dict[str, Any]) -> Slack:
    token = secrets["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return Slack(NAME, secrets.get("api_url") or API_URL, headers, token)


def probe(config: dict[str, str]) -> Account:
    slack = service(config)
    answer = slack.post("/auth.test", {})
    team = {"id": slack.read(answer, "team_id"), "name": slack.read(answer, "team")}
    return Account(id=team["id"], display_name=team["name"], config={"team": team}, secrets=config)


def channels(config: dict[str, Any], secrets: dict[str, Any]) -> list[dict]:
    """The channels that the bot sees; two thousand at most."""
    slack, found, cursor = service(secrets), [], ""
    for _ in range(MAX_PAGES):
        query = urlencode(
            {
                "types": "public_channel,private_channel",
                "exclude_archived": "true",
                "limit": 200,
                "cursor": cursor,
            }
        )
        page = slack.get(f"/conversations.list?{query}")
        for row in slack.rows(page, SHOWN, "channels"):
            row["is_private_without_access"] = bool(row["is_private"] and not row["is_member"])
            found.append(row)
        cursor = slack.read({"response_metadata": {}} | page, "response_metadata").get(
            "next_cursor"
        )
        if not cursor:
            break
    return found
