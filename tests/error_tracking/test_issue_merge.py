"""Merging and splitting: what becomes of issues, fingerprints and the events of old."""

from uuid import uuid4

import pytest

import clickhouse
from error_tracking.models import Fingerprint, Issue
from tests.error_tracking.ingesting import deliver, exception, ingest
from tests.factories import FingerprintFactory, IssueFactory


@pytest.fixture
def kept(project):
    return FingerprintFactory(issue__project=project, fingerprint="kept").issue


@pytest.fixture
def merged(project):
    return FingerprintFactory(issue__project=project, fingerprint="merged").issue


def overrides():
    """Where ClickHouse leads the events of moved fingerprints."""
    deliver()
    rows = clickhouse.rows(
        "SELECT team_id, fingerprint, issue_id, version FROM issue_fingerprint_overrides FINAL"
    )
    return {
        (team_id, fingerprint): (issue, version) for team_id, fingerprint, issue, version in rows
    }


def test_merged_issue_disappears_and_its_fingerprints_move(api, kept, merged, project, analytics):
    r = api.post(f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(merged.id)]})

    assert (r.status_code, r.json()) == (200, {"success": True})
    assert list(Issue.objects.all()) == [kept]
    moved = Fingerprint.objects.get(fingerprint="merged")
    assert (moved.issue, moved.version) == (kept, 1)
    assert Fingerprint.objects.get(fingerprint="kept").version == 0
    assert overrides() == {(project.id, "merged"): (kept.id, 1)}


def test_the_next_exception_goes_to_the_issue_that_was_kept(api, kept, merged, project):
    api.post(f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(merged.id)]})
    event = exception(project, **{"$exception_fingerprint": "merged"})
    assert ingest(event) == []
    assert event.issue_id == kept.id


def test_the_old_id_is_gone_or_leads_on(api, kept, merged):
    api.post(f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(merged.id)]})
    path = f"error_tracking/issues/{merged.id}/"
    assert api.get(path).status_code == 404
    r = api.get(path, {"fingerprint": "merged"})
    assert (r.status_code, r.json()) == (308, {"issue_id": str(kept.id)})


def test_merging_again_moves_the_fingerprints_on(api, kept, merged, project, analytics):
    last = IssueFactory(project=project)
    api.post(f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(merged.id)]})
    api.post(f"error_tracking/issues/{last.id}/merge/", {"ids": [str(kept.id)]})
    assert overrides() == {
        (project.id, "merged"): (last.id, 2),
        (project.id, "kept"): (last.id, 1),
    }


def test_merging_with_itself_or_nothing(api, kept):
    path = f"error_tracking/issues/{kept.id}/merge/"
    assert api.post(path, {"ids": [str(kept.id)] * 2}).json() == {"success": False}
    r = api.post(path, {})
    assert r.status_code == 400
    assert r.json() == {
        "type": "validation_error",
        "code": "required",
        "detail": "This field is required.",
        "attr": "ids",
    }
    for ids in [[], ["x"], "x", None]:
        r = api.post(path, {"ids": ids})
        assert (r.status_code, r.json()["attr"][:3]) == (400, "ids")


def test_a_source_that_is_gone_stops_the_whole_merge(api, kept, merged):
    for gone in [uuid4(), IssueFactory().id]:
        r = api.post(
            f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(merged.id), str(gone)]}
        )
        assert (r.status_code, r.json()["detail"]) == (404, "Not found.")
    assert Issue.objects.filter(id__in=[kept.id, merged.id]).count() == 2
    assert Fingerprint.objects.get(fingerprint="merged").issue == merged


def test_merging_many_costs_few_queries(api, kept, project, django_assert_max_num_queries):
    others = IssueFactory.create_batch(20, project=project)
    for other in others:
        FingerprintFactory.create_batch(2, issue=other)
    with django_assert_max_num_queries(20):
        api.post(
            f"error_tracking/issues/{kept.id}/merge/", {"ids": [str(other.id) for other in others]}
        )
    assert kept.fingerprints.count() == 41


def test_split(api, kept, project, analytics):
    FingerprintFactory(issue=kept, fingerprint="a")
    FingerprintFactory(issue=kept, fingerprint="b")
    FingerprintFactory(issue__project=project, fingerprint="foreign")

    r = api.post(
        f"error_tracking/issues/{kept.id}/split/",
        {
            "fingerprints": [
                {"fingerprint": "b", "name": "Named", "description": "D"},
                {"fingerprint": "foreign"},
                "a",
            ],
            "exclusive": True,
        },
    )

    assert r.status_code == 200
    assert r.json()["success"] is True
    named, untitled = (Issue.objects.get(id=id) for id in r.json()["new_issue_ids"])
    assert (named.name, named.description, named.status) == ("Named", "D", "active")
    assert untitled.name == "Untitled issue"
    assert [f.fingerprint for f in named.fingerprints.all()] == ["b"]
    assert [f.fingerprint for f in kept.fingerprints.all()] == ["kept"]
    assert Fingerprint.objects.get(fingerprint="foreign").version == 0
    assert overrides() == {(project.id, "b"): (named.id, 1), (project.id, "a"): (untitled.id, 1)}


@pytest.mark.parametrize(
    ("fingerprints", "attr", "code"),
    [
        ([{}], "fingerprints__0__fingerprint", "required"),
        ([{"fingerprint": None}], "fingerprints__0__fingerprint", "null"),
        ("kept", "fingerprints", "not_a_list"),
        (None, "fingerprints", "null"),
        ([5], "fingerprints__0", "invalid_input"),
    ],
)
def test_split_refuses(api, kept, fingerprints, attr, code):
    r = api.post(f"error_tracking/issues/{kept.id}/split/", {"fingerprints": fingerprints})
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, attr, code)
