"""Secrets at rest: encrypted with a key made from SECRET_KEY."""

import base64
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ValidationError

SALT = "notifications.secrets"
UNREADABLE = (
    "The stored secret can't be read: it was encrypted with another SECRET_KEY. Enter it again, or "
    "restore that key."
)


def encrypt(secrets: dict[str, Any]) -> str:
    return cipher().encrypt(orjson.dumps(secrets)).decode()


def decrypt(text: str) -> dict[str, Any]:
    """What encrypt took; nothing for an empty text. Raises ValidationError if it is unreadable."""
    if not text:
        return {}
    try:
        return orjson.loads(cipher().decrypt(text.encode()))
    except InvalidToken as error:
        raise ValidationError(UNREADABLE) from error


def cipher() -> MultiFernet:
    """Encrypts with SECRET_KEY, reads what SECRET_KEY_FALLBACKS encrypted too."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(fernet_key(key)) for key in keys])


def fernet_key(secret: str) -> bytes:
    digest = salted_hmac(SALT, "", secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
