import logging

from django.db import DatabaseError, migrations

logger = logging.getLogger(__name__)

TABLE, INDEXED = "persons_person", "persons_person_search"
REMOVE = (
    f"INSERT INTO {INDEXED} ({INDEXED}, rowid, email_and_name)"
    " VALUES ('delete', old.id, old.email_and_name)"
)
ADD = f"INSERT INTO {INDEXED} (rowid, email_and_name) VALUES (new.id, new.email_and_name)"
TRIGGERS = {
    "added": f"AFTER INSERT ON {TABLE} BEGIN {ADD}; END",
    "removed": f"AFTER DELETE ON {TABLE} BEGIN {REMOVE}; END",
    "changed": (
        f"AFTER UPDATE ON {TABLE} WHEN old.email_and_name IS NOT new.email_and_name"
        f" BEGIN {REMOVE}; {ADD}; END"
    ),
}
# Of each index: its rows, and how many are equal in its first column, in its first two, and so on.
# Without any, SQLite takes it that a project has 10 persons, and goes through all of them to find
# a dozen by their ids.
STATISTICS = {
    "person_newest_first": "200000 20000 1 1 1",
    "person_by_email": "200000 20000 2 1 1",
    "sqlite_autoindex_persons_person_1": "200000 20000 1",  # unique_person_uuid
}


def add_trigrams(apps, schema_editor):
    """What pg_trgm is to PostgreSQL. A migration that makes SQLite copy the table of persons has to
    add the triggers again."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        try:
            cursor.execute(
                f"CREATE VIRTUAL TABLE {INDEXED} USING fts5(email_and_name,"
                f" content='{TABLE}', content_rowid='id', tokenize='trigram')"
            )
        except DatabaseError as error:
            logger.warning(
                "This SQLite has no trigrams (%s): searches of many persons take longer.", error
            )
            return
        cursor.execute(f"INSERT INTO {INDEXED} ({INDEXED}) VALUES ('rebuild')")
        for name, trigger in TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER {INDEXED}_{name} {trigger}")


def add_statistics(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TABLE}")
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = %s", [TABLE])
        cursor.executemany(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)",
            [(TABLE, index, numbers) for index, numbers in STATISTICS.items()],
        )
        cursor.execute("ANALYZE sqlite_master")  # has this connection read them, too


def remove_trigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {INDEXED}_{name}")
        schema_editor.execute(f"DROP TABLE IF EXISTS {INDEXED}")


class Migration(migrations.Migration):
    dependencies = [("persons", "0008_person_search")]

    operations = [
        migrations.RunPython(add_trigrams, remove_trigrams),
        migrations.RunPython(add_statistics, migrations.RunPython.noop),
    ]
