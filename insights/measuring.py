"""Putting the queries of an insight together and running them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from hogql import ast, execution
from hogql.filters.conditions import Conditions
from hogql.filters.model import PropertyGroup, parse_properties
from hogql.kinds import Run
from hogql.limits import MAX_ROWS
from hogql.parser import parse_expr, parse_select
from posthog_clone.api.times import parse_timestamp
from projects.models import Project

TIMESTAMP = ast.Field(["timestamp"])


class Asking:
    """One insight being answered: what its queries share, and what they were and took."""

    def __init__(self, project: Project, run: Run, *, only_checks: bool = False):
        self.project = project
        self.run = run
        self.only_checks = only_checks
        """Nothing is to be run: it matters only whether the query could be."""
        self.zone = ZoneInfo(project.timezone)
        self.conditions = Conditions(now=run.now, zone=self.zone)
        self.hogql: list[str] = []
        self.seconds: dict[str, float] = {}

    def rows(self, tree: ast.Select) -> list[list[Any]]:
        result = execution.run(
            tree,
            self.project,
            default_limit=MAX_ROWS,
            seconds=self.run.seconds,
            query_id=self.run.query_id,
            now=self.run.now,
        )
        self.hogql.append(result.hogql)
        for part, seconds in result.timings.items():
            self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        return result.rows

    def filters(self, properties: PropertyGroup, with_test_accounts: bool) -> list[ast.Expr]:
        """The conditions of a query's own filters. `with_test_accounts`: and of the project's."""
        groups = [properties]
        if with_test_accounts:
            groups.append(parse_properties(self.project.settings.get("test_account_filters") or []))
        return [self.conditions.of_group(group) for group in groups if group]

    def earliest(self) -> datetime | None:
        """The time of the project's first event."""
        return None if self.only_checks else self.first_event

    @cached_property
    def first_event(self) -> datetime | None:
        ((count, first),) = self.rows(parse_select("SELECT count(), min(timestamp) FROM events"))
        return parse_timestamp(first) if count else None

    def answer(self, results: Any, **more: Any) -> dict[str, Any]:
        timings = [{"k": f"./{part}", "t": seconds} for part, seconds in self.seconds.items()]
        return {
            "results": results,
            "hogql": " UNION ALL ".join(self.hogql),
            "timings": [*timings, {"k": ".", "t": sum(self.seconds.values())}],
            **more,
        }


def select(text: str, /, **nodes: ast.Node) -> ast.SelectQuery:
    """The SELECT, with trees in the places of its {names}."""
    return filled(parse_select(text), nodes)


def expr(text: str, /, **nodes: ast.Node) -> ast.Expr:
    return filled(parse_expr(text), nodes)


def filled(tree: ast.Node, nodes: Mapping[str, ast.Node]) -> Any:
    def change(node: ast.Node) -> ast.Node | None:
        return nodes[node.expr.chain[0]] if isinstance(node, ast.Placeholder) else None

    return ast.rebuild(tree, change)


def own(text: str) -> ast.Expr:
    """An expression that a client wrote, without the name it may have given to it."""
    tree = parse_expr(text)
    return tree.expr if isinstance(tree, ast.Alias) else tree


def grouped(
    columns: Mapping[str, ast.Expr],
    *,
    source: ast.SelectQuery | None = None,
    where: Sequence[ast.Expr] = (),
    by: Sequence[str] = (),
) -> ast.SelectQuery:
    """SELECT the columns FROM events, or another SELECT, GROUP BY those called `by`."""
    return ast.SelectQuery(
        select=[ast.Alias(node, name) for name, node in columns.items()],
        joins=[ast.Join(source or ast.Field(["events"]))],
        where=ast.And(list(where)) if where else None,
        group_by=[ast.Field([name]) for name in by],
    )


def names(columns: Sequence[str]) -> dict[str, ast.Expr]:
    """Columns of a SELECT's source, as they are."""
    return {name: ast.Field([name]) for name in columns}
