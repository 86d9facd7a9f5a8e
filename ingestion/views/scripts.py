"""posthog-js and the parts it loads by itself, from a directory the operator fills.

PostHog: the dist/ of the npm package posthog-js
"""

import re
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.static import serve

from ingestion.views.requests import takes

NAME = re.compile(r"\w[\w.-]*\.js", re.ASCII)
VERSION = re.compile(r"\w[\w.+-]*", re.ASCII)
FOR_A_YEAR = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"


@takes("GET", "HEAD")
@gzip_page
def sdk_script(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """A script of the version asked for, else of the one that lies in the directory itself."""
    path, caching = find_script(name, version)
    response = serve(request, str(path), document_root=settings.BROWSER_SDK_DIR)
    response["Content-Type"] = "application/javascript; charset=utf-8"
    response["Cache-Control"] = caching
    response["Access-Control-Allow-Origin"] = "*"
    return response


def find_script(name: str, version: str) -> tuple[Path, str]:
    """Where a script is, below the directory, and how long it stays what it is."""
    if not NAME.fullmatch(name) or (version and not VERSION.fullmatch(version)):
        raise Http404
    if version and (settings.BROWSER_SDK_DIR / version / name).is_file():
        return Path(version, name), FOR_A_YEAR
    return Path(name), FOR_A_DAY


def read_script(name: str) -> str:
    try:
        return (settings.BROWSER_SDK_DIR / name).read_text()
    except FileNotFoundError as error:
        raise Http404 from error
