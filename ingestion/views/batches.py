"""The newer capture protocol: each event of a batch is answered for."""

import logging
from datetime import UTC, datetime

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from ingestion import guards, queue, tokens
from ingestion.decoding.batches import Call, Refusal, read_batch, read_headers, sort_out
from ingestion.decoding.errors import CaptureError, TooLarge
from ingestion.decoding.events import Reception
from ingestion.views.requests import client_ip, read_body

logger = logging.getLogger(__name__)
DOCUMENTATION = "https://posthog.com/docs/api"


def capture_batch(request: HttpRequest) -> HttpResponse:
    try:
        return answer(200, {"results": capture(request)})
    except Refusal as refusal:
        return error(refusal.status, refusal.tag, refusal.description)
    except guards.Shut as shut:
        tag = "rate_limited" if shut.status == 429 else "service_unavailable"
        return error(shut.status, tag, shut.text, shut.retry_after)
    except (queue.Unavailable, OperationalError, InterfaceError) as failure:
        logger.error("The database did not take a batch: %s", failure)
        return error(503, "service_unavailable", "transient error, please retry", retry_after=1)
    except Exception:
        logger.exception("Failed to answer for a batch")
        return error(500, "internal_error", "internal error", retry_after=1)


capture_batch.methods = ("POST",)


def capture(request: HttpRequest) -> dict[str, dict]:
    received_at = datetime.now(UTC)
    if request.method != "POST":
        raise Refusal(405, "method_not_allowed", f"{request.method} is not allowed: send POST")
    call = read_headers(request.headers)
    batch = read_batch(read(request), call.encoding, settings.CAPTURE_MAX_BYTES)
    project = find_project(call)
    reception = Reception(
        received_at, call.sent_at, client_ip(request), keep_ip=not project.anonymize_ips
    )
    events, results = sort_out(batch["batch"], call.library, reception)
    if events:
        guards.check(project.id, len(events))
        queue.put(project.id, events, received_at, batch.get("historical_migration") is True)
    return results


def read(request: HttpRequest) -> bytes:
    try:
        return read_body(request, settings.CAPTURE_MAX_BYTES)
    except TooLarge as failure:
        raise Refusal(413, "payload_too_large", failure.text) from failure
    except CaptureError as failure:
        raise Refusal(400, "request_decoding_error", failure.text) from failure


def find_project(call: Call) -> tokens.CachedProject:
    project = tokens.resolve(call.token)
    if project is None:
        raise Refusal(401, "invalid_api_token", "No project has this project API key.")
    return project


def error(status: int, tag: str, description: str, retry_after: int | None = None) -> HttpResponse:
    response = answer(
        status, {"error": tag, "error_description": description, "error_uri": DOCUMENTATION}
    )
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def answer(status: int, body: dict) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
