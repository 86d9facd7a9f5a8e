"""What the kinds of query that are answered here have in common."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from posthog_clone.api.serializers import Serializer
from posthog_clone.api.times import iso, parse_bound
from projects.models import Project

# What every query of PostHog may say about itself; it changes no answer.
ABOUT_ITSELF = {"kind", "name", "tags", "version", "response", "modifiers"}
MAX_ROWS = 50_000
DEFAULT_ROWS = 100


class KindSerializer(Serializer):
    """The fields of one kind. What is not among them is refused, so that nothing that a client
    counts on is passed over in silence."""

    kind = serializers.CharField()
    modifiers = serializers.DictField(
        required=False, allow_null=True, help_text="Accepted, without effect."
    )

    def to_internal_value(self, data):
        known = {*self.fields, *ABOUT_ITSELF}
        unknown = [name for name in data if name not in known and asks_for_something(data[name])]
        if unknown:
            raise ValidationError(
                {
                    "query": f"1 validation error for QueryRequest: {data.get('kind')} has no "
                    f"field {str(unknown[0])[:100]!r}. It has {', '.join(self.fields)}."
                },
                code="parse_error",
            )
        return super().to_internal_value(data)


def asks_for_something(value: Any) -> bool:
    return value is not None and value is not False


class TextField(serializers.CharField):
    def __init__(self, **options):
        super().__init__(trim_whitespace=False, allow_blank=True, **options)


class ExpressionsField(serializers.ListField):
    """A list of HogQL expressions."""

    def __init__(self, **options):
        super().__init__(
            child=TextField(), required=False, allow_null=True, max_length=500, **options
        )


class PropertiesField(serializers.JSONField):
    """Property filters in any form that hogql.filters reads."""

    def __init__(self, **options):
        super().__init__(required=False, allow_null=True, **options)

    def to_internal_value(self, data):
        if data is not None and not isinstance(data, list | dict):
            raise ValidationError("Property filters are a list, or a group with type and values.")
        return super().to_internal_value(data)


class DateRangeSerializer(Serializer):
    date_from = TextField(required=False, allow_null=True)
    date_to = TextField(required=False, allow_null=True)
    explicitDate = serializers.BooleanField(required=False, allow_null=True)


class PageSerializer(KindSerializer):
    """A kind whose answer is a page of rows."""

    limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text=f"{DEFAULT_ROWS} by default; larger than {MAX_ROWS} counts as that.",
    )
    offset = serializers.IntegerField(required=False, allow_null=True, min_value=0)

    def page(self, max_rows: int | None) -> tuple[int, int]:
        """The limit and the offset; an export's own limit is the default and the most."""
        asked = self.validated_data
        limit = asked.get("limit") or max_rows or DEFAULT_ROWS
        return min(limit, max_rows or MAX_ROWS), asked.get("offset") or 0


Checked = TypeVar("Checked", bound=KindSerializer)


def checked(serializer: type[Checked], project: Project, query: Mapping[str, Any]) -> Checked:
    """The query, read. Raises ValidationError that names the field to change."""
    asked = serializer(data=dict(query), context={"project": project})
    asked.is_valid(raise_exception=True)
    return asked


def bound(text: str | None, project: Project, now: datetime, attr: str) -> datetime | None:
    if not text:
        return None
    return parse_bound(text, project.tz, now, week_start_day=project.week_start_day or 0, attr=attr)


def resolved(date_from: datetime | None, date_to: datetime | None) -> dict[str, Any] | None:
    """`resolved_date_range`: what relative dates came to."""
    if date_from is None and date_to is None:
        return None
    return {"date_from": iso(date_from), "date_to": iso(date_to)}
