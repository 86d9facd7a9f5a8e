"""Who is asking: personal API keys, and sessions for the browser."""

import re
from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError, UnsupportedMediaType
from rest_framework.request import Request

from projects.models import PersonalAPIKey, User, hash_key

__all__ = ["PersonalAPIKeyAuthentication", "SessionAuthentication"]

BEARER = re.compile(r"Bearer\s+(\S.*)")
USE_IS_NOTED_EVERY = timedelta(hours=1)


class PersonalAPIKeyAuthentication(BaseAuthentication):
    """The key in the header, the body or the query; the first one found decides.

    PostHog: posthog/auth.py
    """

    def authenticate(self, request: Request) -> tuple[User, PersonalAPIKey] | None:
        value, place = find_key(request)
        if not value:
            return None
        key = find_by_value(value)
        if key is None:
            raise AuthenticationFailed(
                f"Personal API key found in request {place} is invalid.",
            )
        note_use(key)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def find_key(request: Request) -> tuple[str | None, str]:
    if match := BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", "").strip()):
        return match[1], "Authorization header"
    body = readable_body(request)
    if isinstance(body, Mapping) and body.get("personal_api_key"):
        return str(body["personal_api_key"]), "body"
    return request.query_params.get("personal_api_key"), "query string"


def readable_body(request: Request) -> Mapping | list | None:
    """The body, or None when it can't be read: the view's turn to complain comes later."""
    try:
        return request.data
    except (ParseError, UnsupportedMediaType) as error:
        request.unreadable_body = error
        return None


def find_by_value(value: str) -> PersonalAPIKey | None:
    return (
        PersonalAPIKey.objects.select_related("user")
        .filter(secure_value=hash_key(value), user__is_active=True)
        .first()
    )


def note_use(key: PersonalAPIKey) -> None:
    """Keep `last_used_at` right to the hour, without a write for every request."""
    now = timezone.now()
    due = now - USE_IS_NOTED_EVERY
    if key.last_used_at is None or key.last_used_at < due:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=due)
        PersonalAPIKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
