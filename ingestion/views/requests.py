"""What the views of capture read off a request, and how they answer."""

import ipaddress
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from rest_framework.exceptions import MethodNotAllowed

from ingestion import tokens
from ingestion.decoding.errors import InvalidToken, TooLarge, Undecodable
from ingestion.decoding.payload import decode_payload

OK = b'{"status":"Ok"}'


def takes(*methods: str) -> Callable:
    """Refuse other methods; CaptureMiddleware says which would do, and answers OPTIONS itself."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(request: HttpRequest, **kwargs) -> HttpResponse:
            if request.method not in methods:
                raise MethodNotAllowed(request.method)
            return view(request, **kwargs)

        checked.methods = methods
        return checked

    return decorate


def read_body(request: HttpRequest, limit: int) -> bytes:
    """The body as it came; not through `request.body`, whose limit is another one."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > limit:
        raise TooLarge(limit)
    try:
        return request.read(limit)
    except UnreadablePostError as error:
        raise Undecodable("the request body broke off") from error


def read_payload(request: HttpRequest) -> bytes:
    limit = settings.CAPTURE_MAX_BYTES
    return decode_payload(
        request.GET,
        request.META.get("CONTENT_TYPE", ""),
        request.META.get("HTTP_CONTENT_ENCODING", ""),
        read_body(request, limit),
        limit,
    )


def client_ip(request: HttpRequest) -> str | None:
    if settings.TRUST_PROXY:
        first = request.META.get("HTTP_X_FORWARDED_FOR", "").partition(",")[0]
        if address := as_address(first):
            return address
    return request.META.get("REMOTE_ADDR") or None


def as_address(text: str) -> str | None:
    """An IP address, without the port that some proxies add."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def find_project(token: str) -> tokens.CachedProject:
    project = tokens.resolve(token)
    if project is None:
        raise InvalidToken("API key is not valid: no project has this project API key")
    return project


def stored(request: HttpRequest) -> HttpResponse:
    if request.GET.get("beacon") == "1":
        return HttpResponse(status=204)
    return HttpResponse(OK, content_type="application/json")
