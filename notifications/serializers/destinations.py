from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from notifications import inputs, matching
from notifications.models import HogFunction
from notifications.templates import TEMPLATES, Template
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from projects.serializers.basic import UserBasicSerializer

HEALTHY = {"state": 1, "tokens": 10_000}
"""PostHog slows down functions that use up their tokens; nothing here does."""


class TemplateSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    type = serializers.CharField()
    status = serializers.CharField()
    icon_url = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    code_language = serializers.CharField()
    inputs_schema = serializers.ListField(child=serializers.DictField())
    category = serializers.ListField(child=serializers.CharField())
    free = serializers.BooleanField()
    filters = serializers.DictField(allow_null=True)
    masking = serializers.DictField(allow_null=True)
    mapping_templates = serializers.ListField(allow_null=True)


class StatusSerializer(serializers.Serializer):
    state = serializers.IntegerField()
    tokens = serializers.IntegerField()


class HogFunctionMinimalSerializer(ModelSerializer):
    """A destination, as lists show it."""

    created_by = UserBasicSerializer(read_only=True)
    hog = Constant("")
    template = TemplateSerializer(read_only=True)
    status = serializers.SerializerMethodField()
    execution_order = Constant(None, int)

    class Meta:
        model = HogFunction
        fields = [
            "id",
            "type",
            "name",
            "description",
            "created_at",
            "created_by",
            "updated_at",
            "enabled",
            "hog",
            "filters",
            "icon_url",
            "template",
            "status",
            "execution_order",
        ]
        read_only_fields = fields

    @extend_schema_field(StatusSerializer)
    def get_status(self, function):
        return HEALTHY


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Tell a webhook of new issues",
            {
                "type": "internal_destination",
                "template_id": "template-webhook",
                "name": "New issues",
                "enabled": True,
                "filters": {"events": [{"id": "$error_tracking_issue_created", "type": "events"}]},
                "inputs": {
                    "url": {"value": "https://example.com/hook"},
                    "body": {"value": {"issue": "{event.properties.name}"}},
                },
            },
            request_only=True,
        )
    ]
)
class HogFunctionSerializer(HogFunctionMinimalSerializer):
    """A destination: where it sends what, and of which events."""

    template_id = serializers.CharField(write_only=True, required=False)
    name = serializers.CharField(max_length=400, required=False, allow_null=True, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    icon_url = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    deleted = serializers.BooleanField(write_only=True, required=False)
    inputs = serializers.DictField(
        required=False,
        allow_null=True,
        help_text='`{"url": {"value": "https://…"}}`. Secret ones answer `{"secret": true}`; sent '
        "back, that keeps them.",
    )
    inputs_schema = serializers.ListField(
        source="template.inputs_schema", child=serializers.DictField(), read_only=True
    )
    filters = serializers.JSONField(required=False, allow_null=True)
    mappings = serializers.JSONField(required=False, allow_null=True)
    masking = serializers.JSONField(required=False, allow_null=True)
    hog = serializers.CharField(required=False, allow_null=True, allow_blank=True, write_only=True)
    bytecode = Constant(None, list)
    transpiled = Constant(None, str)
    version = Constant(None, int)
    draft = Constant(None, dict)
    draft_updated_at = Constant(None, str)

    class Meta(HogFunctionMinimalSerializer.Meta):
        fields = [
            "id",
            "type",
            "template_id",
            "name",
            "description",
            "created_at",
            "created_by",
            "updated_at",
            "enabled",
            "deleted",
            "hog",
            "bytecode",
            "transpiled",
            "inputs_schema",
            "inputs",
            "filters",
            "masking",
            "mappings",
            "icon_url",
            "template",
            "status",
            "execution_order",
            "version",
            "draft",
            "draft_updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]

    def validate_type(self, value):
        if self.instance and value != self.instance.type:
            raise ValidationError("Cannot modify the type of an existing function")
        return value

    def validate_template_id(self, value):
        if value not in TEMPLATES:
            raise ValidationError(f"No template found for id '{value[:100]}'")
        return value

    def validate_filters(self, value):
        filters = {} if value is None else value
        try:
            matching.check(filters)
            matching.check_actions(filters, self.context["project"])
        except matching.InvalidFilters as error:
            raise ValidationError(str(error)) from error
        return filters

    def validate_hog(self, value):
        if value:
            raise ValidationError("Code of your own is not run here: leave hog out.")
        return value

    def validate_mappings(self, value):
        if value:
            raise ValidationError("Mappings are not served: make a destination for each.")
        return value

    def validate_masking(self, value):
        if value:
            raise ValidationError("Masking is not served: leave it out.")
        return value

    def validate(self, attrs):
        if not self.instance and "template_id" not in attrs:
            raise ValidationError({"template_id": "No template found for id ''"})
        for refused in ("hog", "mappings", "masking"):
            attrs.pop(refused, None)
        template = self.template_of(attrs)
        if not self.instance or "inputs" in attrs or "template_id" in attrs:
            given = attrs.pop("inputs", None)
            if given is None:
                given = self.instance.inputs if self.instance else {}
            attrs["read_inputs"] = inputs.read(
                template, given, self.context["project"], self.instance
            )
        for name in ("name", "icon_url"):
            if not self.instance or name in attrs:
                attrs[name] = attrs.get(name) or getattr(template, name)
        return attrs

    def template_of(self, attrs: dict[str, Any]) -> Template:
        return TEMPLATES[attrs.get("template_id") or self.instance.template_id]

    def to_representation(self, function):
        return {**super().to_representation(function), "hog": ""}


class GlobalsSerializer(Serializer):
    """What the placeholders of an invocation name."""

    event = serializers.DictField(required=False, allow_null=True)
    person = serializers.DictField(required=False, allow_null=True)
    project = serializers.DictField(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Try a webhook, without a call",
            {
                "configuration": {
                    "type": "internal_destination",
                    "template_id": "template-webhook",
                    "name": "New issues",
                    "inputs": {"url": {"value": "https://example.com/hook"}},
                },
                "globals": {
                    "event": {
                        "event": "$error_tracking_issue_created",
                        "distinct_id": "ada@example.com",
                        "properties": {"name": "Checkout times out"},
                    }
                },
                "mock_async_functions": True,
            },
            request_only=True,
            description="The id of the path may be `new`.",
        )
    ]
)
class InvocationSerializer(Serializer):
    """A trial run."""

    configuration = HogFunctionSerializer(write_only=True)
    globals = GlobalsSerializer(required=False, allow_null=True, write_only=True)
    mock_async_functions = serializers.BooleanField(default=True, write_only=True)


