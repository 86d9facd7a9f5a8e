"""Of what type a property is, by its name and a value.

PostHog: rust/property-defs-rs/src/types.rs
"""

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from events.models import PropertyDefinition

Type = PropertyDefinition.PropertyType
TEXTS = ("utm_", "$initial_utm_", "$feature/", "$survey_response")
TIMES = ("time", "date", "_at", "-at", "createdat", "updatedat")
BOOLEANS = {"true", "false", "TRUE", "FALSE"}
RECENT = timedelta(days=182)
CLOCK = r"([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?"
YEAR_FIRST = re.compile(rf"\d{{4}}([-/])(0?[1-9]|1[0-2])\1(0?[1-9]|[12]\d|3[01]){CLOCK}")
DAY_FIRST = re.compile(rf"(0?[1-9]|[12]\d|3[01])([-/])(0?[1-9]|1[0-2])\2\d{{4}}{CLOCK}")
MAIL_DATE = re.compile(
    r"([A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(:\d{2})? ([+-]\d{4}|[A-Z]{1,5})"
)
LONGEST_DATE = 40


def detect(key: str, value: Any, now: datetime) -> Type | None:
    """None when the value doesn't tell."""
    key = key.lower()
    if key.startswith(TEXTS) or key == "$feature_flag_response":
        return Type.STRING
    if isinstance(value, bool):
        return Type.BOOLEAN
    if isinstance(value, str):
        return type_of_text(value)
    if isinstance(value, int) and any(part in key for part in TIMES):
        return Type.DATETIME if value >= (now - RECENT).timestamp() else Type.NUMERIC
    return Type.NUMERIC if isinstance(value, int | float) else None


def type_of_text(text: str) -> Type:
    text = text.strip()
    if text in BOOLEANS:
        return Type.BOOLEAN
    return Type.DATETIME if len(text) <= LONGEST_DATE and is_date(text) else Type.STRING


def is_date(text: str) -> bool:
    if YEAR_FIRST.fullmatch(text) or DAY_FIRST.fullmatch(text):
        return True
    if not MAIL_DATE.fullmatch(text):
        return False
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True
