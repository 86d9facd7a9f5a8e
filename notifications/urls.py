"""/api/environments/:project_id/hog_functions, …/hog_function_templates and …/integrations"""

from notifications.views.destinations import HogFunctionTemplateViewSet, HogFunctionViewSet
from notifications.views.integrations import IntegrationViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("hog_functions", HogFunctionViewSet)
router.register("hog_function_templates", HogFunctionTemplateViewSet, basename="template")
router.register("integrations", IntegrationViewSet, basename="integration")
urlpatterns = router.urls
