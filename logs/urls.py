"""/api/environments/:project_id/logs"""

from logs.views.logs import LogsViewSet
from logs.views.saved import LogsExportViewSet, LogsViewViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("logs/views", LogsViewViewSet, basename="logs-view")
router.register("logs/export", LogsExportViewSet, basename="logs-export")
router.register("logs", LogsViewSet, basename="logs")

urlpatterns = router.urls
