"""The files of exports: where they are, and links by which they are fetched."""

from typing import BinaryIO

from django.core import signing
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.http import FileResponse, HttpRequest
from django.urls import reverse

from insights.models import Export

SALT = "export-download"
LINK_SECONDS = 60 * 60


def storage() -> Storage:
    return storages["exports"]


def save(key: str, draft: BinaryIO) -> int:
    """Keep what was written to `draft`; returns its size in bytes."""
    draft.seek(0)
    file = File(draft, name=key)
    storage().save(key, file)
    return file.size


def answer(export: Export, *, attachment: bool) -> FileResponse:
    return FileResponse(
        storage().open(export.file_key),
        as_attachment=attachment,
        filename=export.filename,
        content_type=f"{export.export_format}; charset=utf-8",
    )


def path(export: Export) -> str:
    """A path that gives the file to whoever has it, for an hour."""
    token = signing.dumps({"id": export.id, "key": export.file_key}, salt=SALT, compress=True)
    return reverse("export_download", kwargs={"token": token})


def link(request: HttpRequest, export: Export) -> str:
    return request.build_absolute_uri(path(export))


def linked(token: str) -> Export | None:
    """The export that a link was made for; None when it wasn't ours, or too long ago."""
    try:
        claim = signing.loads(token, salt=SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return None
    return Export.objects.filter(id=claim["id"], file_key=claim["key"]).first()


def forget(key: str | None) -> None:
    if key:
        storage().delete(key)


@receiver(post_delete, sender=Export)
def forget_file_of_deleted(instance: Export, **kwargs) -> None:
    """However an export goes, by itself or with its project, its file goes too."""
    transaction.on_commit(lambda: forget(instance.file_key))
