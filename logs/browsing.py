"""The admin's page of log lines: a search, its counts over time, and the lines."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

import clickhouse
from logs import answers, queries
from logs.otlp.severity import LEVELS
from logs.search import Cursor, Search, build_search
from projects.models import Project

PAGE = 100
RANGES = {
    "-5M": "5 minutes",
    "-1h": "1 hour",
    "-6h": "6 hours",
    "-24h": "24 hours",
    "-7d": "7 days",
    "-30d": "30 days",
}
COLORS = {
    "fatal": "#7f1d1d",
    "error": "#dc2626",
    "warn": "#f59e0b",
    "info": "#3b82f6",
    "debug": "#94a3b8",
    "trace": "#cbd5e1",
    "unknown": "#a855f7",
}
STACKED = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "plugins": {"legend": {"position": "bottom"}},
    "scales": {"x": {"stacked": True, "grid": {"display": False}}, "y": {"stacked": True}},
}


class SearchForm(forms.Form):
    project = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    q = forms.CharField(
        required=False,
        strip=False,
        label="Text",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "any part of the line"}),
    )
    level = forms.ChoiceField(
        required=False,
        choices=[("", "all levels"), *((level, level) for level in reversed(LEVELS))],
        widget=UnfoldAdminSelectWidget,
    )
    service = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget)
    range = forms.ChoiceField(
        required=False, choices=list(RANGES.items()), widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        projects = Project.objects.order_by("id").values_list("id", "name")
        self.fields["project"].choices = [(str(id), f"{name} ({id})") for id, name in projects]


def browse(given: QueryDict) -> dict[str, Any]:
    """What the page shows, for the parameters of its address."""
    form = SearchForm({"range": "-1h", **given.dict()})
    form.is_valid()  # what makes no sense is left out of the search and shown by the form
    fields = form.cleaned_data
    project = fields.get("project") or next(iter(form.fields["project"].choices), ("", ""))[0]
    if not project:
        return {"form": form, "error": "There is no project yet."}
    form.data["project"] = project
    search = search_of(int(project), fields, given.get("after", ""))
    try:
        lines, has_more = queries.page(search)
        rows = answers.sparkline(search, "severity")
    except clickhouse.Unavailable as failure:
        return {"form": form, "error": failure.detail}
    older = given.copy()
    if has_more:
        older["after"] = str(lines[-1].cursor)
    return {
        "form": form,
        "lines": [(line, COLORS.get(line.severity_text, COLORS["unknown"])) for line in lines],
        "total": sum(row["count"] for row in rows),
        "chart": json.dumps(chart(rows)),
        "chart_options": json.dumps(STACKED),
        "older": f"?{older.urlencode()}" if has_more else None,
    }


def search_of(project_id: int, fields: dict[str, Any], after: str) -> Search:
    try:
        cursor = Cursor.parse(after) if after else None
    except ValueError:
        cursor = None
    query = {
        "dateRange": {"date_from": fields.get("range") or "-1h"},
        "searchTerm": fields.get("q"),
        "severityLevels": [fields["level"]] if fields.get("level") else [],
        "serviceNames": [fields["service"]] if fields.get("service") else [],
        "limit": PAGE,
        "after": cursor,
    }
    return build_search(project_id, query, datetime.now(UTC))


def chart(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Bars over time, the severest level at the bottom."""
    times = list(dict.fromkeys(row["time"] for row in rows))
    counts = {(row["time"], row["severity"]): row["count"] for row in rows}
    levels = [level for level in COLORS if any(row["severity"] == level for row in rows)]
    within_a_day = len(times) < 2 or times[-1] - times[0] <= timedelta(days=1)
    labels = [
        time.strftime("%H:%M:%S").removesuffix(":00") if within_a_day else f"{time:%d %b %H:%M}"
        for time in times
    ]
    return {
        "labels": labels,
        "datasets": [
            {
                "label": level,
                "data": [counts.get((time, level), 0) for time in times],
                "backgroundColor": COLORS[level],
            }
            for level in levels
        ],
    }
