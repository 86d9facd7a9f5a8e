"""What a query is compiled for, and the values it binds on the way."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hogql import ast
from hogql.errors import QueryError
from hogql.parser.limits import MAX_DEPTH, too_deep

MAX_NODES = 20_000
MAX_COHORTS = 10
PropertyTypes = Callable[[str, str, int | None], str | None]
"""(`event`, `person` or `group`; the property; the group type's index) → `String`, `Numeric`,
`DateTime`, `Boolean` or None, as in property definitions."""
Cohorts = Callable[[int | str], ast.Expr]
"""A cohort's id or name → the persons in it: a SELECT of person ids, or a list of them. Raises
QueryError when there is no such cohort."""
Actions = Callable[[int | str, str | None], ast.Expr]
"""An action's id or name, and what `events` is called in the query → the events that are it. Raises
QueryError when there is no such action."""


def no_types(kind: str, name: str, group_type_index: int | None) -> str | None:
    return None


def no_cohorts(cohort: int | str) -> ast.Expr:
    raise QueryError(f"Cohort {cohort!r} does not exist in this project.")


def no_actions(action: int | str, alias: str | None) -> ast.Expr:
    raise QueryError(f"Could not find an action with the name or ID {action!r}")


def storable(value: Any) -> Any:
    """Lone surrogates, which JSON can spell and no store can hold, become question marks."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return [storable(item) for item in value] if isinstance(value, list) else value


@dataclass(slots=True)
class Context:
    project_id: int
    timezone: str = "UTC"
    week_start_day: int = 0
    """0 Sunday, 1 Monday."""
    property_types: PropertyTypes = no_types
    cohorts: Cohorts = no_cohorts
    actions: Actions = no_actions
    cohort_ids: Callable[[], Collection[int]] = tuple
    """The cohorts with conditions: those that `cohort_people` is about."""
    group_types: Callable[[], Mapping[str, int]] = dict
    """The names of the project's group types → their indexes."""
    has_rows: Callable[[str], bool] = lambda table: True
    """Whether a table of the store has any rows of the project."""
    params: dict[str, Any] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    """The tables that the query reads, as users call them."""
    reads_text: bool = False
    """Properties are read as text, whatever their definitions say: see ast.Text."""
    is_slow_by_row: bool = False
    """Rows take so long that ClickHouse is to look at the clock more often."""
    nodes: int = 0
    depth: int = 0
    """Of what is being compiled: CTEs stand for what they say, and may hold others."""
    aliases: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """Columns of the SQL → the fields that they are, as the query calls them."""
    bound: dict[tuple[str, str], str] = field(default_factory=dict)
    entered: list[tuple[str, int | str]] = field(default_factory=list)
    """The cohorts and actions being compiled, each within the one before."""

    def __post_init__(self):
        self.params["project_id"] = self.project_id

    def property_type(self, scope: str, name: str, group_type_index: int | None) -> str | None:
        known = self.property_types(scope, name, group_type_index)
        return "String" if known and self.reads_text else known

    def bind(self, value: Any, type: str) -> str:
        """A reference to the value, which is sent beside the query."""
        value = storable(value)
        key = (type, repr(value))
        if key not in self.bound:
            name = f"p{len(self.bound)}"
            self.params[name] = value
            self.bound[key] = f"{{{name}:{type}}}"
        return self.bound[key]

    def new_alias(self) -> str:
        """A name for a table, unlike any that a query is likely to use itself."""
        self.aliases += 1
        return f"`$t{self.aliases}`"

    @contextmanager
    def deeper(self, levels: int) -> Iterator[None]:
        self.depth += levels
        if self.depth > MAX_DEPTH:
            raise too_deep()
        yield
        self.depth -= levels

    @contextmanager
    def entering(self, kind: str, id_or_name: int | str) -> Iterator[None]:
        """Cohorts may be made of others, actions and events, and so come back to themselves;
        actions have conditions in HogQL."""
        entered = (kind, id_or_name)
        if entered in self.entered or len(self.entered) == MAX_COHORTS:
            raise QueryError(f"{kind.capitalize()}s cannot reference other {kind}s in a loop.")
        self.entered.append(entered)
        yield
        self.entered.pop()

    def count(self, node: ast.Node) -> None:
        """CTEs are compiled wherever they are used, so that small texts can make large queries."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise QueryError("The query is too large once its CTEs are filled in.", node=node)
