"""Organizations, their members and projects, and the keys that open them."""

import hashlib
import secrets
import string
import uuid
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from uuid_utils.compat import uuid7

from projects.defaults import PROJECT_SETTINGS, USER_PREFERENCES

ALPHABET = string.ascii_letters + string.digits


def random_token(prefix: str, length: int = 43) -> str:
    """`prefix` and `length` base-62 characters: 43 of them hold 256 random bits."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def generate_project_token() -> str:
    return random_token("phc_")


def generate_key_id() -> str:
    return random_token("", 22)


def generate_distinct_id() -> str:
    return random_token("")


class MembershipLevel(models.IntegerChoices):
    MEMBER = 1
    ADMIN = 8
    OWNER = 15


class OrganizationQuerySet(models.QuerySet):
    def visible_to(self, user: "User") -> "OrganizationQuerySet":
        """The user's organizations, with the user's `membership_level` and a `member_count`."""
        memberships = OrganizationMembership.objects.filter(organization=models.OuterRef("id"))
        count = memberships.order_by().values("organization").annotate(n=models.Count("id"))
        return self.annotate(
            membership_level=models.Subquery(memberships.filter(user=user).values("level")),
            member_count=models.Subquery(count.values("n")),
        ).filter(membership_level__isnull=False)


class Organization(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    slug = models.SlugField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    members = models.ManyToManyField(
        "User", through="OrganizationMembership", related_name="organizations"
    )

    objects = OrganizationQuerySet.as_manager()

    def __str__(self):
        return self.name


class ProjectQuerySet(models.QuerySet):
    def with_level_of(self, user: "User") -> "ProjectQuerySet":
        """Adds `membership_level`: the user's in the project's organization, None if not in it."""
        memberships = OrganizationMembership.objects.filter(
            user=user, organization=models.OuterRef("organization")
        )
        return self.annotate(membership_level=models.Subquery(memberships.values("level")))

    def visible_to(self, user: "User") -> "ProjectQuerySet":
        return self.with_level_of(user).filter(membership_level__isnull=False)


class Project(models.Model):
    """What the API calls a project, an environment or a team: the three share one id."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="projects"
    )
    name = models.CharField(max_length=200, default="Default project")
    api_token = models.CharField(max_length=200, unique=True, default=generate_project_token)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    timezone = models.CharField(max_length=240, default="UTC")
    week_start_day = models.SmallIntegerField(null=True, blank=True)
    ingested_event = models.BooleanField(default=False)
    person_display_name_properties = models.JSONField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    """The project's other settings of the API, by their API names; absent = default."""

    objects = ProjectQuerySet.as_manager()
    changes: ClassVar[int] = 0
    """How often this process changed one: who remembers projects asks for them anew after it."""

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        transaction.on_commit(self.note_change)

    def delete(self, *args, **kwargs):
        deleted = super().delete(*args, **kwargs)
        transaction.on_commit(self.note_change)
        return deleted

    @staticmethod
    def note_change() -> None:
        Project.changes += 1

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def reset_token(self) -> None:
        self.api_token = generate_project_token()
        self.save(update_fields=["api_token", "updated_at"])

    @property
    def all_settings(self) -> dict:
        return PROJECT_SETTINGS | self.settings


class UserManager(DjangoUserManager):
    def _create_user(self, email, password, **extra_fields):
        user = self.model(email=self.normalize_email(email), **extra_fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email, password=None, **extra_fields):
        return self._create_user(email, password, **extra_fields)

    def create_superuser(self, email, password=None, **extra_fields):
        return self._create_user(
            email, password, **{"is_staff": True, "is_superuser": True, **extra_fields}
        )


class User(AbstractUser):
    username = None
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(unique=True)
    distinct_id = models.CharField(max_length=200, unique=True, default=generate_distinct_id)
    current_organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    current_project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    preferences = models.JSONField(default=dict, blank=True)
    """theme_mode, notification_settings and their like, by their API names."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()

    def __str__(self):
        return self.email

    @property
    def all_preferences(self) -> dict:
        return USER_PREFERENCES | self.preferences


class OrganizationMembership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    level = models.PositiveSmallIntegerField(
        choices=MembershipLevel.choices, default=MembershipLevel.MEMBER
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="unique_organization_member"
            )
        ]

    def __str__(self):
        return f"{self.user} in {self.organization}"


class Role(models.Model):
    """Some members of an organization, under a name that issues can be assigned to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("organization", Lower("name"), name="unique_role_name")
        ]

    def __str__(self):
        return self.name


class RoleMembership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="members")
    organization_member = models.ForeignKey(
        OrganizationMembership, on_delete=models.CASCADE, related_name="role_memberships"
    )
    """Who leaves the organization leaves its roles."""
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["role", "organization_member"], name="unique_role_member"
            )
        ]

    def __str__(self):
        return f"{self.organization_member.user} as {self.role}"


def hash_key(value: str) -> str:
    """How keys are stored: unsalted, since 256 random bits need no salt and must be found."""
    return "sha256$" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


class PersonalAPIKey(models.Model):
    id = models.CharField(primary_key=True, max_length=50, default=generate_key_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="personal_api_keys")
    label = models.CharField(max_length=40)
    description = models.TextField(null=True, blank=True)
    secure_value = models.CharField(max_length=300, unique=True, editable=False)
    mask_value = models.CharField(max_length=11, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_rolled_at = models.DateTimeField(null=True, blank=True, editable=False)
    scopes = models.JSONField(default=list)
    scoped_teams = models.JSONField(default=list, blank=True)
    scoped_organizations = models.JSONField(default=list, blank=True)

    def __str__(self):
        return f"{self.label} ({self.mask_value})"

    def set_new_value(self) -> str:
        """Make a new secret, keep its hash and mask, and return it: the only time it is seen."""
        value = random_token("phx_")
        self.set_value(value)
        return value

    def set_value(self, value: str) -> None:
        self.secure_value = hash_key(value)
        self.mask_value = f"{value[:4]}...{value[-4:]}" if len(value) >= 16 else "********"


class ActivityLogEntry(models.Model):
    """Who did what to a project's things; written by projects.activity alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """None when the server itself did it."""
    activity = models.CharField(max_length=79)
    scope = models.CharField(max_length=79)
    item_id = models.CharField(max_length=72)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="activity_newest_first"),
            models.Index(fields=["project", "scope", "item_id"], name="activity_of_item"),
        ]
        verbose_name_plural = "activity log entries"

    def __str__(self):
        return f"{self.scope} {self.item_id} {self.activity}"
