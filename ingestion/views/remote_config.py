"""What posthog-js reads when it starts.

PostHog: posthog/models/remote_config.py
"""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from ingestion import tokens
from ingestion.browser_rules import browser_rules
from ingestion.views.requests import takes
from ingestion.views.scripts import read_script
from projects.models import Project

CACHE_CONTROL = "public, max-age=60"


@takes("GET", "HEAD")
def config(request: HttpRequest, token: str) -> HttpResponse:
    return cached(JsonResponse(config_of(find_project(token))))


@takes("GET", "HEAD")
def config_script(request: HttpRequest, token: str) -> HttpResponse:
    return script(assignment(find_project(token)))


@takes("GET", "HEAD")
def array_script(request: HttpRequest, token: str) -> HttpResponse:
    """posthog-js itself, which finds its configuration already there."""
    return script(assignment(find_project(token)) + "\n" + read_script("array.js"))


def find_project(token: str) -> Project:
    project = tokens.find(token)
    if not project:
        raise Http404
    return project


def assignment(project: Project) -> str:
    token = json.dumps(project.api_token)
    value = json.dumps({"config": config_of(project), "siteApps": []})
    return (
        "window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {};\n"
        f"window._POSTHOG_REMOTE_CONFIG[{token}] = {value};\n"
    )


def script(code: str) -> HttpResponse:
    return cached(HttpResponse(code, content_type="application/javascript; charset=utf-8"))


def cached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = CACHE_CONTROL
    return response


def config_of(project: Project) -> dict[str, Any]:
    """Every key the SDK knows, so that it asks for nothing that isn't served."""
    exceptions = project.settings.get("autocapture_exceptions_opt_in")
    if exceptions is None:
        exceptions = settings.AUTOCAPTURE_EXCEPTIONS
    return {
        "token": project.api_token,
        "supportedCompression": ["gzip", "gzip-js"],
        "hasFeatureFlags": False,
        "captureDeadClicks": False,
        "capturePerformance": False,
        "autocapture_opt_out": project.settings.get("autocapture_opt_out") is True,
        "autocaptureExceptions": {"endpoint": "/e/"} if exceptions else False,
        "analytics": {"endpoint": "/i/v0/e/"},
        "elementsChainAsString": True,
        "errorTracking": {
            "autocaptureExceptions": bool(exceptions),
            "suppressionRules": browser_rules(project.id),
        },
        "logs": {"captureConsoleLogs": False},
        "sessionRecording": False,
        "heatmaps": False,
        "surveys": False,
        "conversations": False,
        "productTours": False,
        "defaultIdentifiedOnly": True,
        "siteApps": [],
        "isAuthenticated": False,
        "toolbarParams": {},
    }
