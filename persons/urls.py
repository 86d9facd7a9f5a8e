"""/api/environments/:project_id/persons, cohorts, groups and groups_types"""

from django.urls import re_path

from persons.views.cohorts import CohortViewSet
from persons.views.groups import GroupTypeViewSet, GroupViewSet
from persons.views.persons import PersonViewSet
from posthog_clone.api.routers import Router

router = Router()
router.register("cohorts", CohortViewSet)
router.register("groups", GroupViewSet)
router.register("groups_types", GroupTypeViewSet)
router.register("persons", PersonViewSet)

urlpatterns = [
    re_path(
        r"^persons\.csv/?$",
        PersonViewSet.as_view({"get": "list"}, schema=None),
        {"format": "csv"},
    ),
    *router.urls,
]
