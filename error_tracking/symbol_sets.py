"""Symbol sets come in three steps: the client announces them, uploads their files, and says so.

PostHog: products/error_tracking/backend/logic/symbol_sets.py.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from rest_framework.exceptions import ValidationError

from error_tracking import symbol_files
from error_tracking.models import Release, StackFrame, SymbolSet
from projects.models import Project

CHANGING_FIELDS = ["storage_ptr", "content_hash", "release", "failure_reason", "failed_at"]


@dataclass(frozen=True, slots=True)
class Announced:
    """A symbol set that the client is about to upload."""

    ref: str
    release: Release | None = None
    content_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What to do with a symbol set that is there already, but differs."""

    force: bool = False
    """Replace it."""
    skip: bool = False
    """Keep it."""
    skip_release: bool = False
    """Keep the release it belongs to."""
    always: bool = False
    """Replace it whatever it holds, as clients ask that don't tell what they have."""


def error(code: str, detail: str) -> ValidationError:
    return ValidationError(detail, code=code)


def find_releases(project: Project, ids: Iterable[Any]) -> dict[str, Release]:
    """The releases by the ids the client gave. Raises ValidationError for one unknown."""
    found = {}
    wanted = {str(id) for id in ids if id}
    valid = {id for id in wanted if is_uuid(id)}
    if valid:
        releases = Release.objects.filter(project=project, id__in=valid)
        found = {str(release.id): release for release in releases}
    for id in wanted:
        if not is_uuid(id) or str(UUID(id)) not in found:
            raise error("invalid_release_id", f"There is no release {id[:100]!r} in this project.")
    return {id: found[str(UUID(id))] for id in wanted}


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@transaction.atomic
def start_uploads(
    project: Project, announced: Sequence[Announced], conflicts: Conflicts
) -> dict[str, SymbolSet]:
    """Make ready for the uploads that are needed: by ref, the symbol sets whose file is to come.

    All or nothing: raises ValidationError, and changes nothing, when one of them is refused.
    """
    wanted = {item.ref: item for item in announced}
    known = lock(project, wanted)
    new = [
        SymbolSet(
            project=project,
            ref=item.ref,
            release=item.release,
            storage_ptr=symbol_files.new_key(),
        )
        for item in announced
        if item.ref not in known
    ]
    # Of two clients that announce one ref at once, the other's row may be there by now.
    SymbolSet.objects.bulk_create(new, ignore_conflicts=True)
    made = lock(project, [row.ref for row in new])
    mine = {row.id for row in new}
    to_upload, changed = {}, []
    for ref, row in {**known, **made}.items():
        if row.id not in mine:
            changed.append(row)
            adopt(row, wanted[ref])
            if not needs_upload(row, wanted[ref], conflicts):
                continue
            restart(row)
        to_upload[ref] = row
    SymbolSet.objects.bulk_update(changed, CHANGING_FIELDS)
    return to_upload


def check_uploads(
    project: Project, announced: Sequence[Announced], conflicts: Conflicts
) -> list[str]:
    """The refs that `start_uploads` would want uploaded; changes nothing."""
    refs = [item.ref for item in announced]
    rows = SymbolSet.objects.filter(project=project, ref__in=refs)
    known = {row.ref: row for row in rows}
    return [
        item.ref
        for item in announced
        if item.ref not in known or needs_upload(known[item.ref], item, conflicts)
    ]


def lock(project: Project, refs: Iterable[str]) -> dict[str, SymbolSet]:
    """The project's symbol sets of these refs, locked in one order."""
    rows = SymbolSet.objects.filter(project=project, ref__in=list(refs)).order_by("id")
    return {row.ref: row for row in rows.select_for_update()}


def adopt(row: SymbolSet, sent: Announced) -> None:
    if sent.release and row.release_id is None:
        row.release = sent.release


def check_release(row: SymbolSet, sent: Announced, conflicts: Conflicts) -> None:
    """Raise ValidationError when the row is of another release and of other content."""
    if not sent.release or row.release_id in (None, sent.release.id):
        return
    if not (has_same_content(row, sent) or conflicts.skip_release):
        raise error(
            "release_id_mismatch", f"Symbol set {row.ref[:100]!r} belongs to another release."
        )


def has_same_content(row: SymbolSet, sent: Announced) -> bool:
    return sent.content_hash is not None and sent.content_hash == row.content_hash


