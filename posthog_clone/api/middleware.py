"""Cross-origin access to the API."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

ALLOWED_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
ALLOWED_HEADERS = ", ".join(
    [
        "accept",
        "authorization",
        "content-type",
        "user-agent",
        "x-csrftoken",
        "x-requested-with",
        # What SDKs add to a page's own requests, to tie traces to sessions.
        "traceparent",
        "request-id",
        "request-context",
        "x-posthog-client",
        "x-posthog-distinct-id",
        "x-posthog-session-id",
        "x-posthog-window-id",
    ]
)


class CorsMiddleware:
    """Lets pages of any origin call /api/ with a key. Cookies stay out: `*` admits none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(
                headers={
                    "Access-Control-Allow-Methods": ALLOWED_METHODS,
                    "Access-Control-Allow-Headers": ALLOWED_HEADERS,
                    "Access-Control-Max-Age": "86400",
                }
            )
        else:
            response = self.get_response(request)
            response["Access-Control-Expose-Headers"] = "Retry-After, X-PostHog-Warn"
        response["Access-Control-Allow-Origin"] = "*"
        patch_vary_headers(response, ["Accept", "Cookie", "Origin"])
        return response
