"""What the end of a project entails."""

from functools import partial

from django.db import transaction

import clickhouse
from projects.models import Project, User


@transaction.atomic
def delete_project(project: Project) -> None:
    """Delete the project with all it holds, in both stores.

    Whose current project it was gets the oldest one that the organization has left, if any.
    """
    left = Project.objects.filter(organization=project.organization_id).exclude(pk=project.pk)
    successor = left.order_by("created_at", "id").first()
    User.objects.filter(current_project=project).update(current_project=successor)
    # Ids are never given twice: rows that an outage leaves behind are out of everyone's reach.
    transaction.on_commit(partial(delete_analytics, project.id), robust=True)
    project.delete()


def delete_analytics(project_id: int) -> None:
    """Have the project's rows removed from every table; ClickHouse does it in the background."""
    tables = clickhouse.rows(
        "SELECT table FROM system.columns JOIN system.tables AS t"
        " ON t.database = columns.database AND t.name = columns.table"
        " WHERE columns.database = currentDatabase() AND columns.name = 'team_id'"
        " AND t.engine LIKE '%MergeTree'"
    )
    for (table,) in tables:
        clickhouse.command(
            f"ALTER TABLE {table} DELETE WHERE team_id = {{project_id:Int64}}",
            project_id=project_id,
        )
