"""What an insight is broken down by, as values of events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rest_framework.exceptions import ValidationError

from hogql import ast
from hogql.database import EVENTS, SESSIONS
from hogql.parser import parse_expr
from insights.measuring import Asking, expr, grouped, own
from persons.models import Cohort
from projects.models import Project

NULL = "$$_posthog_breakdown_null_$$"
OTHER = "$$_posthog_breakdown_other_$$"
DEFAULT_LIMIT = 25
COUNTRIES_LIMIT = 300
COUNTRIES = {"$geoip_country_code", "$geoip_country_name"}
ALL_USERS = 0
MAX_COHORTS = 100


@dataclass(frozen=True, slots=True)
class Breakdown:
    property: str
    type: str = "event"
    group_type_index: int | None = None
    bins: int | None = None
    normalizes_url: bool = False
    edges: tuple[float, ...] = ()
    """Of the bins: one more than there are."""

    def value(self) -> ast.Expr:
        """The event's value as text, empty when it has none."""
        if self.bins:
            return self.bin_of()
        if not self.normalizes_url:
            return self.text()
        path = expr("replaceRegexpOne({text}, '[/?#]*$', '')", text=self.text())
        return expr(
            "if({text} = '', '', if({path} = '', '/', {path}))", text=self.text(), path=path
        )

    def text(self) -> ast.Expr:
        return expr("ifNull({text}, '')", text=self.nullable_text())

    def nullable_text(self) -> ast.Expr:
        if self.type == "hogql":
            return expr("toString({value})", value=own(self.property))
        if self.type == "event_metadata":
            if self.property not in EVENTS.fields:
                raise ValidationError(f"Events have no column {self.property[:100]!r}.")
            return expr("toString({value})", value=ast.Field([self.property]))
        if self.type == "session":
            if self.property not in SESSIONS.fields:
                raise ValidationError(f"Sessions have no property {self.property[:100]!r}.")
            return expr("toString({value})", value=ast.Field(["session", self.property]))
        prefix = {"person": ["person"], "group": [f"group_{self.group_type_index}"]}
        chain = [*prefix.get(self.type, []), "properties", self.property]
        return ast.Text(ast.Field(chain))

    def number(self) -> ast.Expr:
        return expr("toFloat({text})", text=self.nullable_text())

    def bin_of(self) -> ast.Expr:
        """`[from,to]` of the bin that the value is in."""
        if not self.edges:
            return ast.Constant("")
        parts: list[ast.Expr] = []
        for low, high in zip(self.edges, self.edges[1:], strict=False):
            test = expr(
                "{number} >= {low} AND {number} < {high}",
                number=self.number(),
                low=ast.Constant(low),
                high=ast.Constant(high),
            )
            parts += [test, ast.Constant(f"[{plain(low)},{plain(high)}]")]
        return ast.Call("multiIf", [*parts, ast.Constant("")])


@dataclass(frozen=True, slots=True)
class Breakdowns:
    parts: tuple[Breakdown, ...] = ()
    is_multiple: bool = False
    """Values are lists, even of one."""
    cohorts: Mapping[int, str] = field(default_factory=dict)
    """Instead of parts: names by ids, 0 for all users."""
    limit: int = DEFAULT_LIMIT
    hides_other: bool = False

    def __bool__(self):
        return bool(self.parts or self.cohorts)

    def values(self) -> dict[str, ast.Expr]:
        """A column for each part, with texts that are empty for a missing value. An event that is
        in several cohorts becomes several rows."""
        if self.cohorts:
            return {"b1": expr("toString({cohort})", cohort=self.cohort())}
        return {f"b{number}": part.value() for number, part in enumerate(self.parts, 1)}

    def cohort(self) -> ast.Expr:
        person = ast.Field(["person_id"])
        found = [
            ast.Constant(id)
            if id == ALL_USERS
            else ast.Call(
                "if",
                [
                    ast.Compare("in cohort", person, ast.Constant(id)),
                    ast.Constant(id),
                    ast.Constant(-1),
                ],
            )
            for id in self.cohorts
        ]
        return expr("arrayJoin(arrayFilter(id -> id >= 0, {found}))", found=ast.Array(found))

    def cohort_name(self, value: str) -> str:
        """Of the cohort whose line it is."""
        return self.cohorts[int(value)]

    @property
    def null(self) -> str | list[str]:
        return [NULL] * len(self.parts) if self.is_multiple else NULL

    @property
    def other(self) -> str | list[str]:
        return [OTHER] * len(self.parts) if self.is_multiple else OTHER


