"""`manage.py selftest`: does an exception that is sent become an issue that can be read?"""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ingestion.selftest import SCOPES, SelfTest, StepFailed
from posthog_clone.stores import open_database
from projects.models import OrganizationMembership, PersonalAPIKey, Project


class Command(BaseCommand):
    help = "Send an exception over HTTP and read its issue back through the API, step by step."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--url", default=settings.SITE_URL, help="the server to test")
        parser.add_argument("--project-id", type=int, help="default: the oldest project")
        parser.add_argument("--project-token", help="for a server with another database")
        parser.add_argument("--personal-api-key", help="for a server with another database")

    def handle(self, *, url, project_id, project_token, personal_api_key, **options):
        temporary = None
        try:
            if not (project_id and project_token and personal_api_key):
                open_database()
                project = find_project(project_id)
                project_id, project_token = project.id, project_token or project.api_token
                if not personal_api_key:
                    temporary, personal_api_key = make_key(project)
            self.run(SelfTest(url.rstrip("/"), project_id, project_token, personal_api_key))
        except DatabaseError as error:
            raise CommandError(f"The database can't be used: {error}") from error
        finally:
            if temporary:
                temporary.delete()

    def run(self, test: SelfTest) -> None:
        for name, step in test.steps():
            self.stdout.write(f"{name} … ", ending="")
            self.stdout.flush()
            try:
                self.stdout.write(f"ok ({step()})")
            except StepFailed as failure:
                self.stdout.write("FAILED")
                raise CommandError(f"Self-test failed at: {name}. {failure}") from failure
        self.stdout.write("All good: what is sent can be read.")


def find_project(project_id: int | None) -> Project:
    projects = Project.objects.order_by("id")
    project = (projects.filter(id=project_id) if project_id else projects).first()
    if project is None and project_id:
        raise CommandError(f"There is no project {project_id}.")
    if project is None:
        raise CommandError("There is no project yet. Start the server, or run bootstrap, first.")
    return project


def make_key(project: Project) -> tuple[PersonalAPIKey, str]:
    """A key for the time of the test."""
    member = (
        OrganizationMembership.objects.filter(
            organization=project.organization_id, user__is_active=True
        )
        .order_by("-level", "joined_at")
        .first()
    )
    if member is None:
        raise CommandError(f"The project {project.id} has no member to read it as.")
    key = PersonalAPIKey(user_id=member.user_id, label="Self-test", scopes=SCOPES)
    value = key.set_new_value()
    key.save()
    return key, value
