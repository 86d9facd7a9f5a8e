"""Source maps that nobody has uploaded, fetched from where the browser had the script.

Who can send an event chooses these addresses. So this is off unless FETCH_SOURCE_MAPS says
otherwise; every request, and every redirect, goes through the guarded client, which calls public
addresses only; sizes, times and numbers are limited; and what failed is not tried again for a day.
"""

import logging
import re
from base64 import b64decode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import unquote_to_bytes, urljoin

from django.core.files.base import ContentFile
from django.db.models import Q
from rest_framework.exceptions import ValidationError

from error_tracking.models import SymbolSet
from error_tracking.symbol_data import BadSymbolData, write_source_and_map
from error_tracking.symbol_sets import upload_at_once
from error_tracking.symbolication.maps import read_map
from notifications import outgoing
from projects.models import Project

logger = logging.getLogger(__name__)

TIMEOUT = 5.0
MAX_REDIRECTS = 5
MAX_SCRIPT_BYTES = 10 * 1024 * 1024
MAX_MAP_BYTES = 40 * 1024 * 1024
MAX_AT_ONCE = 8
"""A batch of exceptions waits for so many at most; the others have their turn with the next."""
MAX_PER_PROJECT = 2000
RETRY_AFTER = timedelta(days=1)
SCRIPT = re.compile(r"https?://", re.IGNORECASE)
MENTION = re.compile(rb"(?://|/\*)[#@]\s*sourceMappingURL=([^\s'\"*]+)")
INLINE = re.compile(r"data:application/json[^,]*,", re.IGNORECASE)

Ref = tuple[int, str]
"""Project and ref."""


class CannotFetch(Exception):
    """The message says why, and is kept with the symbol set."""


def fetch(refs: Iterable[Ref], now: datetime) -> set[Ref]:
    """Fetch the source maps of those refs that are addresses; returns what was fetched."""
    wanted = untried({ref for ref in refs if is_address(ref[1])}, now)
    if not wanted:
        return set()
    with ThreadPoolExecutor(len(wanted), thread_name_prefix="source-map") as pool:
        results = list(pool.map(lambda ref: attempt(ref[1]), wanted))
    projects = Project.objects.in_bulk({project_id for project_id, _ in wanted})
    fetched = set()
    for ref, result in zip(wanted, results, strict=True):
        if isinstance(result, bytes) and (project := projects.get(ref[0])):
            try:
                upload_at_once(project, ref[1], None, ContentFile(result))
            except ValidationError as error:  # larger together than a symbol set may be
                note_failure(ref, str(error.detail[0]), now)
            else:
                fetched.add(ref)
        else:
            note_failure(ref, str(result), now)
    return fetched


def is_address(ref: str) -> bool:
    return len(ref) <= SymbolSet.MAX_REF and SCRIPT.match(ref) is not None


def untried(refs: set[Ref], now: datetime) -> list[Ref]:
    """Some of the refs whose turn it is: not those of sets that are there, or failed lately."""
    if not refs:
        return []
    rows = SymbolSet.objects.filter(
        Q(failed_at=None) | Q(failed_at__gt=now - RETRY_AFTER),
        project__in={project_id for project_id, _ in refs},
        ref__in={ref for _, ref in refs},
    )
    known = set(rows.values_list("project_id", "ref"))
    full = {
        project_id
        for project_id in {project_id for project_id, _ in refs}
        if SymbolSet.objects.filter(project=project_id, ref__startswith="http").count()
        >= MAX_PER_PROJECT
    }
    return sorted(ref for ref in refs - known if ref[0] not in full)[:MAX_AT_ONCE]


def attempt(url: str) -> bytes | str:
    """The symbol set's file, or why there is none. Touches no database: it runs in a thread."""
    try:
        return fetch_file(url)
    except (CannotFetch, outgoing.OutgoingError) as error:
        return str(error)
    except Exception:  # one odd page must not hold up the exceptions of others
        logger.exception("Fetching a source map failed")
        return "The script or its source map could not be read."


def fetch_file(url: str) -> bytes:
    script = get(url, MAX_SCRIPT_BYTES)
    mention = mention_in(script)
    if INLINE.match(mention):
        source_map = inline(mention)
    else:
        source_map = get(urljoin(script.url, mention), MAX_MAP_BYTES).body
    data = write_source_and_map(script.body, source_map)
    try:
        read_map(data)
    except BadSymbolData as error:
        raise CannotFetch(f"Invalid source map: {error}") from error
    return data


def get(url: str, max_bytes: int) -> outgoing.Answer:
    answer = outgoing.request(
        "GET", url, timeout=TIMEOUT, max_bytes=max_bytes, max_redirects=MAX_REDIRECTS
    )
    if answer.status != 200:
        raise CannotFetch(f"{url[:300]} answered {answer.status}.")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise CannotFetch(f"{url[:300]} answered compressed, which it was not asked for.")
    return answer


def mention_in(script: outgoing.Answer) -> str:
    """What a script, or the answer's headers, say of where its source map is."""
    for header in ("sourcemap", "x-sourcemap"):
        if mention := script.headers.get(header):
            return mention.strip()
    mentions = MENTION.findall(script.body)
    if not mentions:
        raise CannotFetch("The script names no source map.")
    return mentions[-1].decode(errors="replace")


def inline(mention: str) -> bytes:
    head, _, data = mention.partition(",")
    try:
        return b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
    except ValueError as error:
        raise CannotFetch("The source map in the script can't be decoded.") from error


def note_failure(ref: Ref, reason: str, now: datetime) -> None:
    """Keep why it failed, unless somebody has uploaded the map meanwhile."""
    project_id, url = ref
    SymbolSet.objects.bulk_create(
        [SymbolSet(project_id=project_id, ref=url, failure_reason=reason, failed_at=now)],
        ignore_conflicts=True,
    )
    SymbolSet.objects.filter(project=project_id, ref=url, storage_ptr=None).update(
        failure_reason=reason, failed_at=now
    )
