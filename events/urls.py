"""/api/environments/:project_id/events"""

from events.views import EventViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("events", EventViewSet, basename="event")
urlpatterns = router.urls