class InvocationLogSerializer(serializers.Serializer):
    level = serializers.CharField()
    message = serializers.CharField()
    timestamp = serializers.DateTimeField()


class InvocationResultSerializer(serializers.Serializer):
    status = serializers.ChoiceField(["success", "error", "skipped"])
    logs = InvocationLogSerializer(many=True)
    errors = serializers.ListField(child=serializers.CharField())


class LogsRequestSerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)
    after = serializers.DateTimeField(required=False)
    before = serializers.DateTimeField(required=False)
    level = serializers.CharField(
        required=False, help_text="Only lines of this level, or of these, parted by commas."
    )
    search = serializers.CharField(required=False)
    instance_id = serializers.CharField(required=False, help_text="Only lines of this delivery.")


class LogLineSerializer(serializers.Serializer):
    log_source_id = serializers.CharField()
    instance_id = serializers.CharField()
    timestamp = serializers.DateTimeField()
    level = serializers.CharField()
    message = serializers.CharField()


@extend_schema_serializer(many=False)
class LogLinesSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = Constant(None, str)
    previous = Constant(None, str)
    results = LogLineSerializer(many=True)


class MetricsRequestSerializer(serializers.Serializer):
    after = serializers.CharField(required=False, help_text="By default `-7d`.")
    before = serializers.CharField(required=False, help_text="By default now.")
    interval = serializers.ChoiceField(["hour", "day", "week"], default="day")
    breakdown_by = serializers.ChoiceField(["kind", "name"], default="kind")
    name = serializers.CharField(required=False, help_text="`succeeded`, `failed`")
    kind = serializers.CharField(required=False, help_text="`success`, `failure`")


class FunctionSeriesSerializer(serializers.Serializer):
    name = serializers.CharField()
    values = serializers.ListField(child=serializers.IntegerField())


class FunctionMetricsSerializer(serializers.Serializer):
    labels = serializers.ListField(child=serializers.CharField())
    series = FunctionSeriesSerializer(many=True)


class FunctionTotalsSerializer(serializers.Serializer):
    totals = extend_schema_field(OpenApiTypes.OBJECT)(serializers.DictField)()
