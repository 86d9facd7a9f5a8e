from rest_framework import serializers

from error_tracking.models import Fingerprint
from posthog_clone.api.serializers import ModelSerializer


class FingerprintSerializer(ModelSerializer):
    issue_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Fingerprint
        fields = ["id", "fingerprint", "issue_id", "created_at"]
