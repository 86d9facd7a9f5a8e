import logging

from django.db import DatabaseError, migrations, transaction

logger = logging.getLogger(__name__)

INDEX = "person_search"
WITHOUT = (
    "PostgreSQL has no pg_trgm here or we may not add it (%s): searches of many persons take "
    "longer. Once an administrator has run CREATE EXTENSION pg_trgm: "
    "CREATE INDEX CONCURRENTLY person_search ON persons_person "
    "USING gin (upper(email_and_name) gin_trgm_ops)"
)


def add_trigrams(apps, schema_editor):
    """SQLite scans the covering index person_newest_first, which takes it a third of what
    PostgreSQL needs for that."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                f"CREATE INDEX {INDEX} ON persons_person "
                "USING gin (upper(email_and_name) gin_trgm_ops)"
            )
    except DatabaseError as error:
        logger.warning(WITHOUT, str(error).strip())


def remove_trigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("persons", "0007_events_deletions")]

    operations = [migrations.RunPython(add_trigrams, remove_trigrams)]
