from insights.views.exports import ExportViewSet
from insights.views.insights import InsightViewSet
from insights.views.max_tools import MaxToolsViewSet
from insights.views.queries import QueryViewSet
from insights.views.tools import ToolsViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("insights", InsightViewSet)
router.register("mcp_tools", ToolsViewSet, basename="mcp_tool")
router.register("max_tools", MaxToolsViewSet, basename="max_tool")
router.register("exports", ExportViewSet)
router.register("query", QueryViewSet, basename="query")

urlpatterns = router.urls
