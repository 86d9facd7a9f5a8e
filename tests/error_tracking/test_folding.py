"""Moved fingerprints whose events are rewritten, long after the move."""

from datetime import timedelta

import pytest
from django.utils import timezone

import clickhouse
from clickhouse import outbox
from error_tracking import folding
from error_tracking.folding import fold_moves
from error_tracking.models import Fingerprint, Issue
from tests.error_tracking.asking import ask, happen
from tests.error_tracking.ingesting import deliver
from tests.factories import ProjectFactory

LATER = timedelta(hours=2)


def issue_of(name):
    return Issue.objects.get(name=name)


def merge(api, into, *names):
    body = {"ids": [str(issue_of(name).id) for name in names]}
    r = api.post(f"error_tracking/issues/{issue_of(into).id}/merge/", body)
    assert r.json() == {"success": True}
    deliver()


def stored():
    """The issues that events themselves have, with the numbers of events."""
    rows = clickhouse.rows("SELECT issue_id, count() FROM events GROUP BY issue_id")
    return dict(rows)


def overrides():
    ((count,),) = clickhouse.rows("SELECT count() FROM issue_fingerprint_overrides")
    return count


def fold(after=LATER):
    return fold_moves(timezone.now() + after)


@pytest.fixture
def merged(api, analytics, project):
    """Three issues that became one."""
    for name in "AABCC":
        happen(project, name)
    merge(api, "A", "B")
    merge(api, "A", "C")
    return issue_of("A")


def test_events_get_their_issue_and_the_overrides_go(api, merged):
    assert len(stored()) == 3
    assert fold() == 2
    assert stored() == {merged.id: 5}
    assert overrides() == 0
    (found,) = ask(api)["results"]
    assert (found["id"], found["aggregations"]["occurrences"]) == (str(merged.id), 5)
    assert fold() == 0
    assert not Fingerprint.objects.exclude(moved_at=None).exists()


def test_fresh_moves_wait(merged):
    assert fold(timedelta(minutes=59)) == 0
    assert (len(stored()), overrides()) == (3, 2)


def test_moves_wait_for_what_is_still_to_be_stored(merged, project):
    outbox.enqueue("events", [{"team_id": project.id, "properties": "{}"}])
    assert fold() == 0
    deliver()
    assert fold() == 2


def test_split_again(api, merged, project):
    fingerprint = Fingerprint.objects.exclude(version=0).order_by("created_at").first()
    parts = [{"fingerprint": fingerprint.fingerprint}]
    r = api.post(f"error_tracking/issues/{merged.id}/split/", {"fingerprints": parts})
    (new_id,) = r.json()["new_issue_ids"]
    deliver()
    fold()
    assert {str(id): count for id, count in stored().items()} == {str(merged.id): 4, new_id: 1}
    assert overrides() == 0


def test_what_moves_while_it_is_folded_is_folded_again(api, merged, monkeypatch):
    really_fold = folding.fold

    def fold_and_split(rows):
        really_fold(rows)
        parts = [{"fingerprint": rows[0].fingerprint}]
        api.post(f"error_tracking/issues/{merged.id}/split/", {"fingerprints": parts})
        deliver()

    monkeypatch.setattr(folding, "fold", fold_and_split)
    assert fold() == 2
    monkeypatch.undo()
    assert overrides() == 1
    counts = {row["id"]: row["aggregations"]["occurrences"] for row in ask(api)["results"]}
    assert counts.pop(str(merged.id)) == 4
    assert list(counts.values()) == [1]
    assert fold(2 * LATER) == 1
    assert {str(id): count for id, count in stored().items()} == {str(merged.id): 4, **counts}


def test_what_was_claimed_and_never_finished_is_folded_later(merged):
    now = timezone.now()
    assert len(folding.claim(now + LATER)) == 2  # and then the process is killed
    assert fold_moves(now + LATER) == 0
    assert fold_moves(now + 2 * LATER) == 2
    assert stored() == {merged.id: 5}


def test_the_same_fingerprint_of_another_project_stays(merged, analytics):
    other = ProjectFactory()
    happen(other, "B")
    before = stored()
    fold()
    other_issue = Issue.objects.get(project=other)
    assert stored() == {merged.id: 5, other_issue.id: 1}
    assert before[other_issue.id] == 1


def test_one_project_at_a_time(merged, analytics, monkeypatch):
    monkeypatch.setattr(folding, "MAX_FOLDED", 1)
    assert [fold(), fold(), fold()] == [1, 1, 0]
    assert stored() == {merged.id: 5}
