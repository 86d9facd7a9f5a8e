from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from error_tracking.models import Fingerprint
from tests.factories import FingerprintFactory, IssueFactory

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def row(fingerprint):
    return {
        "id": str(fingerprint.id),
        "fingerprint": fingerprint.fingerprint,
        "issue_id": str(fingerprint.issue_id),
        "created_at": fingerprint.created_at.isoformat().replace("+00:00", "Z"),
    }


@pytest.fixture
def fingerprint(project):
    return FingerprintFactory(issue__project=project, created_at=NOON)


def test_retrieve(api, fingerprint):
    r = api.get(f"error_tracking/fingerprints/{fingerprint.id}/")
    assert (r.status_code, r.json()) == (200, row(fingerprint))


def test_unknown_ones_are_not_found(api):
    for id in [uuid4(), "nonsense", FingerprintFactory().id]:
        assert api.get(f"error_tracking/fingerprints/{id}/").status_code == 404


def test_list_is_oldest_first(api, fingerprint, project):
    older = FingerprintFactory(issue__project=project, created_at=NOON - timedelta(days=1))
    FingerprintFactory()
    r = api.get("error_tracking/fingerprints/")
    assert r.json() == {
        "count": 2,
        "next": None,
        "previous": None,
        "results": [row(older), row(fingerprint)],
    }


def test_list_of_an_issue(api, fingerprint, project):
    other = FingerprintFactory(issue__project=project)
    r = api.get("error_tracking/fingerprints/", {"issue_id": str(other.issue_id)})
    assert r.json()["results"] == [row(other)]
    for id in [uuid4(), FingerprintFactory().issue_id]:
        assert api.get("error_tracking/fingerprints/", {"issue_id": str(id)}).json()["count"] == 0
    r = api.get("error_tracking/fingerprints/", {"issue_id": "nonsense"})
    assert (r.status_code, r.json()["attr"]) == (400, "issue_id")


def test_a_list_costs_the_same_queries_whatever_its_length(api, project, django_assert_num_queries):
    FingerprintFactory.create_batch(50, issue=IssueFactory(project=project))
    with django_assert_num_queries(5):  # key, its last use, project, count, rows
        assert len(api.get("error_tracking/fingerprints/").json()["results"]) == 50


def test_delete_is_refused(api, fingerprint):
    for id in [fingerprint.id, uuid4(), "nonsense"]:
        r = api.delete(f"error_tracking/fingerprints/{id}/")
        assert (r.status_code, r.content) == (405, b"")
    assert Fingerprint.objects.exists()


def test_delete_needs_no_scope(api_with_scopes, fingerprint):
    path = f"error_tracking/fingerprints/{fingerprint.id}/"
    assert api_with_scopes("query:read").delete(path).status_code == 405
    assert api_with_scopes("query:read").get(path).status_code == 403


def test_other_methods_are_not_offered(api, fingerprint):
    assert api.post("error_tracking/fingerprints/", {}).status_code == 405
    assert api.patch(f"error_tracking/fingerprints/{fingerprint.id}/", {}).status_code == 405
