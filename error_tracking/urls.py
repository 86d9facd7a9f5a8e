from error_tracking.views.fingerprints import FingerprintViewSet
from error_tracking.views.issues import IssueViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("error_tracking/issues", IssueViewSet)
router.register("error_tracking/fingerprints", FingerprintViewSet)

urlpatterns = router.urls
