from rest_framework import serializers

from posthog_clone.api.serializers import Constant, ModelSerializer
from projects.models import ActivityLogEntry
from projects.serializers.basic import UserBasicSerializer


class ActivityLogEntrySerializer(ModelSerializer):
    user = UserBasicSerializer(read_only=True, allow_null=True)
    is_system = serializers.SerializerMethodField()
    was_impersonated = Constant(False)
    unread = Constant(False)
    detail = serializers.DictField(read_only=True)

    class Meta:
        model = ActivityLogEntry
        fields = [
            "id",
            "user",
            "is_system",
            "was_impersonated",
            "unread",
            "activity",
            "scope",
            "item_id",
            "detail",
            "created_at",
        ]
        read_only_fields = fields

    def get_is_system(self, entry) -> bool:
        return entry.user_id is None
