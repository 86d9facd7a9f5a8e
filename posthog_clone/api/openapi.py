"""How the OpenAPI document describes the endpoints: PostHog's operation ids, scopes and errors."""

import re
from itertools import product

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular import openapi
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import append_meta, build_array_type, build_basic_type

from posthog_clone.api.serializers import Constant

PROJECT_PREFIX = "/api/projects/{project_id}/"
ENVIRONMENT_PREFIX = "/api/environments/{project_id}/"
PARENTS = {
    "project_id": (
        "Project ID of the project you're trying to access. "
        "To find the ID of the project, make a call to /api/projects/."
    ),
    "organization_id": "ID of the organization, or `@current`.",
}

COMPONENTS = {
    "securitySchemes": {
        "PersonalAPIKeyAuth": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal API key (`phx_…`) with the scopes the operation lists.",
        },
        "SessionAuth": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The cookie of a browser that has logged in.",
        },
    },
    "schemas": {
        "Error": {
            "type": "object",
            "required": ["type", "code", "detail", "attr"],
            "properties": {
                "type": {
                    "type": "string",
                    "enum": [
                        "authentication_error",
                        "invalid_request",
                        "server_error",
                        "throttled_error",
                        "validation_error",
                    ],
                },
                "code": {"type": "string", "examples": ["required"]},
                "detail": {"type": "string", "examples": ["This field is required."]},
                "attr": {
                    "type": ["string", "null"],
                    "description": "The field at fault; `__` joins the steps to a nested one.",
                    "examples": ["name"],
                },
            },
        }
    },
}
ERROR_RESPONSE = {
    "description": "What went wrong; of several errors, the first.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


class AutoSchema(openapi.AutoSchema):
    """Operations below /api/projects/:id/ carry the plain name, their twins below
    /api/environments/:id/ the prefix `environments_`."""

    def get_operation(self, *args):
        operation = super().get_operation(*args)
        if operation:
            operation["responses"].setdefault("default", ERROR_RESPONSE)
        return operation

    def _tokenize_path(self):
        tokens = super()._tokenize_path()
        return tokens[1:] if self.path.startswith(PROJECT_PREFIX) else tokens

    def get_operation_id(self):
        """Extra actions never list; a second one of a path, with the id, is numbered."""
        operation_id = super().get_operation_id()
        actions = self.view.get_extra_actions() if hasattr(self.view, "get_extra_actions") else []
        for action in actions:
            if action.__name__ == getattr(self.view, "action", None):
                operation_id = re.sub("_list$", "_retrieve", operation_id)
                paths = [each.url_path for each in actions if not each.detail]
                return operation_id + "_2" * (action.detail and action.url_path in paths)
        return operation_id

    def get_tags(self):
        tokens = self._tokenize_path()
        return tokens[:2] if self.path.startswith(ENVIRONMENT_PREFIX) else tokens[:1]

    def get_filter_backends(self):
        names = ("filterset_class", "filterset_fields")
        filters = any(getattr(self.view, name, None) for name in names)
        return [
            backend
            for backend in super().get_filter_backends()
            if filters or backend is not DjangoFilterBackend  # it would ask for a queryset
        ]

    def get_auth(self):
        if not hasattr(self.view, "get_required_scopes"):
            return []
        required = self.view.get_required_scopes()
        if required is None:
            return [{"SessionAuth": []}]
        alternatives = [(item,) if isinstance(item, str) else item for item in required]
        return [{"PersonalAPIKeyAuth": list(scopes)} for scopes in product(*alternatives)]

    def _resolve_path_parameters(self, variables):
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            if description := PARENTS.get(parameter["name"]):
                parameter["schema"] = {"type": "string"}
                parameter |= {"description": description, "example": "@current"}
        return parameters


def add_components(result: dict, **kwargs) -> dict:
    """Adds what no serializer tells of: how to authenticate, and the error body."""
    for kind, components in COMPONENTS.items():
        result["components"].setdefault(kind, {}).update(components)
    return result


class ConstantSchema(OpenApiSerializerFieldExtension):
    target_class = Constant

    def map_serializer_field(self, auto_schema, direction):
        field = self.target
        schema = build_array_type({}) if field.type is list else build_basic_type(field.type)
        return append_meta(schema, {"nullable": True} if field.value is None else {})
