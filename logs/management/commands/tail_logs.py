"""`manage.py tail_logs`: what the services say, as they say it."""

import time
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import supports_color
from django.db import DatabaseError

from logs.otlp.severity import LEVELS
from logs.tailing import Tail, TailFailed, show
from posthog_clone.stores import open_database
from projects.models import OrganizationMembership, PersonalAPIKey, Project

PAUSE_SECONDS = 1.0
SCOPES = ["logs:read"]


class Command(BaseCommand):
    help = "Show log lines as they come in, oldest first. Ctrl-C ends it."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--url", default=settings.SITE_URL, help="the server to ask")
        parser.add_argument("--project-id", type=int, help="default: the oldest project")
        parser.add_argument("--personal-api-key", help="default: one for the time of this command")
        parser.add_argument("-n", "--lines", type=int, default=20, help="how many to begin with")
        parser.add_argument("--since", default="-1h", help="how old those may be (-1h)")
        parser.add_argument("--service", action="append", default=[], help="repeat for several")
        parser.add_argument("--level", choices=LEVELS, help="this level and everything more severe")
        parser.add_argument("--search", help="text that the line contains")
        parser.add_argument(
            "--attribute",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="lines with this attribute; repeat for several",
        )
        parser.add_argument("-a", "--attributes", action="store_true", help="show attributes")
        parser.add_argument("--no-follow", action="store_true", help="end after the first lines")

    def handle(self, *, url, project_id, personal_api_key, **options):
        self.color = not options["no_color"] and (options["force_color"] or supports_color())
        self.attributes = options["attributes"]
        query = query_of(options)
        try:
            with reader(project_id, personal_api_key) as (project_id, key):
                tail = Tail(url.rstrip("/"), project_id, key, query)
                self.print(tail.last(options["lines"], options["since"]))
                if not options["no_follow"]:
                    self.follow(tail)
        except TailFailed as failure:
            raise CommandError(str(failure)) from failure
        except DatabaseError as error:
            raise CommandError(f"The database can't be used: {error}") from error
        except KeyboardInterrupt:
            pass

    def follow(self, tail: Tail) -> None:
        """Show what turns up until interrupted; a server that restarts is waited for."""
        away = False
        while True:
            time.sleep(PAUSE_SECONDS)
            try:
                self.print(tail.more())
                away = False
            except TailFailed as failure:
                if not failure.passing:
                    raise
                if not away:
                    self.stderr.write(f"{failure}; trying on …")
                away = True

    def print(self, lines) -> None:
        for line in lines:
            self.stdout.write(show(line, color=self.color, attributes=self.attributes))
        self.stdout.flush()


def query_of(options: dict) -> dict:
    filters = []
    for pair in options["attribute"]:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise CommandError(f"--attribute takes KEY=VALUE, not {pair!r}.")
        filters.append({"key": key, "type": "log_attribute", "value": value})
    levels = LEVELS[LEVELS.index(options["level"]) :] if options["level"] else []
    return {
        "serviceNames": options["service"],
        "severityLevels": list(levels),
        "searchTerm": options["search"],
        "filterGroup": filters,
    }


@contextmanager
def reader(project_id: int | None, key: str | None):
    """The project's id and a key that reads its logs; a key made here goes away again."""
    if project_id and key:
        yield project_id, key
        return
    open_database()
    projects = Project.objects.order_by("id")
    project = (projects.filter(id=project_id) if project_id else projects).first()
    if project is None:
        raise CommandError("There is no such project. Start the server, or run bootstrap, first.")
    if key:
        yield project.id, key
        return
    members = OrganizationMembership.objects.filter(
        organization=project.organization_id, user__is_active=True
    )
    member = members.order_by("-level", "joined_at").first()
    if member is None:
        raise CommandError(f"The project {project.id} has no member to read it as.")
    temporary = PersonalAPIKey(user_id=member.user_id, label="tail_logs", scopes=SCOPES)
    value = temporary.set_new_value()
    temporary.save()
    try:
        yield project.id, value
    finally:
        temporary.delete()
