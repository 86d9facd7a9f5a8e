from importlib import import_module

from django.apps import AppConfig


class ErrorTrackingConfig(AppConfig):
    name = "error_tracking"
    verbose_name = "Error tracking"

    def ready(self):
        import_module("error_tracking.symbol_files")  # it listens for deleted symbol sets
