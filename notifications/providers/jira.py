"""Jira Cloud: issues in projects, by an account's API token."""

from typing import Any

from notifications.providers.calling import MAX_PAGES, Account, Service, Ticket, basic

NAME = "Jira"
REQUIRED = ("site_url", "email", "api_token")
OPTIONAL = ()
URLS = ("site_url",)
TICKET_FIELDS = ("project_key", "title", "description")
API = "/rest/api/3"


def service(site_url: str, email: str, token: str) -> Service:
    return Service(NAME, site_url, {"Authorization": basic(email, token)}, token)


def probe(config: dict[str, str]) -> Account:
    jira = service(config["site_url"], config["email"], config["api_token"])
    jira.read(jira.get(f"{API}/myself"), "accountId")
    return Account(
        id=f"{config['site_url']} {config['email']}",
        display_name=config["site_url"],
        config={"site_url": config["site_url"], "email": config["email"]},
        secrets={"api_token": config["api_token"]},
    )


def create_ticket(
    config: dict[str, Any], secrets: dict[str, Any], fields: dict[str, str]
) -> Ticket:
    jira = service(config["site_url"], config["email"], secrets["api_token"])
    answer = jira.post(
        f"{API}/issue",
        {
            "fields": {
                "project": {"key": fields["project_key"]},
                "summary": fields["title"],
                "description": document(fields["description"]),
                "issuetype": {"name": "Task"},
            }
        },
    )
    key = jira.read(answer, "key")
    return Ticket(url=f"{config['site_url']}/browse/{key}", id=key)


def document(text: str) -> dict:
    """Plain text in Atlassian's document format."""
    paragraphs = [line for line in text.splitlines() if line.strip()]
    return {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": line}]}
            for line in paragraphs
        ],
    }


def projects(config: dict[str, Any], secrets: dict[str, Any]) -> list[dict]:
    jira = service(config["site_url"], config["email"], secrets["api_token"])
    found = []
    for _ in range(MAX_PAGES):
        page = jira.get(f"{API}/project/search?maxResults=50&startAt={len(found)}")
        rows = jira.rows(page, ("id", "key", "name"), "values")
        found += rows
        if page.get("isLast", True) or not rows:
            break
    return found