@dataclass(slots=True)
class Histograms:
    """Finds the edges of bins: as many values in each as can be."""

    asking: Asking
    where: Sequence[ast.Expr] = field(default=())

    def with_edges(self, breakdowns: Breakdowns) -> Breakdowns:
        binned = [part for part in breakdowns.parts if part.bins]
        if not binned:
            return breakdowns
        columns = {f"h{index}": self.levels(part) for index, part in enumerate(binned)}
        (row,) = self.asking.rows(grouped(columns, where=self.where))
        found = dict(zip(map(id, binned), map(edges_of, row), strict=True))
        parts = tuple(
            replace(part, edges=found[id(part)]) if id(part) in found else part
            for part in breakdowns.parts
        )
        return replace(breakdowns, parts=parts)

    def levels(self, part: Breakdown) -> ast.Expr:
        levels = [ast.Constant(step / part.bins) for step in range(part.bins + 1)]
        return ast.Call("quantilesExactInclusive", [part.number()], params=levels)


def edges_of(levels: Sequence[float | None]) -> tuple[float, ...]:
    """Rounded down to hundredths and without repetitions; the last is above the largest value."""
    known = [level for level in levels if level is not None]
    edges = sorted({float(f"{level * 100 // 1 / 100:.2f}") for level in known})
    if not edges:
        return ()
    if len(edges) == 1:
        edges *= 2
    return (*edges[:-1], round(edges[-1] + 0.01, 2))


def plain(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


def read_breakdowns(
    project: Project, asked: Mapping[str, Any], *, is_world_map: bool = False
) -> Breakdowns:
    """What a query's breakdownFilter means. Raises ValidationError."""
    hides_other = asked.get("breakdown_hide_other_aggregation", False)
    several, single = asked.get("breakdowns"), asked.get("breakdown")
    if several:
        parts = tuple(part_of(part) for part in several)
        return Breakdowns(parts, True, {}, limit_of(asked, parts, is_world_map), hides_other)
    if single in (None, "", []):
        return Breakdowns()
    if asked.get("breakdown_type") == "cohort":
        return Breakdowns(cohorts=cohorts_of(project, cohort_ids(single)), limit=MAX_COHORTS)
    properties = single if isinstance(single, list) else [single]
    parts = tuple(
        part_of(
            {
                "property": property,
                "type": asked.get("breakdown_type") or "event",
                "group_type_index": asked.get("breakdown_group_type_index"),
                "histogram_bin_count": asked.get("breakdown_histogram_bin_count"),
                "normalize_url": asked.get("breakdown_normalize_url", False),
            }
        )
        for property in properties
    )
    return Breakdowns(parts, len(parts) > 1, {}, limit_of(asked, parts, is_world_map), hides_other)


def limit_of(asked: Mapping[str, Any], parts: Sequence[Breakdown], is_world_map: bool) -> int:
    is_of_countries = is_world_map or any(part.property in COUNTRIES for part in parts)
    return asked.get("breakdown_limit") or (COUNTRIES_LIMIT if is_of_countries else DEFAULT_LIMIT)


def part_of(asked: Mapping[str, Any]) -> Breakdown:
    property, type_ = asked["property"], asked["type"]
    if type_ == "cohort":
        raise ValidationError(
            {"breakdowns": "Cohorts are broken down by with breakdown and breakdown_type."}
        )
    if isinstance(property, bool) or not isinstance(property, str | int) or property == "":
        raise ValidationError({"breakdown": "A breakdown names a property."})
    if type_ == "group" and asked.get("group_type_index") is None:
        raise ValidationError(
            {"breakdown_group_type_index": "A breakdown by a group's property needs this."}
        )
    if type_ == "hogql":
        parse_expr(str(property))
    return Breakdown(
        str(property),
        type_,
        asked.get("group_type_index"),
        asked.get("histogram_bin_count"),
        asked.get("normalize_url", False),
    )


def cohort_ids(asked: Any) -> tuple[int, ...]:
    found = []
    for value in asked if isinstance(asked, list) else [asked]:
        text = "0" if value == "all" else str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise ValidationError({"breakdown": f"{str(value)[:100]!r} is not the id of a cohort."})
        found.append(int(text))
    if len(found) > MAX_COHORTS:
        raise ValidationError({"breakdown": f"There can be at most {MAX_COHORTS} cohorts."})
    return tuple(dict.fromkeys(found))


def cohorts_of(project: Project, ids: Sequence[int]) -> dict[int, str]:
    """Their names, in the order asked for. Raises ValidationError for unknown ones."""
    known = Cohort.objects.live().filter(project_id=project.id, id__in=ids)
    names = {ALL_USERS: "all users", **dict(known.values_list("id", "name"))}
    if missing := [id for id in ids if id not in names]:
        raise ValidationError({"breakdown": f"Cohort {missing[0]} does not exist."})
    return {id: names[id] for id in ids}
