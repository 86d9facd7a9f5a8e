"""Rows of this API's own addresses, page by page, as a user gets them.

The endpoint itself is called, without the network: its rights, filters and rows are the export's.
"""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, ResolverMatch, resolve
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

import clickhouse
from posthog_clone.api.renderers import JSONRenderer
from projects.models import Project, User
from projects.viewsets import ProjectViewSet

PAGE_ROWS = 1000
PREFIXES = ("/api/environments/", "/api/projects/")


class Unreadable(Exception):
    """The address gave no rows; the message is fit for users."""


class Page:
    """What an address gave, as the endpoint's JSON has it."""

    def __init__(self, data: Any):
        data = orjson.loads(JSONRenderer().render(data))
        has_results = isinstance(data, dict) and isinstance(data.get("results"), list)
        self.rows: list = data["results"] if has_results else data if is_list(data) else [data]
        self.next: str | None = path_of(data.get("next")) if has_results else None
        self.count: int | None = data.get("count") if has_results else None


def is_list(data: Any) -> bool:
    return isinstance(data, list)


def path_of(link: str | None) -> str | None:
    return link and urlsplit(link)._replace(scheme="", netloc="").geturl()


def endpoint(path: str, project: Project) -> ResolverMatch:
    """Who answers the path. Raises ValidationError unless it can be fetched in this project."""
    parts = urlsplit(path)
    match = None
    if not parts.scheme and not parts.netloc and parts.path.startswith(PREFIXES):
        try:
            match = resolve(parts.path)
        except Resolver404:
            raise refused(f"There is no {parts.path[:200]}.") from None
    view = getattr(match and match.func, "cls", None)
    if view is None or not issubclass(view, ProjectViewSet):
        raise refused(f"Give a path of this project, such as {PREFIXES[1]}{project.id}/events/.")
    if "get" not in match.func.actions:
        raise refused("Only what answers GET can be exported by its path; give a source instead.")
    if match.kwargs["project_id"] not in (str(project.id), "@current"):
        raise refused(f"The path is not one of project {project.id}.")
    match.kwargs["project_id"] = str(project.id)
    return match


def refused(reason: str) -> ValidationError:
    return ValidationError({"export_context": {"path": reason}})


def check_rights(match: ResolverMatch, request: Request) -> None:
    """Raise what the endpoint would for these credentials."""
    view = match.func.cls(**match.func.initkwargs)
    view.action_map = match.func.actions
    view.args, view.kwargs, view.format_kwarg = match.args, match.kwargs, None
    view.request = view.initialize_request(get_request(request.path, "", request.user))
    view.request.user, view.request.auth = request.user, request.auth
    view.initial(view.request, *match.args, **match.kwargs)


def follow(path: str, project: Project, user: User) -> Iterator[Page]:
    """The pages from this one to the last.

    A row that the page before has had is left out: rows that are added meanwhile move the others
    on to the next page.
    """
    before: set = set()
    next_path: str | None = with_page_size(path)
    while next_path:
        page = fetch(next_path, project, user)
        ids = {key for row in page.rows if (key := identity(row))}
        page.rows = [row for row in page.rows if identity(row) not in before]
        before = ids
        yield page
        next_path = page.next


def identity(row: Any) -> str | None:
    id_ = row.get("uuid") or row.get("id") if isinstance(row, dict) else None
    return None if id_ is None else str(id_)


def with_page_size(path: str) -> str:
    parts = urlsplit(path)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), "limit": str(PAGE_ROWS)}
    query.pop("format", None)
    return f"{parts.path}?{urlencode(query)}"


def fetch(path: str, project: Project, user: User) -> Page:
    match = endpoint(path, project)
    parts = urlsplit(path)
    response = match.func(get_request(parts.path, parts.query, user), *match.args, **match.kwargs)
    if not isinstance(response, Response):
        raise Unreadable(f"{parts.path} gives a file, not rows.")
    if response.status_code == 503:
        raise clickhouse.Unavailable
    if response.status_code >= 400:
        raise Unreadable(str(response.data["detail"]))
    return Page(response.data)


def get_request(path: str, query: str, user: User) -> WSGIRequest:
    """A GET as a browser sends it in which the user is logged in."""
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
    )
    request.user = user
    return request
