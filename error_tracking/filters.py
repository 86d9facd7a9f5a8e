from django_filters import rest_framework as filters

from error_tracking.models import Fingerprint


class FingerprintFilter(filters.FilterSet):
    issue_id = filters.UUIDFilter()

    class Meta:
        model = Fingerprint
        fields = ["issue_id"]