def needs_upload(row: SymbolSet, sent: Announced, conflicts: Conflicts) -> bool:
    """Whether the file of a symbol set that is there already has to come (again)."""
    check_release(row, sent, conflicts)
    if row.content_hash is None or conflicts.always:
        return True
    if sent.content_hash is None:
        raise error(
            "content_hash_required",
            f"Symbol set {row.ref[:100]!r} is there already: send the content_hash of yours.",
        )
    if has_same_content(row, sent) or conflicts.skip:
        return False
    if conflicts.force:
        return True
    raise error(
        "content_hash_mismatch",
        f"Symbol set {row.ref[:100]!r} is there already with other content: send `force` to "
        "replace it or `skip_on_conflict` to keep it.",
    )


def restart(row: SymbolSet, key: str | None = None) -> None:
    """Have the row wait for a new file, under this key if it is there already."""
    symbol_files.forget_file(row.storage_ptr)
    row.storage_ptr = key or symbol_files.new_key()
    row.content_hash = None
    row.failure_reason = row.failed_at = None


def finish_uploads(project: Project, hashes: dict[str, str]) -> None:
    """Put uploaded symbol sets, by id with the client's hashes of their content, to use.

    Raises ValidationError when one is unknown or its file has not arrived: the rows stay, so that
    the client can try again. A row whose file is empty or too large is deleted.
    """
    valid = [id for id in hashes if is_uuid(id)]
    rows = {str(row.id): row for row in SymbolSet.objects.filter(project=project, id__in=valid)}
    for id in hashes:
        if not is_uuid(id) or str(UUID(id)) not in rows:
            raise error("symbol_set_not_found", f"There is no symbol set {id[:100]!r}.")
    for row in rows.values():
        check_file(row)
    for id, content_hash in hashes.items():
        rows[str(UUID(id))].content_hash = content_hash
    put_to_use(rows.values())


def finish_upload(row: SymbolSet, content_hash: str) -> None:
    """Put one uploaded symbol set to use; the first hash it was given stays."""
    check_file(row)
    row.content_hash = row.content_hash or content_hash
    put_to_use([row])


def check_file(row: SymbolSet) -> None:
    if not symbol_files.has_file(row):
        raise error("file_not_found", f"The file of symbol set {row.ref[:100]!r} is missing.")
    if not 0 < symbol_files.storage().size(row.storage_ptr) <= symbol_files.MAX_BYTES:
        row.delete()
        raise file_too_large()


def file_too_large() -> ValidationError:
    return error("file_too_large", "A symbol set's file has from one byte to 100 MiB.")


@transaction.atomic
def put_to_use(rows: Iterable[SymbolSet]) -> None:
    """From now on frames are resolved by them; those that could not be before are forgotten."""
    rows = list(rows)
    for row in rows:
        row.failure_reason = row.failed_at = None
    SymbolSet.objects.bulk_update(rows, CHANGING_FIELDS)
    forget_unresolved_frames(rows)


def forget_unresolved_frames(rows: Sequence[SymbolSet]) -> None:
    """Have the frames of these symbol sets, all of one project, recorded anew."""
    if rows:
        StackFrame.objects.filter(
            project=rows[0].project_id, symbol_set_ref__in=[row.ref for row in rows], resolved=False
        ).delete()


def upload_at_once(project: Project, ref: str, release: Release | None, file: File) -> SymbolSet:
    """Store a symbol set that came with its file, in place of the one of this ref, if any."""
    if not 0 < file.size <= symbol_files.MAX_BYTES:
        raise file_too_large()
    content_hash = hash_of(file)
    with symbol_files.new_file(file) as key, transaction.atomic():
        SymbolSet.objects.bulk_create(
            [SymbolSet(project=project, ref=ref, release=release)], ignore_conflicts=True
        )
        row = lock(project, [ref])[ref]
        sent = Announced(ref, release, content_hash)
        adopt(row, sent)
        check_release(row, sent, Conflicts())
        take_file(row, key, content_hash)
    return row


def replace_file(row: SymbolSet, file: File) -> None:
    content_hash = hash_of(file)
    with symbol_files.new_file(file) as key, transaction.atomic():
        take_file(row, key, content_hash)


def take_file(row: SymbolSet, key: str, content_hash: str) -> None:
    restart(row, key)
    row.content_hash = content_hash
    put_to_use([row])


def hash_of(file: File) -> str:
    digest = hashlib.sha512()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def delete_symbol_sets(rows: Iterable[SymbolSet]) -> int:
    """Delete them with their files; what they have resolved stays, the rest is forgotten."""
    rows = list(rows)
    with transaction.atomic():
        forget_unresolved_frames(rows)
        SymbolSet.objects.filter(id__in=[row.id for row in rows]).delete()
    return len(rows)
