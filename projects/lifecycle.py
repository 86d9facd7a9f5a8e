"""What the end of a project entails."""

from django.db import transaction

from projects.models import Project, User


@transaction.atomic
def delete_project(project: Project) -> None:
    """Delete the project with all it holds.

    Whose current project it was gets the oldest one that the organization has left, if any.
    """
    left = Project.objects.filter(organization=project.organization_id).exclude(pk=project.pk)
    successor = left.order_by("created_at", "id").first()
    User.objects.filter(current_project=project).update(current_project=successor)
    project.delete()
