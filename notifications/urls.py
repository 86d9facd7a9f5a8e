"""/api/environments/:project_id/integrations"""

from notifications.views.integrations import IntegrationViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("integrations", IntegrationViewSet, basename="integration")
urlpatterns = router.urls
