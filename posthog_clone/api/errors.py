"""The error body of the API: every failure under /api/ answers the same four keys.

    {"type": "validation_error", "code": "required", "detail": "This field is required.",
     "attr": "name"}

Only the first error is reported (PostHog: posthog/exceptions.py, PostHog/drf-exceptions-hog).
"""

import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

TYPES = [
    (exceptions.ValidationError, "validation_error"),
    (
        (
            exceptions.AuthenticationFailed,
            exceptions.NotAuthenticated,
            exceptions.PermissionDenied,
        ),
        "authentication_error",
    ),
    (exceptions.Throttled, "throttled_error"),
]
INVALID_REQUEST = {400, 404, 405, 406, 413, 415}
WHOLE_OBJECT = {"non_field_errors", "__all__"}


class Conflict(exceptions.APIException):
    """What is asked for clashes with the state of the data."""

    status_code = 409
    default_code = "conflict"
    default_detail = "The request conflicts with the current state of the resource."


class ContentTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "content_too_large"
    default_detail = "The request body is too large."


def exception_handler(exc: Exception, context: dict) -> Response | None:
    """DRF's hook. An exception may carry `also`: further keys for the body.

    None for what nobody foresaw: Django logs it and `server_error` answers.
    """
    exc = as_api_exception(exc)
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(exc.wait))
    return Response(
        {**body_of(exc), **getattr(exc, "also", {})}, status=exc.status_code, headers=headers
    )


def as_api_exception(exc: Exception) -> Exception:
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        return ContentTooLarge()
    if isinstance(exc, SuspiciousOperation):
        return exceptions.ParseError(str(exc))
    return exc


def body_of(exc: exceptions.APIException) -> dict[str, Any]:
    path, first = first_error(exc.detail)
    code = getattr(first, "code", exc.default_code)
    if isinstance(exc, exceptions.ValidationError) and code == "invalid":
        code = "invalid_input"
    attr = "__".join(str(step) for step in path if step not in WHOLE_OBJECT)
    return error_body(type_of(exc), code, str(first), attr or None)


def error_body(type: str, code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    return {"type": type, "code": code, "detail": detail, "attr": attr}


def type_of(exc: exceptions.APIException) -> str:
    for classes, name in TYPES:
        if isinstance(exc, classes):
            return name
    return "invalid_request" if exc.status_code in INVALID_REQUEST else "server_error"


def first_error(detail: Any, path: tuple = ()) -> tuple[tuple, Any]:
    """The first error of a detail however nested, and the way to it.

    Within a list, messages belong to the list's own field, while nested details belong to the item
    of that number.
    """
    if isinstance(detail, dict):
        steps = detail.items()
    elif isinstance(detail, list):
        steps = enumerate(detail)
    else:
        return path, detail
    for step, inner in steps:
        if isinstance(inner, dict | list):
            if inner:
                return first_error(inner, (*path, step))
        else:
            return (path if isinstance(detail, list) else (*path, step)), inner
    return path, "Invalid input."


# What fails outside of DRF's views: unknown URLs, malformed requests, crashes.


@csrf_exempt  # a client posting to a wrong address should hear that, in JSON
def endpoint_not_found(request: HttpRequest, *args, **kwargs) -> HttpResponse:
    return JsonResponse(
        error_body("invalid_request", "not_found", "Endpoint not found."), status=404
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return endpoint_not_found(request)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        exc = as_api_exception(exception)
        if isinstance(exc, exceptions.APIException):
            return JsonResponse(body_of(exc), status=exc.status_code)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(
            error_body("server_error", "error", "A server error occurred."), status=500
        )
    return defaults.server_error(request)
