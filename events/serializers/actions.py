"""Actions and their steps."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from events.actions import STEP_KEYS
from events.models import Action
from hogql.filters.model import parse_properties
from persons.cohorts.filters import referred_cohorts
from persons.models import Cohort
from persons.serializers.fields import PropertyValueField
from posthog_clone.api.serializers import Constant, ModelSerializer, Serializer
from projects.serializers.basic import UserBasicSerializer


class StepText(serializers.CharField):
    def __init__(self, **options):
        super().__init__(
            required=False, allow_null=True, allow_blank=True, trim_whitespace=False, **options
        )


class Matching(serializers.ChoiceField):
    def __init__(self, **options):
        super().__init__(
            choices=Action.Matching.choices, required=False, allow_null=True, **options
        )


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class StepProperties(PropertyValueField):
    """Property filters, kept as they came."""

    def to_internal_value(self, data: Any) -> Any:
        data = super().to_internal_value(data)
        try:
            parse_properties(data)
        except ValidationError as error:
            raise ValidationError(error.detail) from None
        return data


class ActionStepSerializer(Serializer):
    """What an event must satisfy; every key that is set."""

    event = StepText(help_text="The event's name; null for any.")
    properties = StepProperties(required=False, allow_null=True)
    selector = StepText(help_text="A CSS selector of the element, or one around it.")
    tag_name = StepText()
    text = StepText(help_text="The text of an element.")
    text_matching = Matching(help_text="`exact` unless given.")
    href = StepText(help_text="Where the link goes.")
    href_matching = Matching(help_text="`exact` unless given.")
    url = StepText(help_text="The page, `$current_url`.")
    url_matching = Matching(help_text="`contains` unless given.")

    def to_representation(self, step: dict[str, Any]) -> dict[str, Any]:
        return {key: step.get(key) for key in STEP_KEYS}


EXAMPLE = {
    "name": "Bought something",
    "steps": [
        {"event": "order placed"},
        {
            "event": "$autocapture",
            "selector": "button.buy",
            "url": "/checkout",
            "url_matching": "contains",
        },
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("An action", EXAMPLE, request_only=True)])
class ActionSerializer(ModelSerializer):
    """Events that are one thing to you: those that satisfy one of the steps."""

    tags = serializers.ListField(child=serializers.CharField(max_length=255), required=False)
    post_to_slack = Constant(False)
    steps = ActionStepSerializer(many=True, required=False)
    created_by = UserBasicSerializer(read_only=True, allow_null=True)
    is_calculating = Constant(False)
    team_id = serializers.IntegerField(source="project_id", read_only=True)
    is_action = Constant(True)
    bytecode_error = Constant(None, str)
    creation_context = Constant(None, str)
    user_access_level = Constant("editor")
    deleted = serializers.BooleanField(required=False)

    class Meta:
        model = Action
        fields = [
            *("id", "name", "description", "tags", "post_to_slack", "slack_message_format"),
            *("steps", "created_at", "created_by", "deleted", "is_calculating"),
            *("last_calculated_at", "team_id", "is_action", "bytecode_error", "pinned_at"),
            *("creation_context", "user_access_level"),
        ]
        read_only_fields = ["id", "created_at", "last_calculated_at"]

    def validate_steps(self, steps: list[dict]) -> list[dict]:
        self.check_cohorts(steps)
        return [{key: step.get(key) for key in STEP_KEYS} for step in steps]

    def check_cohorts(self, steps: list[dict]) -> None:
        referred = {
            (id_, number)
            for number, step in enumerate(steps)
            for id_ in referred_cohorts(step.get("properties"))
        }
        live = Cohort.objects.live().filter(project=self.context["project"])
        known = set(live.filter(id__in={id_ for id_, _ in referred}).values_list("id", flat=True))
        for id_, number in sorted(referred):
            if id_ not in known:
                message = f"There is no cohort {id_} in this project."
                details = {"properties": [ErrorDetail(message, code="does_not_exist")]}
                raise ValidationError({number: details})
