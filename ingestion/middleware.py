"""Capture, ahead of everything that Django does for people: no session, no CSRF, no redirect."""

import logging
from collections.abc import Callable, Iterable

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import MethodNotAllowed

from ingestion import guards, queue
from ingestion.decoding.errors import CaptureError
from ingestion.urls import urlpatterns
from ingestion.views.requests import OK

logger = logging.getLogger(__name__)
ALLOWED_METHODS = "GET, POST, OPTIONS"
NO_CONTENT = (204, 304)


class Routes:
    """The views of capture by path, with and without a slash at the end.

    Most paths are fixed and found at one stroke: every request to the server asks here first.
    """

    def __init__(self, patterns: Iterable[URLPattern]):
        self.fixed: dict[str, URLPattern] = {}
        self.variable: list[URLPattern] = []
        for pattern in patterns:
            if pattern.pattern.converters:
                self.variable.append(pattern)
            else:
                self.fixed[str(pattern.pattern)] = pattern

    def find(self, path: str) -> tuple[Callable[..., HttpResponse], dict] | None:
        """The view, and what to call it with."""
        path = path.removeprefix("/").removesuffix("/")
        if pattern := self.fixed.get(path):
            return pattern.callback, pattern.default_args
        for pattern in self.variable:
            if match := pattern.resolve(path):
                return match.func, match.kwargs
        return None


class CaptureMiddleware:
    """Answers the paths of capture itself, pages of any origin included; the rest goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response
        self.routes = Routes(urlpatterns)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        route = self.routes.find(request.path_info)
        if route is None:
            return self.get_response(request)
        if request.method == "OPTIONS":
            preflight = getattr(route[0], "preflight", OK)
            response = HttpResponse(preflight, content_type="application/json")
        else:
            response = answer(request, *route)
            if response.status_code == 405 and hasattr(route[0], "methods"):
                response["Allow"] = ", ".join([*route[0].methods, "OPTIONS"])
        return finished(request, response)


def answer(request: HttpRequest, view: Callable[..., HttpResponse], kwargs: dict) -> HttpResponse:
    try:
        response = view(request, **kwargs)
        if hasattr(response, "render"):
            response.render()
        return response
    except CaptureError as error:
        return text(error.status, error.text)
    except guards.Shut as shut:
        return text(shut.status, shut.text, shut.retry_after)
    except (queue.Unavailable, OperationalError, InterfaceError) as error:
        logger.error("The database did not take %s: %s", request.path, error)
        return text(503, "transient error, please retry", retry_after=1)
    except MethodNotAllowed as error:
        return text(405, str(error.detail))
    except Http404:
        return text(404, "not found")
    except SuspiciousOperation as error:
        return text(400, f"failed to decode request: {error}")
    except Exception:
        logger.exception("Failed to answer %s %s", request.method, request.path)
        return text(500, "internal error")


def text(status: int, text: str, retry_after: int | None = None) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Do what the middleware passed over would have done for this response."""
    if response.status_code in NO_CONTENT:
        del response["Content-Type"]
    elif not response.streaming:
        response["Content-Length"] = str(len(response.content))
    if response.status_code >= 500:
        # Django would log every refusal of a full server as an error; crashes are logged above.
        response._has_been_logged = True
    if not response.has_header("Access-Control-Allow-Origin"):
        admit_origin(request, response)
    return response


def admit_origin(request: HttpRequest, response: HttpResponse) -> None:
    """Let the page that asks read the answer. Old clients send cookies along, which `*` would
    not allow."""
    patch_vary_headers(response, ["Origin"])
    origin = request.META.get("HTTP_ORIGIN")
    if not origin:
        return
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Allow-Methods"] = ALLOWED_METHODS
    if headers := request.META.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"):
        response["Access-Control-Allow-Headers"] = headers
