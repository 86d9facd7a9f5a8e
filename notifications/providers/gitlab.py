"""GitLab: issues in one project, by its access token."""

from typing import Any
from urllib.parse import quote

from notifications.providers.calling import Account, Service, Ticket

NAME = "GitLab"
REQUIRED = ("hostname", "project_id", "project_access_token")
OPTIONAL = ()
URLS = ("hostname",)
TICKET_FIELDS = ("title", "body")


def service(hostname: str, project_id: Any, secrets: dict[str, Any]) -> Service:
    token = secrets["project_access_token"]
    url = f"{hostname}/api/v4/projects/{quote(str(project_id), safe='')}"
    return Service(NAME, url, {"PRIVATE-TOKEN": token}, token)


def probe(config: dict[str, str]) -> Account:
    gitlab = service(config["hostname"], config["project_id"], config)
    project = gitlab.get("")
    path = gitlab.read(project, "path_with_namespace")
    project_id = gitlab.read(project, "id")
    return Account(
        id=f"{config['hostname']} {project_id}",
        display_name=gitlab.read(project, "name_with_namespace"),
        config={
            "hostname": config["hostname"],
            "path_with_namespace": path,
            "project_id": project_id,
        },
        secrets={"project_access_token": config["project_access_token"]},
    )


def create_ticket(
    config: dict[str, Any], secrets: dict[str, Any], fields: dict[str, str]
) -> Ticket:
    gitlab = service(config["hostname"], config["project_id"], secrets)
    body = {"title": fields["title"], "description": fields["body"], "labels": "posthog"}
    number = str(gitlab.read(gitlab.post("/issues", body), "iid"))
    url = f"{config['hostname']}/{config['path_with_namespace']}/issues/{number}"
    return Ticket(url=url, id=number)
