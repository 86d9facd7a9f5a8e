from django.contrib import admin

from clickhouse.models import OutboxBlock, OutboxInsert
from posthog_clone.admin import RecordAdmin


@admin.register(OutboxBlock)
class OutboxBlockAdmin(RecordAdmin):
    """Rows that are digested and wait for ClickHouse."""

    list_display = ["table", "rows", "lane", "created_at"]
    list_filter = ["table"]
    search_fields = ["table"]
    ordering = ["id"]
    exclude = ["payload", "keys"]


@admin.register(OutboxInsert)
class OutboxInsertAdmin(RecordAdmin):
    """Which blocks are on their way together."""

    list_display = ["table", "token"]
    search_fields = ["table"]
    ordering = ["id"]
