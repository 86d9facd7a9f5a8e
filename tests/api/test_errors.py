import pytest
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.http import Http404
from django.test import Client
from rest_framework import exceptions

from posthog_clone.api.errors import Conflict, exception_handler
from projects.viewsets import ScopedViewSet


def answer(exc):
    r = exception_handler(exc, {})
    return r.status_code, r.data


@pytest.mark.parametrize(
    ("detail", "code", "text", "attr"),
    [
        ("text", "invalid_input", "text", None),
        (["first", "second"], "invalid_input", "first", None),
        ({"name": ["first", "second"], "other": ["x"]}, "invalid_input", "first", "name"),
        ({"name": "text"}, "invalid_input", "text", "name"),
        ({"non_field_errors": ["x"]}, "invalid_input", "x", None),
        ({"__all__": ["x"]}, "invalid_input", "x", None),
        ({"threshold": {"non_field_errors": ["x"]}}, "invalid_input", "x", "threshold"),
        (
            {"threshold": {"configuration": {"bounds": ["x"]}}},
            "invalid_input",
            "x",
            "threshold__configuration__bounds",
        ),
        ([{}, {"name": ["x"]}], "invalid_input", "x", "1__name"),
        ({"steps": [{}, {"url": ["x"]}]}, "invalid_input", "x", "steps__1__url"),
        ({"ids": {0: ["x"]}}, "invalid_input", "x", "ids__0"),
        ({"name": [], "other": ["x"]}, "invalid_input", "x", "other"),
        ({}, "invalid_input", "Invalid input.", None),
    ],
)
def test_first_of_the_validation_errors(detail, code, text, attr):
    assert answer(exceptions.ValidationError(detail)) == (
        400,
        {"type": "validation_error", "code": code, "detail": text, "attr": attr},
    )


def test_codes_are_kept():
    exc = exceptions.ValidationError({"name": "taken"}, code="unique")

    assert answer(exc)[1]["code"] == "unique"


@pytest.mark.parametrize(
    ("exc", "status", "type", "code", "detail"),
    [
        (Http404("No Issue matches"), 404, "invalid_request", "not_found", "Not found."),
        (
            PermissionDenied("secret"),
            403,
            "authentication_error",
            "permission_denied",
            "You do not have permission to perform this action.",
        ),
        (
            exceptions.UnsupportedMediaType("text/plain"),
            415,
            "invalid_request",
            "unsupported_media_type",
            'Unsupported media type "text/plain" in request.',
        ),
        (
            exceptions.Throttled(wait=11.2),
            429,
            "throttled_error",
            "throttled",
            "Request was throttled. Expected available in 12 seconds.",
        ),
        (
            RequestDataTooBig("x"),
            413,
            "invalid_request",
            "content_too_large",
            "The request body is too large.",
        ),
        (SuspiciousOperation("odd"), 400, "invalid_request", "parse_error", "odd"),
        (TooManyFieldsSent("many"), 400, "invalid_request", "parse_error", "many"),
        (Conflict("Merge them first."), 409, "server_error", "conflict", "Merge them first."),
        (exceptions.APIException(), 500, "server_error", "error", "A server error occurred."),
    ],
)
def test_types_and_codes(exc, status, type, code, detail):
    assert answer(exc) == (status, {"type": type, "code": code, "detail": detail, "attr": None})


def test_retry_after_is_a_whole_number():
    assert exception_handler(exceptions.Throttled(wait=11.2), {}).headers["Retry-After"] == "12"


def test_an_exception_may_carry_further_keys():
    exc = exceptions.ValidationError("No query provided")
    exc.also = {"error": "No query provided"}

    assert answer(exc)[1]["error"] == "No query provided"
    assert len(answer(exc)[1]) == 5


ENDPOINT_NOT_FOUND = {
    "type": "invalid_request",
    "code": "not_found",
    "detail": "Endpoint not found.",
    "attr": None,
}


def test_a_post_to_an_unknown_address_is_not_asked_for_a_csrf_token():
    response = Client(enforce_csrf_checks=True).post("/api/nothing/", {})
    assert (response.status_code, response.json()) == (404, ENDPOINT_NOT_FOUND)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "TRACE"])
def test_unknown_urls(api, anonymous, settings, debug, method):
    settings.DEBUG = debug
    for path in ["/api", "/api/", "/api/nonsense", "/api/environments/1/nonsense/", "/api/%00"]:
        for client in [api, anonymous]:
            r = client.generic(method, path)
            assert (r.status_code, r.json()) == (404, ENDPOINT_NOT_FOUND)


def test_unknown_urls_elsewhere_are_djangos(anonymous):
    r = anonymous.get("/nonsense")

    assert r.status_code == 404
    assert r.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/admin"])
def test_what_people_type_leads_to_the_admin(anonymous, path):
    assert anonymous.get(path).headers["Location"] == "/admin/"


def test_crash(api, monkeypatch):
    def crash(*args):
        raise RuntimeError("secret")

    monkeypatch.setattr(ScopedViewSet, "check_permissions", crash)
    api.raise_request_exception = False

    r = api.get("persisted_folder/")

    assert r.status_code == 500
    assert r.json() == {
        "type": "server_error",
        "code": "error",
        "detail": "A server error occurred.",
        "attr": None,
    }


def test_malformed_host(api):
    r = api.get("persisted_folder/", headers={"Host": "a b"})

    assert (r.status_code, r.json()["type"]) == (400, "invalid_request")


def test_unknown_format(api, anonymous):
    r = anonymous.get("persisted_folder/?format=xml")

    assert r.status_code == 404
    assert r.json()["detail"] == "Not found."
    assert api.get("persisted_folder/?format=json").status_code == 200


def test_nothing_acceptable(api):
    r = api.get("persisted_folder/", headers={"Accept": "image/png"})

    assert r.status_code == 406
    assert r.json() == {
        "type": "invalid_request",
        "code": "not_acceptable",
        "detail": "Could not satisfy the request Accept header.",
        "attr": None,
    }
