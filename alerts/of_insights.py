"""The alerts that insights show: settings.INSIGHT_ALERTS."""

from collections.abc import Iterable
from typing import Any

from rest_framework.request import Request

from alerts.models import Alert
from alerts.serializers.alerts import AlertSerializer
from alerts.views.alerts import wants_objects
from insights.models import Insight


def alerts_of(insights: Iterable[Insight], request: Request) -> dict[int, list[dict[str, Any]]]:
    """By the insight's id, the oldest first; insights without any are left out."""
    alerts = (
        Alert.objects.filter(insight__in=insights)
        .with_last_value()
        .with_subscribed()
        .select_related("threshold", "created_by", "insight__created_by")
        .order_by("created_at", "id")
    )
    shown: dict[int, list[dict[str, Any]]] = {}
    context = {"request": request, "as_objects": wants_objects(request)}
    serializer = AlertSerializer(context=context)
    for alert in alerts:
        shown.setdefault(alert.insight_id, []).append(serializer.to_representation(alert))
    return shown
