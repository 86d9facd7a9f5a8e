import json

from django.core.management.base import BaseCommand, CommandError

from posthog_clone.stores import open_database
from projects.access import is_scope
from projects.models import PersonalAPIKey, User


class Command(BaseCommand):
    help = "Makes a personal API key with just the given scopes and prints it, this once."

    def add_arguments(self, parser):
        parser.add_argument(
            "--scopes", required=True, help="such as error_tracking:read,alert:write; * for all"
        )
        parser.add_argument("--email", help="whose key; default: the oldest superuser's")
        parser.add_argument("--label", default="Made by command")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *, scopes, email, label, **options):
        scopes = parse_scopes(scopes)
        max_length = PersonalAPIKey._meta.get_field("label").max_length
        if not 0 < len(label) <= max_length:
            raise CommandError(f"--label must have 1 to {max_length} characters.")
        open_database()
        key = PersonalAPIKey(user=find_user(email), label=label, scopes=scopes)
        value = key.set_new_value()
        key.save()
        if options["json"]:
            answer = {"id": key.id, "label": key.label, "key": value, "scopes": key.scopes}
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(f"{value}\n{key.user.email} may use it for {', '.join(scopes)}.")


def parse_scopes(text: str) -> list[str]:
    scopes = list(dict.fromkeys(scope.strip() for scope in text.split(",") if scope.strip()))
    if not scopes:
        raise CommandError("--scopes names no scope; try error_tracking:read, or * for all.")
    if unknown := [scope for scope in scopes if not is_scope(scope)]:
        raise CommandError(
            f"Invalid scope: {', '.join(unknown)}. A scope is <object>:read or <object>:write, "
            "such as error_tracking:read, or * for all."
        )
    return scopes


def find_user(email: str | None) -> User:
    users = User.objects.filter(is_active=True)
    if email:
        if user := users.filter(email__iexact=email).first():
            return user
        raise CommandError(f"There is no active user {email}.")
    if user := users.filter(is_superuser=True).order_by("id").first():
        return user
    raise CommandError("There is no superuser yet. Run manage.py bootstrap first.")
