"""The OpenAPI document and its two readers' pages; public, and served from here entirely."""

from functools import cache
from threading import Lock

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer, OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.views import APIView

from posthog_clone.api.renderers import JSONRenderer

_generating = Lock()


@cache
def document(renderer: type[BaseRenderer]) -> bytes:
    """It takes seconds to make and stays the same while the process runs."""
    content = renderer().render(SchemaGenerator().get_schema(public=True))
    return content if isinstance(content, bytes) else content.encode()


class JSONErrors:
    """What fails is told in JSON, as everywhere under /api/, and not as a page or in YAML."""

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(response, "exception", False):
            response.accepted_renderer = JSONRenderer()
            response.accepted_media_type = JSONRenderer.media_type
        return response


class DocumentView(JSONErrors, APIView):
    """The OpenAPI document: YAML, or JSON by Accept header or `?format=json`."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [OpenApiYamlRenderer, OpenApiYamlRenderer2, JSONRenderer]

    @extend_schema(exclude=True)
    def get(self, request, **kwargs):
        renderer = request.accepted_renderer
        with _generating:
            content = document(JSONRenderer if renderer.format == "json" else OpenApiYamlRenderer)
        return HttpResponse(content, content_type=renderer.media_type)


class SwaggerView(JSONErrors, SpectacularSwaggerView):
    authentication_classes = []
    permission_classes = [AllowAny]


class RedocView(JSONErrors, SpectacularRedocView):
    authentication_classes = []
    permission_classes = [AllowAny]
    template_name = "redoc.html"
