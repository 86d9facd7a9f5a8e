from django.apps import AppConfig


class AppMetricsConfig(AppConfig):
    name = "app_metrics"
    verbose_name = "App metrics"
