"""The answer to OPTIONS."""

from rest_framework.metadata import SimpleMetadata


class Metadata(SimpleMetadata):
    """Name, description and formats; the fields are in the OpenAPI document."""

    def determine_actions(self, request, view):
        return {}
