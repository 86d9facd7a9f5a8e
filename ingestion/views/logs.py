"""OpenTelemetry logs over HTTP.

PostHog: rust/capture-logs/src/service.rs
"""

import logging
import threading
from datetime import UTC, datetime

import orjson
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse

import logs.storage
from ingestion import guards, tokens
from ingestion.decoding.errors import CaptureError
from ingestion.views.requests import read_body
from logs import otlp

logger = logging.getLogger(__name__)
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
RETRY_SECONDS = 5
# A small body can unpack to millions of records: few are in memory at once, and the interpreter
# runs one decoder at a time anyway.
decoding = threading.BoundedSemaphore(2)


class Refusal(Exception):
    """The answer to a request that can't be served."""

    def __init__(self, status: int, error: str, retry_after: int | None = None, **more: str):
        super().__init__(error)
        self.status = status
        self.body = {"error": error, **more}
        self.retry_after = retry_after


def export_logs(request: HttpRequest) -> HttpResponse:
    """Store the records of an export request. Answers when they are durable; all or nothing."""
    try:
        decoded = export(request)
    except Refusal as refusal:
        response = answer(refusal.status, refusal.body)
        if refusal.retry_after is not None:
            response["Retry-After"] = str(refusal.retry_after)
        return response
    # Exporters complain about an answer in another encoding than they sent.
    if "protobuf" in request.content_type or not (
        decoded.is_json or "json" in request.content_type
    ):
        return HttpResponse(content_type=PROTOBUF)
    return answer(200, {})


export_logs.preflight = b"{}"
export_logs.methods = ("POST",)


def export(request: HttpRequest) -> otlp.Decoded:
    received_at = datetime.now(UTC)
    if request.method != "POST":
        raise Refusal(405, f"{request.method} is not allowed: send POST")
    project = find_project(request)
    body = read(request)
    with decoding:
        decoded = decode(body, request.content_type, project, received_at)
    check_room(len(decoded.lines))
    try:
        logs.storage.store(decoded.lines)
    except Error as error:
        logger.exception("Log lines can't be committed")
        raise Refusal(503, "transient error, please retry", RETRY_SECONDS) from error
    return decoded


def find_project(request: HttpRequest) -> tokens.CachedProject:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        token = request.GET.get("token", "")
    if not token.strip():
        raise Refusal(401, "No token provided")
    project = tokens.resolve(token.strip())
    if project is None:
        raise Refusal(401, "Invalid token")
    return project


def read(request: HttpRequest) -> bytes:
    try:
        return read_body(request, settings.LOGS_MAX_BYTES)
    except CaptureError as error:
        raise Refusal(error.status, error.text) from error


def decode(
    body: bytes, content_type: str, project: tokens.CachedProject, received_at: datetime
) -> otlp.Decoded:
    try:
        return otlp.decode(
            body,
            content_type,
            project_id=project.id,
            retention_days=project.logs_retention_days,
            received_at=received_at,
            max_bytes=settings.LOGS_MAX_BYTES,
        )
    except otlp.TooLarge as error:
        raise Refusal(413, str(error)) from error
    except otlp.BadInput as error:
        raise Refusal(400, "Bad input format provided", detail=str(error)) from error


def check_room(records: int) -> None:
    try:
        guards.check_room(records)
    except guards.Shut as shut:
        raise Refusal(shut.status, shut.text, shut.retry_after) from shut


def answer(status: int, body: dict) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type=JSON)
