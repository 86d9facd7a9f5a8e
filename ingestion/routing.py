"""Which database holds the queue: the main one, or beside SQLite one of its own."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, models


class QueueRouter:
    def db_for_read(self, model: type[models.Model], **hints) -> str | None:
        return settings.QUEUE_DATABASE if model._meta.label == "ingestion.QueuedBatch" else None

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints
    ) -> bool | None:
        if db == DEFAULT_DB_ALIAS:
            return None
        return (app_label, model_name) == ("ingestion", "queuedbatch")
