"""Issues as tickets at other services."""

from uuid import uuid4

import pytest

from error_tracking.models import ExternalReference, Issue
from tests.factories import (
    ExternalReferenceFactory,
    IntegrationFactory,
    IssueFactory,
    ProjectFactory,
)
from tests.notifications.standin import Reply, StandIn

PATH = "error_tracking/external_references/"
TICKET = {"repository": "app", "title": "Crash", "body": "It did"}


@pytest.fixture
def github(settings, project):
    """A connected account, and the server that stands in for the service."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    server = StandIn()
    server.by_path({"/repos/ada/app/issues": Reply(201, {"number": 5})})
    integration = IntegrationFactory(
        project=project,
        kind="github",
        display_name="ada",
        config={"account": {"name": "ada"}},
        secrets={"access_token": "t", "api_url": server.url()},
    )
    yield integration
    server.stop()


@pytest.fixture
def issue(project):
    return IssueFactory(project=project)


def shown(reference):
    integration = reference.integration
    return {
        "id": str(reference.id),
        "integration": {
            "id": integration.id,
            "kind": integration.kind,
            "display_name": integration.display_name,
        },
        "integration_id": integration.id,
        "config": reference.config,
        "issue": str(reference.issue_id),
        "external_url": reference.external_url,
    }


def test_creating_one_creates_the_ticket(api, issue, github):
    r = api.post(PATH, {"issue": str(issue.id), "integration_id": github.id, "config": TICKET})
    reference = ExternalReference.objects.get()
    assert (r.status_code, r.json()) == (201, shown(reference))
    assert reference.external_url == "https://github.com/ada/app/issues/5"
    assert api.get(f"{PATH}{reference.id}/").json() == shown(reference)
    assert api.get(f"error_tracking/issues/{issue.id}/").json()["external_issues"] == [
        shown(reference)
    ]


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"issue": None}, "issue"),
        ({"issue": "nonsense"}, "issue"),
        ({"issue": str(uuid4())}, "issue"),
        ({"issue": "foreign"}, "issue"),
        ({"integration_id": 10**6}, "integration_id"),
        ({"integration_id": "foreign"}, "integration_id"),
        ({"config": "x"}, "config"),
        ({"config": None}, "config"),
    ],
)
def test_what_is_refused(api, issue, github, organization, changes, attr):
    elsewhere = ProjectFactory(organization=organization)
    foreign = {
        "issue": str(IssueFactory(project=elsewhere).id),
        "integration_id": IntegrationFactory(project=elsewhere).id,
    }
    body = {"issue": str(issue.id), "integration_id": github.id, "config": TICKET}
    body |= {key: foreign[key] if value == "foreign" else value for key, value in changes.items()}
    r = api.post(PATH, body)
    assert (r.status_code, r.json()["attr"]) == (400, attr)
    assert not ExternalReference.objects.exists()


def test_missing_fields_are_named(api, issue, github):
    r = api.post(
        PATH,
        {"issue": str(issue.id), "integration_id": github.id, "config": {"repository": "app"}},
    )
    assert (r.status_code, r.json()["detail"]) == (
        400,
        "Missing required config fields for github: title, body.",
    )


def test_services_without_tickets(api, issue, project):
    slack = IntegrationFactory(project=project, kind="slack")
    r = api.post(PATH, {"issue": str(issue.id), "integration_id": slack.id, "config": TICKET})
    assert r.status_code == 400
    assert not ExternalReference.objects.exists()


def test_when_the_service_refuses_there_is_no_reference(api, issue, github):
    config = {**TICKET, "repository": "unknown"}
    r = api.post(PATH, {"issue": str(issue.id), "integration_id": github.id, "config": config})
    assert r.status_code == 400
    assert not ExternalReference.objects.exists()


def test_list(api, issue, django_assert_num_queries):
    references = ExternalReferenceFactory.create_batch(5, issue=issue)
    ExternalReferenceFactory()
    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        r = api.get(PATH)
    assert r.json()["results"] == [shown(reference) for reference in references]


def test_delete_is_refused(api, issue):
    reference = ExternalReferenceFactory(issue=issue)
    r = api.delete(f"{PATH}{reference.id}/")
    assert (r.status_code, r.content) == (405, b"")
    assert api.get(f"{PATH}{uuid4()}/").status_code == 404


def test_an_issue_may_be_made_with_its_tickets(api, github):
    r = api.post(
        "error_tracking/issues/",
        {
            "first_seen": "2026-01-31T12:00:00Z",
            "external_issues": [
                {"integration_id": github.id, "config": TICKET, "issue": str(uuid4())}
            ],
        },
    )
    assert r.status_code == 201, r.json()
    (reference,) = r.json()["external_issues"]
    assert reference["external_url"] == "https://github.com/ada/app/issues/5"
    assert reference["issue"] == r.json()["id"]


def test_without_its_tickets_there_is_no_issue(api, github):
    r = api.post(
        "error_tracking/issues/",
        {
            "first_seen": "2026-01-31T12:00:00Z",
            "external_issues": [{"integration_id": github.id, "config": None}],
        },
    )
    assert r.status_code == 400
    assert not Issue.objects.exists()


def test_lists_of_issues_show_them_at_the_same_cost(api, project, django_assert_num_queries):
    for issue in IssueFactory.create_batch(10, project=project):
        ExternalReferenceFactory.create_batch(2, issue=issue)
    # key, its last use, project, count, ids, rows, references, integrations
    with django_assert_num_queries(8):
        results = api.get("error_tracking/issues/").json()["results"]
    assert [len(row["external_issues"]) for row in results] == [2] * 10


def test_they_follow_a_merge(api, issue, project):
    reference = ExternalReferenceFactory(issue=issue)
    into = IssueFactory(project=project)
    api.post(f"error_tracking/issues/{into.id}/merge/", {"ids": [str(issue.id)]})
    reference.refresh_from_db()
    assert reference.issue == into
