"""What ClickHouse says of a query that failed, as answers of the API."""

import logging
import re
from collections.abc import Mapping

from rest_framework.exceptions import APIException

import clickhouse
from hogql.errors import QueryError

logger = logging.getLogger(__name__)
TIME_CODES = {159, 160, 209}
MEMORY_CODES = {241, 173}
CANCELLED = 394
# What the author of a query can mend: types, arguments, aggregation, division, sizes.
MENDABLE = {
    *(
        6,
        12,
        26,
        27,
        32,
        35,
        36,
        38,
        41,
        42,
        43,
        44,
        46,
        47,
        48,
        50,
        51,
        53,
        59,
        63,
        65,
        69,
        70,
        72,
    ),
    *(117, 125, 127, 128, 130, 131, 135, 137, 153, 158, 162, 167, 168, 169, 174, 179, 184, 190),
    *(191, 201, 206, 207, 215, 263, 306, 307, 321, 349, 352, 376, 386, 395, 396, 403, 407, 411),
    *(427, 440, 441, 457, 475, 531, 632, 635, 691),
}
NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\s*(?:\(version.*)?$", re.DOTALL)
PREFIX = re.compile(r"^.*?DB::Exception: ", re.DOTALL)
# From here on, messages quote SQL that isn't the author's.
INTERNALS = re.compile(
    r"(?:: |\. |\s)(?:In scope|While processing|while executing|While executing|Stack trace|"
    r"Maybe you meant|In query).*",
    re.DOTALL,
)
OWN_NAMES = re.compile(r"`?\$(?:own|t\d+)`?\.(?:c\d+)?|\bc\d+\b|`\$c\d+`")


class QueryTimeout(APIException):
    status_code = 504
    default_code = "query_timeout"


class QueryMemoryExceeded(APIException):
    status_code = 504
    default_code = "query_memory_limit"


class QueryCancelled(QueryError):
    """Somebody stopped it."""


class QueryFailed(APIException):
    status_code = 500
    default_code = "query_failed"
    default_detail = "The query failed in the analytics store. The server's log has the reason."


def as_api_error(
    error: Exception, seconds: int, names: Mapping[str, str] | None = None
) -> APIException:
    """The answer to a failure of the store. `names` says what the query calls the SQL's columns."""
    cause = error.__cause__ if isinstance(error, clickhouse.Unavailable) else error
    code = getattr(error, "code", None) or getattr(cause, "code", None)
    if code in TIME_CODES:
        return QueryTimeout(
            f"The query was stopped after {seconds} seconds, the most it may take. Narrow the date "
            "range or select less."
        )
    if code in MEMORY_CODES:
        return QueryMemoryExceeded(
            "The query was stopped because it needs more memory than it may use. Narrow the date "
            "range, or group by and select less."
        )
    if isinstance(error, clickhouse.Unavailable):
        return error
    if code == CANCELLED:
        return QueryCancelled("The query was cancelled.", code="query_cancelled")
    if code in MENDABLE:
        name, text = explained(str(error), names or {})
        return QueryError(text, code=name.lower() if name else None)
    logger.error("A query failed in ClickHouse: %s", error)
    return QueryFailed()


def explained(message: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    """The error's name and text, without what only concerns us."""
    name = NAME.search(message)
    text = PREFIX.sub("", message[: name.start()] if name else message)
    text = INTERNALS.sub("", text).strip().rstrip(".:")
    text = OWN_NAMES.sub(lambda match: names.get(match[0], "…"), text)
    return name and name[1], text[:500] + "."
