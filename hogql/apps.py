from django.apps import AppConfig
from django.db.backends.signals import connection_created

from hogql.filters.queryset import register_function


class HogQLConfig(AppConfig):
    name = "hogql"
    verbose_name = "Query language"

    def ready(self):
        connection_created.connect(
            lambda connection, **kwargs: register_function(connection),
            weak=False,
            dispatch_uid="hogql.property_filters",
        )
