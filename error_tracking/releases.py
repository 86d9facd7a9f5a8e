"""Releases: named by a hash that a project has only once."""

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.exceptions import ValidationError

from error_tracking.models import Release


def create_release(release: Release) -> Release:
    """Save a new release; without a hash of its own, its id serves as one."""
    release.hash_id = release.hash_id or str(release.id)
    return save_release(release, force_insert=True)


def save_release(release: Release, **options: Any) -> Release:
    """Raises ValidationError when the project has a release of this hash, also one made just now.

    The constraint decides, so that of two builds at once only one makes the release.
    """
    try:
        with transaction.atomic():
            release.save(**options)
    except IntegrityError as error:
        raise ValidationError(
            f"Hash id {release.hash_id} already in use", code="release_hash_in_use"
        ) from error
    return release
