"""Making and changing alerts in the admin."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from rest_framework.exceptions import ValidationError as Refused
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from alerts import blocking
from alerts.configuration import ABSOLUTE, CONDITIONS, PERCENTAGE, check_configuration
from alerts.models import Alert
from alerts.questions import HOGQL, question_of
from posthog_clone.api.errors import body_of

WINDOWS_HELP = "Times of day without checks, by the project's clock: 22:00-06:00, 12:00-13:00"


def named(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value.replace("_", " ")) for value in values]


class AlertForm(forms.ModelForm):
    """An alert's JSON in fields of their own."""

    condition_type = forms.ChoiceField(
        choices=named(CONDITIONS), widget=UnfoldAdminSelectWidget, label="Condition"
    )
    threshold_type = forms.ChoiceField(
        choices=named((ABSOLUTE, PERCENTAGE)),
        widget=UnfoldAdminSelectWidget,
        label="Bounds are",
        help_text="A percentage is a fraction: 0.2 is 20 %.",
    )
    lower = forms.FloatField(
        required=False, widget=UnfoldAdminDecimalFieldWidget, label="Fires below"
    )
    upper = forms.FloatField(
        required=False, widget=UnfoldAdminDecimalFieldWidget, label="Fires above"
    )
    series_index = forms.IntegerField(
        min_value=0,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Which series of the insight, from 0 on.",
    )
    check_ongoing_interval = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Compare the running interval instead of the last whole one.",
    )
    blocked_windows = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text=WINDOWS_HELP
    )
    skip_weekend = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)

    class Meta:
        model = Alert
        fields = ["insight", "name", "enabled", "calculation_interval", "snoozed_until"]

    def __init__(self, *args, **options):
        alert = options.get("instance")
        if alert:
            options["initial"] = {**shown(alert), **(options.get("initial") or {})}
        super().__init__(*args, **options)

    def clean_blocked_windows(self) -> dict[str, Any] | None:
        windows = []
        for part in filter(None, self.cleaned_data["blocked_windows"].replace(" ", "").split(",")):
            start, _, end = part.partition("-")
            windows.append({"start": start, "end": end})
        try:
            return blocking.normalize({"blocked_windows": windows})
        except blocking.InvalidRestriction as error:
            raise ValidationError(str(error)) from error

    def clean(self):
        super().clean()
        if self.errors:
            return
        fields = self.fields_of_alert()
        project_id = self.instance.project_id
        if project_id and fields["insight"].project_id != project_id:
            self.add_error("insight", "An alert stays in its project: choose an insight of it.")
        try:
            check_configuration(
                fields["insight"].query,
                fields["condition"],
                fields["config"],
                fields["threshold"]["configuration"],
            )
        except Refused as error:
            raise ValidationError(body_of(error)["detail"]) from error

    def fields_of_alert(self) -> dict[str, Any]:
        """As alerts.editing takes them."""
        data = self.cleaned_data
        bounds = {"lower": data["lower"], "upper": data["upper"]}
        question = question_of(data["insight"].query)
        config = {
            "type": "TrendsAlertConfig",
            "series_index": data["series_index"],
            "check_ongoing_interval": data["check_ongoing_interval"],
        }
        return {
            "insight": data["insight"],
            "name": data["name"],
            "enabled": data["enabled"],
            "threshold": {"configuration": {"type": data["threshold_type"], "bounds": bounds}},
            "condition": {"type": data["condition_type"]},
            "config": {"type": "HogQLAlertConfig"} if is_hogql(question) else config,
            "calculation_interval": data["calculation_interval"],
            "skip_weekend": data["skip_weekend"],
            "schedule_restriction": data["blocked_windows"],
            "snoozed_until": data["snoozed_until"],
        }


def is_hogql(question) -> bool:
    return question is not None and question.kind == HOGQL


def shown(alert: Alert) -> dict[str, Any]:
    threshold = alert.threshold.configuration
    bounds = threshold.get("bounds") or {}
    windows = (alert.schedule_restriction or {}).get("blocked_windows", [])
    return {
        "condition_type": alert.condition.get("type"),
        "threshold_type": threshold.get("type"),
        "lower": bounds.get("lower"),
        "upper": bounds.get("upper"),
        "series_index": alert.config.get("series_index", 0),
        "check_ongoing_interval": bool(alert.config.get("check_ongoing_interval")),
        "skip_weekend": bool(alert.skip_weekend),
        "blocked_windows": ", ".join(f"{each['start']}-{each['end']}" for each in windows),
    }


class SubscriptionFormSet(BaseInlineFormSet):
    def clean(self):
        super().clean()
        insight = getattr(self.instance, "insight", None)
        for form in self.forms:
            member = form.cleaned_data.get("member") if form.is_valid() else None
            if member and insight and member.organization_id != insight.project.organization_id:
                form.add_error("member", "Not a member of the project's organization.")
