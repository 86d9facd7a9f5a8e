"""GitHub: issues in repositories, by a personal access token."""

from typing import Any
from urllib.parse import quote

from notifications.providers.calling import MAX_PAGES, Account, Service, Ticket

NAME = "GitHub"
REQUIRED = ("access_token",)
OPTIONAL = ("api_url",)
URLS = ("api_url",)
TICKET_FIELDS = ("repository", "title", "body")
API_URL = "https://api.github.com"
WEB_URL = "https://github.com"


def service(secrets: dict[str, Any]) -> Service:
    headers = {
        "Authorization": f"Bearer {secrets['access_token']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Service(NAME, secrets.get("api_url") or API_URL, headers, secrets["access_token"])


def probe(config: dict[str, str]) -> Account:
    github = service(config)
    login = github.read(github.get("/user"), "login")
    return Account(
        id=f"{config['api_url']} {login}" if "api_url" in config else login,
        display_name=login,
        config={"account": {"name": login}},
        secrets=config,
    )


def create_ticket(
    config: dict[str, Any], secrets: dict[str, Any], fields: dict[str, str]
) -> Ticket:
    """`repository` is one of the account's, or `owner/name`."""
    github = service(secrets)
    repository = fields["repository"].strip("/")
    if "/" not in repository:
        repository = f"{config['account']['name']}/{repository}"
    repository = quote(repository)
    answer = github.post(
        f"/repos/{repository}/issues", {"title": fields["title"], "body": fields["body"]}
    )
    number = str(github.read(answer, "number"))
    return Ticket(url=f"{WEB_URL}/{repository}/issues/{number}", id=number)


def repositories(config: dict[str, Any], secrets: dict[str, Any]) -> list[dict]:
    """The account's repositories, the last pushed to first; a thousand at most."""
    github, found = service(secrets), []
    for page in range(1, MAX_PAGES + 1):
        answer = github.get(f"/user/repos?per_page=100&sort=pushed&page={page}")
        rows = github.rows(answer, ("id", "name", "full_name"))
        found += rows
        if len(rows) < 100:
            break
    return found
