import json

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from posthog_clone.stores import open_database
from projects.bootstrap import bootstrap


class Command(BaseCommand):
    help = "Makes (or finds) the first organization, project, superuser and all-scope API key."

    def add_arguments(self, parser):
        parser.add_argument("--email", help="the superuser's; default: the oldest superuser")
        parser.add_argument("--password", help="for a new superuser; default: a random one")
        parser.add_argument("--project-name")
        parser.add_argument("--project-token", help="what SDKs send; default: a random one")
        parser.add_argument("--personal-api-key", help="its value; default: a random one")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *, email, password, project_name, project_token, personal_api_key, **options):
        open_database()
        try:
            installation = bootstrap(
                email=email,
                password=password,
                project_name=project_name,
                project_token=project_token,
                personal_api_key=personal_api_key,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if options["json"]:
            names = ("project_id", "project_token", "personal_api_key", "email")
            self.stdout.write(json.dumps({name: getattr(installation, name) for name in names}))
        else:
            self.stdout.write(installation.instructions(settings.SITE_URL))
