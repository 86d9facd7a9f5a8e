from django.contrib import admin

from clickhouse.models import OutboxBlock
from posthog_clone.admin import RecordAdmin


@admin.register(OutboxBlock)
class OutboxBlockAdmin(RecordAdmin):
    """Rows that are digested and wait for ClickHouse."""

    list_display = ["table", "rows", "lane", "created_at"]
    list_filter = ["table"]
    search_fields = ["table"]
    ordering = ["id"]
    exclude = ["payload"]
