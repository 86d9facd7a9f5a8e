"""Routes below a project."""

from posthog_clone.api.routers import Router
from projects.views import absent
from projects.views.activity import ActivityLogViewSet

router = Router()
router.register("activity_log", ActivityLogViewSet)
router.register("annotations", absent.AnnotationsViewSet, basename="annotation")
router.register("feature_flags", absent.FeatureFlagsViewSet, basename="feature_flag")

urlpatterns = router.urls
