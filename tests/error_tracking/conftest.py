"""Fixtures of error tracking: a place for symbol sets, and what processes keep in memory."""

import pytest
from django.core.files.base import ContentFile

from error_tracking import symbol_files
from error_tracking.models import Issue
from error_tracking.stack_frames import recorded
from error_tracking.symbolication import symbol_sets
from error_tracking.symbolication.resolving import known_frames
from tests.error_tracking.asking import happen
from tests.factories import ReleaseFactory, SymbolSetFactory


@pytest.fixture
def symbol_storage(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "symbol_sets": {
            **settings.STORAGES["symbol_sets"],
            "OPTIONS": {"location": tmp_path, "allow_overwrite": True},
        },
    }
    return tmp_path


@pytest.fixture
def nothing_known(symbol_storage):
    """As in a process that has just started."""
    recorded.keys.clear()
    known_frames.cache_clear()
    symbol_sets.maps = symbol_sets.Maps()


@pytest.fixture
def uploaded(project, nothing_known):
    """Makes a finished symbol set of the project with this content."""

    def make(content, ref, **fields):
        row = SymbolSetFactory(
            project=project,
            ref=ref,
            content_hash="h",
            storage_ptr=symbol_files.new_key(),
            **fields,
        )
        symbol_files.storage().save(row.storage_ptr, ContentFile(content))
        return row

    return make


@pytest.fixture
def release(project):
    return ReleaseFactory(project=project)


@pytest.fixture
def three(project):
    """Issues A (once, lately), B (thrice, one user) and C (twice, two users, long ago)."""
    happen(project, "A", hours_ago=1)
    for hours in (3, 4, 5):
        happen(project, "B", hours_ago=hours)
    happen(project, "C", hours_ago=30, user="user_1")
    happen(project, "C", hours_ago=31, user="user_2")
    return {issue.name: issue for issue in Issue.objects.all()}
