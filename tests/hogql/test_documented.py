"""docs/hogql.md names every table and what its limits are."""

from django.conf import settings

from hogql.compiler import calls
from hogql.compiler.context import MAX_NODES
from hogql.compiler.selects import MAX_JOINS, MAX_NUMBERS
from hogql.database import PUBLIC_TABLES
from hogql.limits import MAX_ROWS
from hogql.parser.limits import MAX_DEPTH, MAX_LENGTH

TEXT = (settings.BASE_DIR / "docs" / "hogql.md").read_text()
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ")]


def test_every_table_is_documented():
    for table in PUBLIC_TABLES:
        assert any(row.startswith(f"| `{table}` |") for row in ROWS), table


def test_fields_of_short_tables_are_documented():
    for table in ("persons", "person_distinct_ids", "groups", "log_entries", "app_metrics", "logs"):
        (row,) = (row for row in ROWS if row.startswith(f"| `{table}` |"))
        for field in PUBLIC_TABLES[table].fields:
            assert f"`{field}`" in row or field == "resource_fingerprint", (table, field)


def test_limits_are_as_documented():
    for limit in (MAX_LENGTH, MAX_NODES, MAX_NUMBERS, MAX_ROWS, calls.MAX_MATCHED, MAX_DEPTH):
        assert f"{limit:,}" in TEXT, limit
    assert f"| tables in a SELECT | {MAX_JOINS} |" in TEXT
