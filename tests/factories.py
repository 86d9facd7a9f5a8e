"""One factory per model. What a test doesn't care about, it leaves to them."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from alerts.models import Alert, AlertSubscription, LogsAlert, Threshold
from error_tracking.models import (
    ExternalReference,
    Fingerprint,
    Issue,
    Release,
    Rule,
    SpikeEvent,
    StackFrame,
    SymbolSet,
)
from events.models import Action
from folders.models import PersistedFolder
from insights.models import Insight
from notifications import secrets
from notifications.models import Integration
from persons.models import Cohort, Person, PersonDistinctId
from projects.models import (
    MembershipLevel,
    Organization,
    OrganizationMembership,
    PersonalAPIKey,
    Project,
    Role,
    User,
)

TREND = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "signed up"}]}


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = Project

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Project {n}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.com")
    first_name = "Ada"
    last_name = "Lovelace"
    password = factory.django.Password(None)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = OrganizationMembership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    level = MembershipLevel.MEMBER


class RoleFactory(DjangoModelFactory):
    class Meta:
        model = Role

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Role {n}")


class PersonalAPIKeyFactory(DjangoModelFactory):
    """`key.value` is the clear text, for this object only."""

    class Meta:
        model = PersonalAPIKey

    user = factory.SubFactory(UserFactory)
    label = factory.Sequence(lambda n: f"Key {n}")
    scopes = ["*"]

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        key = model_class(*args, **kwargs)
        key.value = key.set_new_value()
        key.save()
        return key


class PersonFactory(DjangoModelFactory):
    """`distinct_ids=["a", "b"]` gives the person those."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)

    @factory.post_generation
    def distinct_ids(self, create, extracted, **kwargs):
        PersonDistinctId.objects.bulk_create(
            PersonDistinctId(project=self.project, person=self, distinct_id=distinct_id)
            for distinct_id in extracted or []
        )


class ActionFactory(DjangoModelFactory):
    class Meta:
        model = Action

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Action {n}")


class CohortFactory(DjangoModelFactory):
    class Meta:
        model = Cohort

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Cohort {n}")


class IssueFactory(DjangoModelFactory):
    class Meta:
        model = Issue

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Error {n}")


class FingerprintFactory(DjangoModelFactory):
    class Meta:
        model = Fingerprint

    issue = factory.SubFactory(IssueFactory)
    project = factory.SelfAttribute("issue.project")
    fingerprint = factory.Sequence(lambda n: f"fingerprint-{n}")


class InsightFactory(DjangoModelFactory):
    class Meta:
        model = Insight

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Insight {n}")
    query = {"kind": "HogQLQuery", "query": "SELECT count() FROM events"}


class PersistedFolderFactory(DjangoModelFactory):
    class Meta:
        model = PersistedFolder

    project = factory.SubFactory(ProjectFactory)
    user = factory.SubFactory(UserFactory)
    type = PersistedFolder.Type.HOME


class ReleaseFactory(DjangoModelFactory):
    class Meta:
        model = Release

    project = factory.SubFactory(ProjectFactory)
    hash_id = factory.Sequence(lambda n: f"hash-{n}")
    version = factory.Sequence(lambda n: f"1.{n}.0")
    app = "shop"


class SymbolSetFactory(DjangoModelFactory):
    class Meta:
        model = SymbolSet

    project = factory.SubFactory(ProjectFactory)
    ref = factory.Sequence(lambda n: f"chunk-{n}")


class StackFrameFactory(DjangoModelFactory):
    class Meta:
        model = StackFrame

    project = factory.SubFactory(ProjectFactory)
    raw_id = factory.Sequence(lambda n: f"{n:0128x}/0")
    contents = factory.LazyAttribute(lambda frame: {"raw_id": frame.raw_id, "mangled_name": "f"})
    resolved = True


class RuleFactory(DjangoModelFactory):
    """`kind="grouping"` and so on; the default filters match every ValueError."""

    class Meta:
        model = Rule

    project = factory.SubFactory(ProjectFactory)
    kind = Rule.Kind.GROUPING
    filters = {
        "type": "AND",
        "values": [
            {
                "key": "$exception_types",
                "type": "event",
                "operator": "exact",
                "value": ["ValueError"],
            }
        ],
    }


class IntegrationFactory(DjangoModelFactory):
    """`secrets={…}` is what is kept encrypted."""

    class Meta:
        model = Integration

    class Params:
        secrets = {"access_token": "xoxb-token"}

    project = factory.SubFactory(ProjectFactory)
    kind = "slack"
    account = factory.Sequence(lambda n: f"T{n}")
    display_name = "Team"
    config = {"team": {"id": "T1", "name": "Team"}}
    encrypted_secrets = factory.LazyAttribute(lambda row: secrets.encrypt(row.secrets))


class ExternalReferenceFactory(DjangoModelFactory):
    class Meta:
        model = ExternalReference

    issue = factory.SubFactory(IssueFactory)
    project = factory.SelfAttribute("issue.project")
    integration = factory.SubFactory(
        IntegrationFactory, project=factory.SelfAttribute("..issue.project")
    )
    config = {"title": "Crash"}
    external_url = factory.Sequence(lambda n: f"https://github.com/ada/app/issues/{n}")


class SpikeEventFactory(DjangoModelFactory):
    class Meta:
        model = SpikeEvent

    issue = factory.SubFactory(IssueFactory)
    project = factory.SelfAttribute("issue.project")
    detected_at = factory.LazyFunction(timezone.now)
    computed_baseline = 10.0
    current_bucket_value = 600.0


class ThresholdFactory(DjangoModelFactory):
    class Meta:
        model = Threshold

    insight = factory.SubFactory(InsightFactory, query=TREND)
    project = factory.SelfAttribute("insight.project")
    configuration = {"type": "absolute", "bounds": {"upper": 10}}


class AlertFactory(DjangoModelFactory):
    """`subscribers=[membership]` are told; `bounds={…}` and `query={…}` are what they say."""

    class Meta:
        model = Alert
        skip_postgeneration_save = True

    class Params:
        bounds = {"upper": 10}
        threshold_type = "absolute"
        query = factory.LazyFunction(lambda: TREND)

    project = factory.SubFactory(ProjectFactory)
    insight = factory.SubFactory(
        InsightFactory,
        project=factory.SelfAttribute("..project"),
        query=factory.SelfAttribute("..query"),
    )
    name = factory.Sequence(lambda n: f"Alert {n}")
    threshold = factory.SubFactory(
        ThresholdFactory,
        insight=factory.SelfAttribute("..insight"),
        configuration=factory.LazyAttribute(
            lambda row: {
                "type": row.factory_parent.threshold_type,
                "bounds": row.factory_parent.bounds,
            }
        ),
    )
    condition = {"type": "absolute_value"}
    config = {"type": "TrendsAlertConfig", "series_index": 0}

    @factory.post_generation
    def subscribers(self, create, extracted, **kwargs):
        for member in extracted or []:
            AlertSubscription.objects.create(alert=self, member=member)


class LogsAlertFactory(DjangoModelFactory):
    class Meta:
        model = LogsAlert

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Logs alert {n}")
    filters = {"severityLevels": ["error"]}
    threshold_count = 5
