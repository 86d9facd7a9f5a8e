"""What a TrendsQuery asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from insights.breakdowns import Breakdowns, read_breakdowns
from insights.dates import MONTHS, DateRange, read_date_range
from insights.entities import Entity, read_entities
from insights.measuring import Asking
from insights.reading import (
    MAX_BINS,
    InsightQuerySerializer,
    NodeSerializer,
    StrictSerializer,
    interval_field,
    read,
)
from insights.trends.formulas import Formula, parse_formula

TOTAL_VALUE_DISPLAYS = ("BoldNumber", "ActionsPie", "ActionsBarValue", "ActionsTable", "WorldMap")
CUMULATIVE = "ActionsLineGraphCumulative"
DISPLAYS = (
    *("ActionsLineGraph", "ActionsBar", "ActionsUnstackedBar", "ActionsStackedBar"),
    *("ActionsAreaGraph", CUMULATIVE, *TOTAL_VALUE_DISPLAYS),
)
QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
PROPERTY_MATHS = ("sum", "avg", "min", "max", *QUANTILES)
PER_ACTOR = "_count_per_actor"
ACTIVE_DAYS = {"weekly_active": 7, "monthly_active": 30}
FIRST_TIME = ("first_time_for_user", "first_matching_event_for_user")
FIRST_WITH_FILTERS = "first_time_for_user_with_filters"
MATHS = (
    *("total", "dau", *ACTIVE_DAYS, "unique_session", "unique_group", "hogql"),
    *(*FIRST_TIME, FIRST_WITH_FILTERS, *PROPERTY_MATHS),
    *(f"{name}{PER_ACTOR}" for name in ("avg", "min", "max", *QUANTILES)),
)
MATH_PROPERTY_TYPES = ("event_properties", "person_properties", "session_properties")
SESSION_DURATION = "$session_duration"
MAX_SERIES = 26
"""As many as there are letters for formulas."""
MAX_FORMULAS = 50
MAX_SMOOTHING = 1000


class SeriesSerializer(NodeSerializer):
    math = serializers.ChoiceField(MATHS, required=False, default="total")
    math_property = serializers.CharField(required=False, trim_whitespace=False)
    math_property_type = serializers.CharField(required=False)
    math_hogql = serializers.CharField(required=False)
    math_group_type_index = serializers.IntegerField(required=False, min_value=0, max_value=4)
    math_multiplier = serializers.FloatField(required=False)

    def validate(self, node: dict) -> dict:
        node = super().validate(node)
        needs = {"hogql": "math_hogql", "unique_group": "math_group_type_index"}
        needed = "math_property" if node["math"] in PROPERTY_MATHS else needs.get(node["math"])
        if needed and node.get(needed) is None:
            raise ValidationError({needed: f"The math {node['math']} needs {needed}."})
        if node["math"] in PROPERTY_MATHS:
            type_ = node.get("math_property_type", MATH_PROPERTY_TYPES[0])
            if type_ not in MATH_PROPERTY_TYPES:
                raise ValidationError(
                    {
                        "math_property_type": f"{type_[:100]!r} can't be asked for here. Served: "
                        f"{', '.join(MATH_PROPERTY_TYPES)}."
                    }
                )
        return node


class FormulaNodeSerializer(StrictSerializer):
    formula = serializers.CharField()
    custom_name = serializers.CharField(required=False, allow_blank=True)


class TrendsFilterSerializer(StrictSerializer):
    only_shown = frozenset(
        (
            *("aggregationAxisFormat", "aggregationAxisPostfix", "aggregationAxisPrefix"),
            *("confidenceLevel", "decimalPlaces", "detailedResultsAggregationType", "goalLines"),
            *("hiddenLegendIndexes", "minDecimalPlaces", "movingAverageIntervals"),
            *("resultCustomizationBy", "resultCustomizations", "showAlertThresholdLines"),
            *("showConfidenceIntervals", "showLabelsOnSeries", "showLegend", "showMovingAverage"),
            *("showMultipleYAxes", "showPercentStackView", "showTrendLines", "showValuesOnSeries"),
            *("yAxisScaleType", "hideWeekends", "showAnnotations"),
        )
    )
    display = serializers.ChoiceField(DISPLAYS, required=False)
    formula = serializers.CharField(required=False, allow_blank=True)
    formulas = serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, max_length=MAX_FORMULAS
    )
    formulaNodes = FormulaNodeSerializer(many=True, required=False, max_length=MAX_FORMULAS)
    smoothingIntervals = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_SMOOTHING, default=1
    )
    breakdown_histogram_bin_count = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_BINS
    )


class CompareSerializer(StrictSerializer):
    compare = serializers.BooleanField(required=False, default=False)
    compare_to = serializers.CharField(required=False, allow_blank=True)


class TrendsQuerySerializer(InsightQuerySerializer):
    series = SeriesSerializer(many=True, max_length=MAX_SERIES)
    interval = interval_field()
    trendsFilter = TrendsFilterSerializer(required=False, default=dict)
    compareFilter = CompareSerializer(required=False, default=dict)


@dataclass(frozen=True, slots=True)
class Series:
    order: int
    entity: Entity
    math: str
    math_property: str | None = None
    math_property_type: str | None = None
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    multiplier: float | None = None

    @property
    def is_per_session(self) -> bool:
        return self.math in PROPERTY_MATHS and (
            self.math_property == SESSION_DURATION
            or self.math_property_type == "session_properties"
        )


@dataclass(frozen=True, slots=True)
class TrendsQuery:
    asked: Mapping[str, Any]
    """As it was sent."""
    fields: Mapping[str, Any]
    """As its serializer understood it."""
    series: tuple[Series, ...]
    range: DateRange
    previous: DateRange | None
    """What is compared with."""
    breakdowns: Breakdowns
    formulas: tuple[Formula, ...]
    display: str
    smoothing: int

    @property
    def is_total(self) -> bool:
        return self.display in TOTAL_VALUE_DISPLAYS

    @property
    def is_cumulative(self) -> bool:
        return self.display == CUMULATIVE

    @property
    def group_type_index(self) -> int | None:
        """Groups of this type are counted instead of persons."""
        return self.fields.get("aggregation_group_type_index")


def read_query(asking: Asking, asked: Mapping[str, Any]) -> TrendsQuery:
    """Raises ValidationError, or QueryError, for what can't be asked."""
    fields = read(TrendsQuerySerializer, asked)
    shown = fields["trendsFilter"]
    display = shown.get("display", DISPLAYS[0])
    is_total = display in TOTAL_VALUE_DISPLAYS
    range_ = read_date_range(
        asking.project,
        fields["dateRange"],
        now=asking.run.now,
        earliest=asking.earliest,
        interval="day" if is_total else fields["interval"],
        is_total=is_total,
    )
    nodes = fields["series"]
    entities = read_entities(asking, nodes)
    series = tuple(
        series_of(order, entity, node, "" if is_total else range_.interval)
        for order, (entity, node) in enumerate(zip(entities, nodes, strict=True))
    )
    bins = shown.get("breakdown_histogram_bin_count")
    broken_down = {"breakdown_histogram_bin_count": bins, **fields["breakdownFilter"]}
    return TrendsQuery(
        asked=asked,
        fields=fields,
        series=series,
        range=range_,
        previous=compared_with(range_, fields["compareFilter"]),
        breakdowns=read_breakdowns(asking.project, broken_down, is_world_map=display == "WorldMap"),
        formulas=tuple(read_formulas(shown, len(series))),
        display=display,
        smoothing=shown.get("smoothingIntervals", 1),
    )


def series_of(order: int, entity: Entity, node: Mapping[str, Any], interval: str) -> Series:
    math = node["math"]
    if math in ACTIVE_DAYS and (interval in MONTHS or interval == "week"):
        math = "dau"  # the interval is as long as the window, or longer
    return Series(
        order,
        entity,
        math,
        node.get("math_property"),
        node.get("math_property_type"),
        node.get("math_hogql"),
        node.get("math_group_type_index"),
        node.get("math_multiplier"),
    )


def compared_with(range_: DateRange, asked: Mapping[str, Any]) -> DateRange | None:
    if not asked.get("compare"):
        return None
    return range_.ago(asked["compare_to"]) if asked.get("compare_to") else range_.previous()


def read_formulas(shown: Mapping[str, Any], series: int) -> list[Formula]:
    """`formulaNodes`, else `formulas`, else `formula`."""
    nodes = shown.get("formulaNodes") or [
        {"formula": text} for text in shown.get("formulas") or [shown.get("formula", "")]
    ]
    return [
        parse_formula(node["formula"], series, node.get("custom_name"))
        for node in nodes
        if node["formula"].strip()
    ]
