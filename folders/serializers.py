from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from folders.models import PersistedFolder
from posthog_clone.api.serializers import ModelSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A pinned folder",
            {
                "id": "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e",
                "type": "pinned",
                "protocol": "products://",
                "path": "Dashboards/Weekly",
                "created_at": "2026-01-31T09:15:00Z",
                "updated_at": "2026-01-31T09:15:00Z",
            },
            response_only=True,
        ),
        OpenApiExample(
            "Pin a folder", {"type": "pinned", "path": "Dashboards/Weekly"}, request_only=True
        ),
    ]
)
class PersistedFolderSerializer(ModelSerializer):
    class Meta:
        model = PersistedFolder
        fields = ["id", "type", "protocol", "path", "created_at", "updated_at"]
        read_only_fields = ["id", "created_at", "updated_at"]
