"""The files of symbol sets: where they are, and links by which they come and go.

A link carries a signature instead of credentials. PostHog hands out links of S3; these are answered
by this server, in the same form.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from rest_framework.exceptions import APIException

from error_tracking.models import SymbolSet

MAX_BYTES = 100 * 1024 * 1024
UPLOAD_SALT = "symbol-set-upload"
DOWNLOAD_SALT = "symbol-set-download"
DOWNLOAD_SECONDS = 60 * 60


class Unavailable(APIException):
    """The store of the files can't be used: the same call may work later."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The store of symbol sets is not available. Please retry in a moment."


def storage() -> Storage:
    return storages["symbol_sets"]


def new_key() -> str:
    """Where a new file goes: a new place every time, so what is known by its key never changes."""
    return f"symbolsets/{uuid4().hex}"


def upload_form(request: HttpRequest, symbol_set: SymbolSet, seconds: int) -> dict[str, Any]:
    """Where and with which fields the client is to POST the file, on the host it has called."""
    claim = {"id": str(symbol_set.id), "key": symbol_set.storage_ptr}
    token = sign(claim, UPLOAD_SALT, seconds)
    path = reverse("symbol_set_upload", kwargs={"token": token})
    return {
        "url": request.build_absolute_uri(path),
        "fields": {"key": symbol_set.storage_ptr, "signature": token},
    }


def download_link(request: HttpRequest, symbol_set: SymbolSet) -> str:
    token = sign({"key": symbol_set.storage_ptr}, DOWNLOAD_SALT, DOWNLOAD_SECONDS)
    path = reverse("symbol_set_download", kwargs={"token": token})
    return request.build_absolute_uri(path)


def sign(claim: dict[str, Any], salt: str, seconds: int) -> str:
    return signing.dumps({**claim, "expires": int(time.time()) + seconds}, salt=salt)


def read_signed(token: str, salt: str) -> dict[str, Any] | None:
    """What was signed; None when it was not by us, or not for this, or too long ago."""
    try:
        claim = signing.loads(token, salt=salt)
    except signing.BadSignature:
        return None
    return claim if claim["expires"] >= time.time() else None


def has_file(symbol_set: SymbolSet) -> bool:
    return symbol_set.storage_ptr is not None and storage().exists(symbol_set.storage_ptr)


def keep_file(symbol_set_id: UUID | str, key: str, file: File) -> bool:
    """Store an uploaded file, unless its symbol set is gone, is finished, or waits for another one
    by now: a form that somebody else has seen is of no use to them."""
    waiting = SymbolSet.objects.filter(id=symbol_set_id, storage_ptr=key, content_hash=None)
    if not waiting.exists():
        return False
    storage().save(key, file)
    return True


@contextmanager
def new_file(file: File) -> Iterator[str]:
    """Store the file under a new key, for as long as what is done with it succeeds.

    Before a transaction, not in one: a file may take long, and SQLite has one writer.
    """
    key = new_key()
    storage().save(key, file)
    try:
        yield key
    except BaseException:
        storage().delete(key)
        raise


def forget_file(key: str | None) -> None:
    """Delete a file once the transaction that gave it up has been committed. A store that is away
    then keeps it, of no use to anybody: what was asked for is done nevertheless."""
    if key:
        transaction.on_commit(lambda: storage().delete(key), robust=True)


@receiver(post_delete, sender=SymbolSet)
def forget_file_of_deleted(instance: SymbolSet, **kwargs) -> None:
    """However a symbol set goes, by itself or with its release or project, its file goes too."""
    forget_file(instance.storage_ptr)
