"""Exports that operators start."""

import pytest
from django.urls import reverse
from django.utils import timezone

from insights.exports import running
from insights.models import Export
from projects.models import MembershipLevel
from tests.factories import MembershipFactory, PersonFactory

pytestmark = pytest.mark.usefixtures("analytics")
ADD = "admin:insights_export_add"


def form(project, **fields) -> dict:
    return {"project": project.id, "rows_of": "events", "export_format": "text/csv", **fields}


@pytest.fixture
def member(superuser, organization):
    MembershipFactory(organization=organization, user=superuser, level=MembershipLevel.ADMIN)


def test_an_export_is_started_watched_and_fetched(admin, superuser, project, member):
    PersonFactory(project=project, properties={"plan": "pro"})

    page = admin.post(reverse(ADD), form(project, rows_of="persons"), follow=True)

    assert page.status_code == 200
    export = Export.objects.get()
    assert (export.created_by, export.export_context) == (
        superuser,
        {"path": f"/api/projects/{project.id}/persons/"},
    )
    assert running.run_due(timezone.now()) == 1
    page = admin.get(reverse("admin:insights_export_change", args=[export.id])).content.decode()
    link = page.split('href="/exports/download/')[1].split('"')[0]
    file = b"".join(admin.get(f"/exports/download/{link}").streaming_content)
    assert b"properties.plan" in file
    assert "1 of 1" in admin.get(reverse("admin:insights_export_changelist")).content.decode()


def test_events_are_narrowed(admin, project, member):
    admin.post(reverse(ADD), form(project, event="a b", after="-7d"))
    assert Export.objects.get().export_context == {
        "path": f"/api/projects/{project.id}/events/?event=a+b&after=-7d"
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"after": "nonsense"}, "is not a time"),
        ({"rows_of": "persons", "event": "x"}, "Only events are narrowed"),
    ],
)
def test_what_makes_no_sense_is_said(admin, project, member, fields, said):
    assert said in admin.post(reverse(ADD), form(project, **fields)).content.decode()
    assert not Export.objects.exists()


def test_who_is_no_member_starts_none(admin, project):
    assert "join first" in admin.post(reverse(ADD), form(project)).content.decode()
    assert not Export.objects.exists()
