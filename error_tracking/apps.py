from django.apps import AppConfig


class ErrorTrackingConfig(AppConfig):
    name = "error_tracking"
    verbose_name = "Error tracking"
