"""Routes below /api/."""

from django.urls import re_path

from posthog_clone.api.routers import Router
from projects.views.keys import PersonalAPIKeysViewSet
from projects.views.members import MembersViewSet
from projects.views.organizations import OrganizationsViewSet
from projects.views.projects import EnvironmentsViewSet, ProjectsViewSet
from projects.views.roles import RoleMembershipsViewSet, RolesViewSet
from projects.views.sessions import LoginViewSet, LogoutViewSet
from projects.views.users import UsersViewSet

router = Router()
router.register("projects", ProjectsViewSet, basename="project")
router.register("environments", EnvironmentsViewSet, basename="environment")
router.register("organizations", OrganizationsViewSet, basename="organization")
router.register(
    "organizations/(?P<organization_id>[^/]+)/projects",
    ProjectsViewSet,
    basename="organization_project",
)
router.register(
    "organizations/(?P<organization_id>[^/]+)/members", MembersViewSet, basename="member"
)
router.register("organizations/(?P<organization_id>[^/]+)/roles", RolesViewSet, basename="role")
router.register(
    "organizations/(?P<organization_id>[^/]+)/roles/(?P<role_id>[^/]+)/role_memberships",
    RoleMembershipsViewSet,
    basename="role_membership",
)
router.register("users", UsersViewSet, basename="user")
router.register("personal_api_keys", PersonalAPIKeysViewSet, basename="personal_api_key")

urlpatterns = [
    *router.urls,
    re_path("^login/?$", LoginViewSet.as_view({"post": "create"})),
    re_path("^logout/?$", LogoutViewSet.as_view({"post": "create"})),
]
