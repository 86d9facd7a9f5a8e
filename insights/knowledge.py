"""What queries know of a project beside types and cohorts: settings.HOGQL_…"""

from events.actions import condition
from events.models import Action
from hogql import ast
from hogql.errors import QueryError
from persons.models import Cohort, GroupType
from projects.models import Project


def matched_action(project: Project, action: int | str, alias: str | None) -> ast.Expr:
    """Which events, known in the query as `alias`, are the action of that id or name."""
    of = {"name": action} if isinstance(action, str) else {"id": action}
    ids = Action.objects.filter(project_id=project.id, deleted=False, **of).values_list("id")
    if not ids:
        what = "with the name" if isinstance(action, str) else "with the ID"
        raise QueryError(f"Could not find an action {what} {action!r}")
    return condition(project, ids[0][0], alias=alias)


def cohort_ids(project: Project) -> list[int]:
    """The cohorts with conditions."""
    cohorts = Cohort.objects.live().filter(project_id=project.id, is_static=False)
    return list(cohorts.order_by("id").values_list("id", flat=True))


def group_types(project: Project) -> dict[str, int]:
    return dict(GroupType.objects.filter(project_id=project.id).values_list("name", "index"))
