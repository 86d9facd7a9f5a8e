"""Every app's routes, each mounted once."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from ingestion.health import ready
from posthog_clone.api import docs, errors
from posthog_clone.api.health import alive
from projects.views.preflight import preflight

# Below a project; each app's paths exist under both prefixes.
PROJECT_ROUTES = [
    path("", include("alerts.urls")),
    path("", include("app_metrics.urls")),
    path("", include("error_tracking.urls")),
    path("", include("events.urls")),
    path("", include("folders.urls")),
    path("", include("insights.urls")),
    path("", include("persons.urls")),
    path("", include("notifications.urls")),
    path("", include("logs.urls")),
    path("", include("projects.project_urls")),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/environments/<str:project_id>/", include(PROJECT_ROUTES)),
    path("api/projects/<str:project_id>/", include(PROJECT_ROUTES)),
    path("api/", include("projects.urls")),
    re_path(r"^api/schema/?$", docs.DocumentView.as_view(), name="schema"),
    re_path(r"^api/schema/swagger-ui/?$", docs.SwaggerView.as_view()),
    re_path(r"^api/schema/redoc/?$", docs.RedocView.as_view()),
    path("", include("error_tracking.file_urls")),
    path("", include("insights.file_urls")),
    re_path(r"^_(?:health|livez|liveness)/?$", alive),
    re_path(r"^_(?:readyz|readiness)/?$", ready),
    re_path(r"^_preflight/?$", preflight),
    re_path(r"^api(?:/|$)", errors.endpoint_not_found),
    re_path(r"^(?:admin)?$", RedirectView.as_view(url="/admin/")),
]

handler400 = errors.bad_request
handler404 = errors.not_found
handler500 = errors.server_error
