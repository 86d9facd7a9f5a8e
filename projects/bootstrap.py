"""What a new installation starts with: an organization, a project, a superuser and a key."""

import re
import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from projects.models import (
    MembershipLevel,
    Organization,
    OrganizationMembership,
    PersonalAPIKey,
    Project,
    User,
    hash_key,
    random_token,
)

DEFAULT_EMAIL = "admin@example.com"
KEY_LABEL = "Bootstrap"
MAX_TOKEN_LENGTH = 64  # capture refuses longer ones


@dataclass(frozen=True)
class Bootstrapped:
    project_id: int
    project_token: str
    personal_api_key: str | None
    """None when the key existed: only its hash is kept."""
    email: str
    password: str | None
    """None when the user existed."""
    created: bool
    """The project was made by this call."""

    def instructions(self, url: str) -> str:
        """What an operator needs to know, with a request to copy that sends the first event."""
        password = self.password or "unchanged; manage.py changepassword sets another"
        key = self.personal_api_key or "shown once; manage.py create_personal_api_key makes another"
        return f"""\
Admin             {url}/admin/
  e-mail          {self.email}
  password        {password}
Project           {self.project_id}
Project token     {self.project_token}
Personal API key  {key}

Send an event:
  curl {url}/i/v0/e/ -H 'Content-Type: application/json' \\
    -d '{{"api_key": "{self.project_token}", "event": "hello", "distinct_id": "me"}}'

Read it back:
  curl {url}/api/environments/{self.project_id}/events/ \\
    -H 'Authorization: Bearer {self.personal_api_key or "phx_…"}'
"""


def bootstrap(
    *,
    email: str | None = None,
    password: str | None = None,
    project_name: str | None = None,
    project_token: str | None = None,
    personal_api_key: str | None = None,
) -> Bootstrapped:
    """Make what is missing of the first organization, project, superuser and all-scope key.

    What exists is found and left as it is: the project by its token, else its name, else the
    oldest; the user by e-mail, else the oldest superuser; the key by its value, else any key of
    the user for all scopes. Raises Django's ValidationError for values that could not work.
    """
    check_values(email, project_token, personal_api_key)
    try:
        return _bootstrap(email, password, project_name, project_token, personal_api_key)
    except IntegrityError:  # another process was faster; what it made is found now
        return _bootstrap(email, password, project_name, project_token, personal_api_key)


def check_values(
    email: str | None, project_token: str | None, personal_api_key: str | None
) -> None:
    if email is not None:
        validate_email(email)
    if project_token is not None and (
        len(project_token) > MAX_TOKEN_LENGTH
        or project_token.startswith("phx_")
        or not re.fullmatch(r"[\w.-]+", project_token, re.ASCII)
    ):
        raise ValidationError(
            f"A project token has 1 to {MAX_TOKEN_LENGTH} letters, digits, '_', '-' and '.', and "
            f"does not start with phx_; {project_token!r} can't be one."
        )
    if personal_api_key is not None and not re.fullmatch(
        r"phx_[\w.-]{1,200}", personal_api_key, re.ASCII
    ):
        raise ValidationError(
            "A personal API key is phx_ and then up to 200 letters, digits, '_', '-' and '.'; "
            f"{personal_api_key!r} can't be one."
        )


@transaction.atomic
def _bootstrap(email, password, project_name, project_token, personal_api_key) -> Bootstrapped:
    user, password = find_or_make_superuser(email, password)
    project, created = find_or_make_project(project_name, project_token)
    OrganizationMembership.objects.get_or_create(
        organization=project.organization, user=user, defaults={"level": MembershipLevel.OWNER}
    )
    if user.current_project is None:
        user.current_project = project
        user.current_organization = project.organization
        user.save(update_fields=["current_project", "current_organization"])
    return Bootstrapped(
        project_id=project.id,
        project_token=project.api_token,
        personal_api_key=make_key_unless_there(user, personal_api_key),
        email=user.email,
        password=password,
        created=created,
    )


def find_or_make_superuser(email: str | None, password: str | None) -> tuple[User, str | None]:
    """The user, and the password if the user is new."""
    user = None
    if not email:
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("id").first()
        email = DEFAULT_EMAIL
    if user is None:
        user = User.objects.filter(email__iexact=email).first()
    if user is None:
        password = password or secrets.token_urlsafe(15)
        return User.objects.create_superuser(email, password), password
    if not user.is_active:
        raise ValidationError(f"The user {user.email} is not active; activate it or name another.")
    if not (user.is_superuser and user.is_staff):
        user.is_superuser = user.is_staff = True
        user.save(update_fields=["is_superuser", "is_staff"])
    return user, None


def find_or_make_project(name: str | None, token: str | None) -> tuple[Project, bool]:
    projects = Project.objects.select_related("organization").order_by("id")
    if token:
        projects = projects.filter(api_token=token)
    elif name:
        projects = projects.filter(name=name)
    if project := projects.first():
        return project, False
    organization = Organization.objects.order_by("created_at", "id").first()
    if organization is None:
        organization = Organization.objects.create(name="Default organization", slug="default")
    project = Project(organization=organization)
    if name:
        project.name = name
    if token:
        project.api_token = token
    project.save()
    return project, True


def make_key_unless_there(user: User, value: str | None) -> str | None:
    """The new key's value, or None when there was one."""
    if value:
        there = PersonalAPIKey.objects.filter(secure_value=hash_key(value)).exists()
    else:
        unrestricted = user.personal_api_keys.filter(scoped_teams=[], scoped_organizations=[])
        there = any("*" in scopes for scopes in unrestricted.values_list("scopes", flat=True))
    if there:
        return None
    value = value or random_token("phx_")
    key = PersonalAPIKey(user=user, label=KEY_LABEL, scopes=["*"])
    key.set_value(value)
    key.save()
    return value
