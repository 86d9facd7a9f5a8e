"""Linear: issues in teams, by an API key or an OAuth token."""

from typing import Any
from urllib.parse import urlsplit

from notifications.providers.calling import Account, Service, Ticket, message_of

NAME = "Linear"
REQUIRED = ("access_token",)
OPTIONAL = ("api_url",)
URLS = ("api_url",)
TICKET_FIELDS = ("team_id", "title", "description")
API_URL = "https://api.linear.app"
WEB_URL = "https://linear.app"
VIEWER = "query { viewer { organization { id name urlKey } } }"
TEAMS = "query { teams(first: 250) { nodes { id name } } }"
CREATE_ISSUE = """
mutation ($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { identifier } }
}
"""


class Linear(Service):
    def query(self, query: str, **variables: Any) -> dict:
        path = "" if urlsplit(self.url).path.strip("/") else "/graphql"
        content = self.post(path, {"query": query, "variables": variables})
        if isinstance(content, dict) and content.get("errors"):
            raise self.error(message_of(content["errors"]) or "the query failed")
        return self.read(content, "data")


def service(secrets: dict[str, Any]) -> Linear:
    token = secrets["access_token"]
    # Personal API keys go as they are, OAuth tokens as bearers.
    authorization = token if token.startswith("lin_api_") else f"Bearer {token}"
    url = secrets.get("api_url") or API_URL
    return Linear(NAME, url, {"Authorization": authorization}, token)


def probe(config: dict[str, str]) -> Account:
    linear = service(config)
    organization = linear.read(linear.query(VIEWER), "viewer", "organization")
    shown = {key: linear.read(organization, key) for key in ("id", "name", "urlKey")}
    return Account(
        id=shown["id"],
        display_name=shown["name"],
        config={"data": {"viewer": {"organization": shown}}},
        secrets=config,
    )


def create_ticket(
    config: dict[str, Any], secrets: dict[str, Any], fields: dict[str, str]
) -> Ticket:
    linear = service(secrets)
    answer = linear.query(
        CREATE_ISSUE,
        input={
            "teamId": fields["team_id"],
            "title": fields["title"],
            "description": fields["description"],
        },
    )
    number = linear.read(answer, "issueCreate", "issue", "identifier")
    url_key = config["data"]["viewer"]["organization"]["urlKey"]
    return Ticket(url=f"{WEB_URL}/{url_key}/issue/{number}", id=number)


def teams(config: dict[str, Any], secrets: dict[str, Any]) -> list[dict]:
    linear = service(secrets)
    return linear.rows(linear.query(TEAMS), ("id", "name"), "teams", "nodes")
