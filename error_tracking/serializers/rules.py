"""Rules of each kind. All share filters and order; a kind adds what it does with a match."""

import math

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from error_tracking.assignees import AssigneeField
from error_tracking.models import Issue, Rule
from hogql.filters.rules import parse_rule_filters
from posthog_clone.api.serializers import ModelSerializer, Serializer

MIN_ORDER, MAX_ORDER = -(2**31), 2**31 - 1
COMMON_FIELDS = ["order_key", "disabled_data", "created_at", "updated_at"]
MATCH_ALL = {"type": "AND", "values": []}


@extend_schema_field(
    {
        "type": "object",
        "required": ["type", "values"],
        "properties": {
            "type": {"type": "string", "enum": ["AND", "OR"]},
            "values": {"type": "array", "items": {"type": "object"}},
        },
    }
)
class FiltersField(serializers.JSONField):
    """A group of property filters, kept as it came."""

    default_error_messages = {
        "not_an_object": "Filters must be an object with `type` and `values`.",
        "empty": "Filters must hold at least one condition.",
    }

    def __init__(self, *, may_be_empty: bool = True, **kwargs):
        self.may_be_empty = may_be_empty
        super().__init__(**kwargs)

    def to_internal_value(self, data):
        if not isinstance(data, dict):
            self.fail("not_an_object")
        if not parse_rule_filters(data) and not self.may_be_empty:
            self.fail("empty")
        return data


class RuleSerializer(ModelSerializer):
    """Filters that are null, or absent from an update, keep what was stored."""

    filters = FiltersField()
    order_key = serializers.IntegerField(min_value=MIN_ORDER, max_value=MAX_ORDER, required=False)
    takes_order_at_creation = False
    takes_order_at_update = False

    class Meta:
        model = Rule
        read_only_fields = ["id", "disabled_data", "created_at", "updated_at"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance is not None:
            self.fields["filters"].allow_null = True
        takes_order = self.takes_order_at_update if self.instance else self.takes_order_at_creation
        if "data" in kwargs and not takes_order:
            self.fields["order_key"].read_only = True

    def validate(self, attrs):
        if attrs.get("filters", True) is None:
            del attrs["filters"]
        return attrs

    def update(self, instance, validated_data):
        """Saves what was sent alone: ingestion may disable the rule at the same time."""
        changed = list(validated_data)
        for field in changed:
            setattr(instance, field, validated_data[field])
        if self.is_tried_again(validated_data):
            instance.disabled_data = None
            changed.append("disabled_data")
        instance.save(update_fields=[*changed, "updated_at"])
        return instance

    def is_tried_again(self, changes: dict) -> bool:
        """Whether a disabled rule is live again after these changes."""
        return True


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Timeouts of payments are one issue",
            {
                "filters": {
                    "type": "AND",
                    "values": [
                        {
                            "key": "$exception_types",
                            "type": "event",
                            "operator": "exact",
                            "value": ["TimeoutError"],
                        },
                        {
                            "key": "$exception_values",
                            "type": "event",
                            "operator": "icontains",
                            "value": "payment",
                        },
                    ],
                },
                "description": "Payments time out",
                "assignee": None,
            },
            request_only=True,
        )
    ]
)
class GroupingRuleSerializer(RuleSerializer):
    filters = FiltersField(may_be_empty=False)
    assignee = AssigneeField(allow_null=True, required=False)
    issue = serializers.SerializerMethodField()

    class Meta(RuleSerializer.Meta):
        fields = ["id", "filters", "assignee", "description", "issue", *COMMON_FIELDS]

    @extend_schema_field({"type": ["object", "null"]})
    def get_issue(self, rule):
        return rule.issue and {"id": str(rule.issue.id), "name": rule.issue.name}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Drop nine of ten",
            {
                "filters": {
                    "type": "AND",
                    "values": [
                        {
                            "key": "$exception_values",
                            "type": "event",
                            "operator": "icontains",
                            "value": "ResizeObserver loop",
                        }
                    ],
                },
                "sampling_rate": 0.9,
            },
            request_only=True,
        )
    ]
)
class SuppressionRuleSerializer(RuleSerializer):
    filters = FiltersField(required=False, allow_null=True)
    sampling_rate = serializers.FloatField(min_value=0.0, max_value=1.0, required=False)
    takes_order_at_update = True

    class Meta(RuleSerializer.Meta):
        fields = [
            "id",
            "filters",
            "order_key",
            "disabled_data",
            "sampling_rate",
            "created_at",
            "updated_at",
        ]

    def validate_sampling_rate(self, value):
        if math.isnan(value):
            raise ValidationError("A share of the events is needed, from 0.0 to 1.0.")
        return value

    def create(self, validated_data):
        return super().create({"filters": MATCH_ALL, **validated_data})


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What fails at checkout is for one user",
            {
                "filters": {
                    "type": "AND",
                    "values": [
                        {
                            "key": "$current_url",
                            "type": "event",
                            "operator": "icontains",
                            "value": "/checkout",
                        }
                    ],
                },
                "assignee": {"type": "user", "id": 1},
            },
            request_only=True,
            description="The id of a member's `user`: `GET /api/organizations/@current/members/`.",
        )
    ]
)
class AssignmentRuleSerializer(RuleSerializer):
    assignee = AssigneeField()
    takes_order_at_creation = True

    class Meta(RuleSerializer.Meta):
        fields = ["id", "filters", "assignee", *COMMON_FIELDS]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Payments are never limited",
            {
                "filters": {
                    "type": "AND",
                    "values": [
                        {
                            "key": "$exception_sources",
                            "type": "event",
                            "operator": "icontains",
                            "value": "payments/",
                        }
                    ],
                }
            },
            request_only=True,
        )
    ]
)
class BypassRuleSerializer(RuleSerializer):
    filters = FiltersField(may_be_empty=False)

    class Meta(RuleSerializer.Meta):
        fields = ["id", "filters", *COMMON_FIELDS]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Out of memory is critical",
            {
                "filters": {
                    "type": "AND",
                    "values": [
                        {
                            "key": "$exception_types",
                            "type": "event",
                            "operator": "exact",
                            "value": ["MemoryError"],
                        }
                    ],
                },
                "severity": "critical",
            },
            request_only=True,
        )
    ]
)
class SeverityRuleSerializer(RuleSerializer):
    severity = serializers.ChoiceField(Issue.Severity.choices)
    takes_order_at_creation = True

    class Meta(RuleSerializer.Meta):
        fields = ["id", "filters", "severity", *COMMON_FIELDS]

    def is_tried_again(self, changes):
        return "filters" in changes


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two rules",
            {
                "orders": {
                    "0197a3c2-5b7e-7c51-9d0e-3f1b2a4c6d8e": 0,
                    "0197a3c4-1f20-7d35-8b6a-92c0e4f7a1b3": 1,
                }
            },
            request_only=True,
            description="The ids of rules of this kind, and their new places.",
        )
    ]
)
class RuleReorderSerializer(Serializer):
    orders = serializers.DictField(
        child=serializers.IntegerField(min_value=MIN_ORDER, max_value=MAX_ORDER),
        required=False,
        default=dict,
    )
