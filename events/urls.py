"""/api/environments/:project_id/events, actions, event_definitions and property_definitions"""

from django.urls import re_path

from events.views.actions import ActionViewSet
from events.views.definitions import EventDefinitionViewSet, PropertyDefinitionViewSet
from events.views.events import EventViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("actions", ActionViewSet)
router.register("event_definitions", EventDefinitionViewSet)
router.register("events", EventViewSet, basename="event")
router.register("property_definitions", PropertyDefinitionViewSet)

urlpatterns = [
    re_path(
        r"^events\.csv/?$",
        EventViewSet.as_view({"get": "list"}, schema=None),
        {"format": "csv"},
    ),
    *router.urls,
]
