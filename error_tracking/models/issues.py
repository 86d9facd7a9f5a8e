"""Issues and the fingerprints that lead events to them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from uuid_utils.compat import uuid7

from error_tracking.models.assignees import Assignable
from persons.models import Cohort
from projects.models import Project


class IssueQuerySet(models.QuerySet):
    def with_fingerprints(self):
        """Adds what the API shows of an issue's fingerprints, found by index for each row shown."""
        of_issue = Fingerprint.objects.filter(issue=models.OuterRef("pk"))
        seen = of_issue.filter(first_seen__isnull=False).order_by("first_seen")
        return self.annotate(
            earliest_seen=models.Subquery(seen.values("first_seen")[:1]),
            earliest_fingerprint=models.Subquery(
                of_issue.order_by("created_at", "id").values("fingerprint")[:1]
            ),
        )

    def of_ids(self, project: Project | int, ids: Iterable[UUID]):
        """Those of the project, which no index is to be used for: SQLite would prefer that to the
        ids, and go through all issues of the project."""
        of_project = models.Case(models.When(project=project, then=True), default=False)
        return self.filter(pk__in=ids).filter(of_project)

    def with_first_seen(self):
        """Adds `seen`: the earliest time that issue and fingerprints know of."""
        earliest = models.Min("fingerprints__first_seen")
        own = models.F("first_seen")
        return self.annotate(seen=Least(Coalesce(own, earliest), Coalesce(earliest, own)))

    def shown(self):
        """With everything that the API shows of an issue; its external references as `tickets`."""
        return (
            self.select_related("cohort")
            .with_fingerprints()
            .prefetch_related(
                models.Prefetch("external_references", to_attr="tickets"), "tickets__integration"
            )
        )


class Issue(Assignable):
    class Status(models.TextChoices):
        ARCHIVED = "archived"
        ACTIVE = "active"
        RESOLVED = "resolved"
        PENDING_RELEASE = "pending_release"
        SUPPRESSED = "suppressed"

    class Severity(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"
        CRITICAL = "critical"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    status = models.CharField(max_length=40, choices=Status.choices, default=Status.ACTIVE)
    severity = models.CharField(max_length=10, choices=Severity.choices, null=True, blank=True)
    name = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    """As given on creation by API; fingerprints may tell of an earlier time."""
    cohort = models.ForeignKey(
        Cohort, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """The persons it is about, where somebody has said so."""

    objects = IssueQuerySet.as_manager()

    class Meta(Assignable.Meta):
        indexes = [
            models.Index(fields=["project", "-created_at", "-id"], name="issue_newest_first")
        ]

    def __str__(self):
        return self.name or str(self.id)

    @property
    def seen_first(self) -> datetime | None:
        """The earliest that issue and fingerprints know of; for rows read `with_fingerprints`."""
        seen = [time for time in (self.first_seen, self.earliest_seen) if time]
        return min(seen, default=None)


class Fingerprint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="fingerprints")
    fingerprint = models.CharField(max_length=200)
    version = models.BigIntegerField(default=0)
    """Grows whenever the fingerprint moves to another issue."""
    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it did; null again once its events were rewritten."""
    first_seen = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="unique_fingerprint")
        ]
        indexes = [
            models.Index(fields=["issue", "created_at", "id"], name="fingerprint_earliest"),
            models.Index(fields=["issue", "first_seen"], name="fingerprint_first_seen"),
            models.Index(fields=["project", "created_at", "id"], name="fingerprint_by_creation"),
            models.Index(
                fields=["project", "moved_at"],
                condition=models.Q(moved_at__isnull=False),
                name="fingerprint_moved",
            ),
        ]

    def __str__(self):
        return self.fingerprint
