"""Kinds of lines: bodies that are alike but for ids, addresses and numbers."""

import math
import re
from typing import Any

import clickhouse
from logs import queries
from logs.buckets import Buckets
from logs.search import Search

MAX_SAMPLE = 20_000
MAX_PATTERNS = 100
MAX_EXAMPLES = 10
MAX_SERVICES = 4
MAX_LENGTH = 300
BUCKETS = 24
MIN_LITERAL = 3
# What varies, in the order of looking, and what is shown for it.
VARIABLES = [
    (r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "<uuid>"),
    (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", "<ip>"),
    (r"\b\d{8,}\b", "<num>"),
    (r"\b(?:0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8,})\b", "<hex>"),
    (r"\d+(?:\.\d+)?", "<num>"),
]
FORMS = {mask: form for form, mask in VARIABLES}
MASK = re.compile("|".join(FORMS))


def find_patterns(search: Search) -> dict[str, Any]:
    """The most frequent kinds of lines; of many lines, as seen in an even sample."""
    total = queries.count(search)
    every = math.ceil(total / MAX_SAMPLE) or 1
    buckets = Buckets.cover(search.date_from, search.date_to, BUCKETS)
    starts = buckets.starts()
    rows = masked(search, every, buckets)
    scanned = sum(row[1] for row in rows)
    scale = total / scanned if scanned else 1
    return {
        "patterns": [pattern(row, scanned, scale, starts) for row in rows[:MAX_PATTERNS]],
        "scanned_count": scanned,
        "total_count": total,
        "sampled": every > 1,
        "sample_coverage_pct": 100.0,
        "sparkline_buckets": [{"start": start, "end": start + buckets.step} for start in starts],
    }


def masked(search: Search, every: int, buckets: Buckets) -> list[tuple]:
    where, params = search.where()
    body = f"substring(trimBoth(replaceRegexpAll(body, '\\\\s+', ' ')), 1, {MAX_LENGTH:d})"
    template = "line"
    for form, mask in VARIABLES:
        template = f"replaceRegexpAll({template}, {params.bind(form)}, {params.bind(mask)})"
    return clickhouse.rows(
        f"""
        SELECT
            {template} AS pattern,
            count() AS lines,
            countIf(severity_text IN ('error', 'fatal')),
            min(timestamp),
            max(timestamp),
            groupUniqArray({MAX_SERVICES:d})(service_name),
            sumMap(map(severity_text, 1)),
            sumMap(map({queries.start_of(buckets)}, 1)),
            groupArray({MAX_EXAMPLES:d})((line, severity_text, service_name, timestamp))
        FROM (
            SELECT {body} AS line, severity_text, service_name, timestamp
            FROM logs
            WHERE {where} AND sipHash64(uuid) % {every:d} = 0
        )
        GROUP BY pattern
        ORDER BY lines DESC, pattern
        """,
        query_settings=queries.LIMITS,
        **params,
    )


def pattern(row: tuple, scanned: int, scale: float, starts: list) -> dict[str, Any]:
    template, lines, errors, first, last, services, severities, over_time, examples = row
    bodies = [body for body, *_ in examples]
    return {
        "pattern": template,
        "count": lines,
        "estimated_count": round(lines * scale),
        "volume_share_pct": round(100 * lines / scanned, 2),
        "error_count": errors,
        "estimated_error_count": round(errors * scale),
        "first_seen": first,
        "last_seen": last,
        "examples": [
            {"body": body, "severity_text": level, "service_name": service, "timestamp": at}
            for body, level, service, at in examples
        ],
        "services": sorted(services),
        "sparkline": [round(over_time.get(start, 0) * scale) for start in starts],
        "severity_counts": dict(severities),
        "match_regex": match_regex(template, bodies),
        "match_literal": longest_literal(template),
    }


def longest_literal(template: str) -> str | None:
    literals = [part.strip() for part in MASK.split(template)]
    longest = max(literals, key=len)
    return longest if len(longest) >= MIN_LITERAL else None


def match_regex(template: str, bodies: list[str]) -> str | None:
    """A pattern (RE2) that finds such lines; None when it would find too many, or not these."""
    if longest_literal(template) is None:
        return None
    parts, position = [r"^\s*"], 0
    for mask in MASK.finditer(template):
        parts += [literal(template[position : mask.start()]), f"(?:{FORMS[mask[0]]})"]
        position = mask.end()
    parts.append(literal(template[position:]))
    regex = "".join(parts)
    return regex if all(re.search(regex, body) for body in bodies) else None


def literal(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split(" "))
