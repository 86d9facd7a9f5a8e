"""What SDKs ask about a project's features: there are none, and the answers say so in their terms.

PostHog: rust/feature-flags/, posthog/api/decide.py
"""

import time
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from rest_framework.exceptions import APIException, AuthenticationFailed, ValidationError
from rest_framework.response import Response

from ingestion import tokens
from ingestion.decoding.documents import load
from ingestion.decoding.errors import CaptureError, NothingSent, TooLarge, Unparsable
from ingestion.decoding.events import own_token
from ingestion.views.remote_config import config_of
from ingestion.views.requests import read_payload, takes
from posthog_clone.api.errors import ContentTooLarge, body_of
from projects.models import Project
from projects.viewsets import ProjectViewSet, find_project

NO_DEFINITIONS = {"flags": [], "group_type_mapping": {}, "cohorts": {}}
DEFINITIONS_ETAG = quote_etag("none")
WHERE_TO_FIND_IT = "You can find your project API key in your project's settings."


def with_api_errors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refusals are answered as the API does, not in capture's plain text."""

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs) -> HttpResponse:
        try:
            return view(request, **kwargs)
        except APIException as error:
            return json(body_of(error), error.status_code)

    return wrapped


@with_api_errors
@takes("GET", "POST")
def flags(request: HttpRequest) -> HttpResponse:
    token = asking_token(request)
    with_config = request.GET.get("config") in ("true", "1")
    project = (tokens.find if with_config else tokens.resolve)(token)
    if not project:
        raise unknown_token()
    answer = {
        "errorsWhileComputingFlags": False,
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "requestId": str(uuid.uuid4()),
        "evaluatedAt": int(time.time() * 1000),
    }
    return json({**config_of(project), **answer} if with_config else answer)


@with_api_errors
@takes("GET", "POST")
def decide(request: HttpRequest) -> HttpResponse:
    """The older way to ask, which answers with the configuration too."""
    project = tokens.find(asking_token(request))
    if not project:
        raise unknown_token()
    version = request.GET.get("v", "1")
    answer: dict[str, Any] = {"featureFlags": [] if version == "1" else {}}
    if version not in ("1", "2"):
        answer |= {"featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
    return json({**config_of(project), **answer})


def asking_token(request: HttpRequest) -> str:
    """The project's token in a question about a person's flags."""
    try:
        question = read_question(request)
        token = own_token(question) or token_in_query(request)
    except TooLarge as error:
        raise ContentTooLarge(error.text) from error
    except CaptureError as error:
        raise ValidationError(error.text, "malformed_data") from error
    if not token:
        raise missing_token()
    distinct_id = question.get("distinct_id", question.get("$distinct_id"))
    if distinct_id is None or distinct_id == "":
        raise ValidationError({"distinct_id": "Flags need a distinct_id."}, "missing_distinct_id")
    return token


def read_question(request: HttpRequest) -> dict:
    try:
        document = load(read_payload(request))
    except NothingSent:
        return request.GET.dict()
    if not isinstance(document, dict):
        raise Unparsable("expected an object")
    return document


def token_in_query(request: HttpRequest) -> str | None:
    return request.GET.get("token") or request.GET.get("api_key")


def missing_token() -> AuthenticationFailed:
    return AuthenticationFailed(f"API key not provided. {WHERE_TO_FIND_IT}", "missing_api_key")


def unknown_token() -> AuthenticationFailed:
    return AuthenticationFailed(f"Project API key invalid. {WHERE_TO_FIND_IT}", "invalid_api_key")


@with_api_errors
@takes("GET", "HEAD")
def nothing(request: HttpRequest, answer: dict) -> HttpResponse:
    """`answer`, to whoever knows the token of a project."""
    token = token_in_query(request)
    if not token:
        raise missing_token()
    if not tokens.resolve(token):
        raise unknown_token()
    return json(answer)


def json(body: dict, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")


class FlagDefinitions(ProjectViewSet):
    """What server SDKs poll to evaluate flags by themselves, with a personal API key."""

    scope_object = "feature_flag"
    queryset = Project.objects.none()
    schema = None

    def find_parent(self):
        token = token_in_query(self.request)
        user = self.request.user
        if not token:
            self.project = find_project("@current", user)
            return
        self.project = tokens.find(token, Project.objects.with_level_of(user))
        if not self.project:
            raise unknown_token()

    def list(self, request):
        response = Response(NO_DEFINITIONS, headers={"ETag": DEFINITIONS_ETAG})
        return get_conditional_response(request, etag=DEFINITIONS_ETAG, response=response)
