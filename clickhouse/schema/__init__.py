"""The store's schema: numbered files, applied in order, once, and recorded."""

import hashlib
import re
from pathlib import Path

import clickhouse

FOLDER = Path(__file__).parent


class SchemaError(Exception):
    """The schema in the store is not one that this version can work with."""


def files() -> list[Path]:
    return sorted(FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def statements(path: Path) -> list[str]:
    text = re.sub(r"^\s*--.*$", "", path.read_text(), flags=re.MULTILINE)
    return [statement for part in text.split(";") if (statement := part.strip())]


def apply() -> list[str]:
    """Apply what is missing and return its names.

    Safe to run twice and from two processes at once: every statement is written to be repeatable,
    and a file is recorded only after its last one. Raises SchemaError when the store has been
    touched by a newer version.
    """
    clickhouse.command(
        "CREATE TABLE IF NOT EXISTS schema_files (name String, digest String,"
        " applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name"
    )
    applied = {name for (name,) in clickhouse.rows("SELECT DISTINCT name FROM schema_files")}
    known = {path.name for path in files()}
    if unknown := sorted(applied - known):
        raise SchemaError(
            f"The analytics store has schema files this version does not know ({unknown[0]}): "
            "it was used by a newer version. Install that version or point CLICKHOUSE_URL "
            "(or DATA_DIR) somewhere else."
        )
    missing = [path for path in files() if path.name not in applied]
    for path in missing:
        for statement in statements(path):
            clickhouse.command(statement)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        clickhouse.command(
            "INSERT INTO schema_files (name, digest) SELECT {name:String}, {digest:String}",
            name=path.name,
            digest=digest,
        )
    return [path.name for path in missing]
