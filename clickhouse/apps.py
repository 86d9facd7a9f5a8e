from django.apps import AppConfig


class ClickHouseConfig(AppConfig):
    name = "clickhouse"
    verbose_name = "Analytics store"
