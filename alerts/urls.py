"""/api/environments/:project_id/alerts, the thresholds of insights, and logs/alerts"""

from alerts.views.alerts import AlertViewSet, ThresholdViewSet
from alerts.views.logs import LogsAlertViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("alerts", AlertViewSet, basename="alert")
router.register(
    r"insights/(?P<insight_id>[^/.]+)/thresholds", ThresholdViewSet, basename="threshold"
)
router.register("logs/alerts", LogsAlertViewSet, basename="logs-alert")

urlpatterns = router.urls
