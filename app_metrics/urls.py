"""/api/environments/:project_id/app_metrics"""

from app_metrics.views import AppMetricsViewSet, HistoricalExportViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("app_metrics", AppMetricsViewSet, basename="app_metrics")
router.register(
    r"app_metrics/(?P<plugin_config_id>[^/]+)/historical_exports",
    HistoricalExportViewSet,
    basename="historical_export",
)
urlpatterns = router.urls
