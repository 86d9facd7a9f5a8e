import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from error_tracking.exceptions.fingerprinting import Version, automatic_fingerprint
from error_tracking.exceptions.reading import read
from error_tracking.linking import IssueChange
from error_tracking.models import Fingerprint, Issue, StackFrame
from error_tracking.stack_frames import recorded
from tests.error_tracking.ingesting import NOON, captured, exception, ingest
from tests.error_tracking.recorded import exception_events
from tests.factories import FingerprintFactory, IssueFactory, ProjectFactory


@pytest.fixture(autouse=True)
def nothing_recorded():
    recorded.keys.clear()


def test_a_new_exception_makes_an_issue(project):
    event = exception(project, "ValueError", "no such user")

    (change,) = ingest(event)

    issue = Issue.objects.get()
    assert (change.kind, change.issue_id, change.event) == ("created", issue.id, event)
    assert (issue.project, issue.status) == (project, "active")
    assert (issue.name, issue.description) == ("ValueError", "no such user")
    assert issue.id.version == 7
    fingerprint = issue.fingerprints.get()
    assert fingerprint.first_seen == NOON
    assert event.issue_id == issue.id
    assert event.fingerprint == fingerprint.fingerprint
    assert event.dropped is False


def test_the_event_tells_of_issue_and_fingerprint(project):
    event = exception(project)
    ingest(event)
    assert event.properties["$exception_issue_id"] == str(event.issue_id)
    assert event.properties["$exception_fingerprint"] == event.fingerprint
    assert event.properties["$exception_fingerprint_version"] == "v2"
    (part,) = event.properties["$exception_fingerprint_record"]
    assert part["id"] == event.properties["$exception_list"][0]["id"]
    assert part["pieces"] == ["Exception Type", "Exception Message"]
    assert UUID(part["id"]).version == 7


def test_the_same_exception_again_is_the_same_issue(project):
    first, again, later = (exception(project) for _ in range(3))
    assert len(ingest(first, again)) == 1
    assert ingest(later) == []
    assert Issue.objects.count() == 1
    assert first.issue_id == again.issue_id == later.issue_id


def test_projects_do_not_share_issues(project):
    mine, theirs = exception(project), exception(ProjectFactory())
    assert len(ingest(mine, theirs)) == 2
    assert mine.issue_id != theirs.issue_id
    assert Issue.objects.get(id=mine.issue_id).project == project


def test_first_seen_is_the_earliest_of_the_batch(project):
    earlier = NOON - timedelta(hours=1)
    ingest(exception(project), exception(project, timestamp=earlier))
    assert Fingerprint.objects.get().first_seen == earlier


def test_a_client_fingerprint_is_kept_verbatim(project):
    (properties,) = exception_events("python_exception_custom_fingerprint")
    event = captured(project, **properties)
    ingest(event)
    assert Fingerprint.objects.get().fingerprint == event.fingerprint == "my-own-group"
    assert event.properties["$exception_fingerprint_record"] == [{"type": "manual"}]
    assert "$exception_fingerprint_version" not in event.properties


@pytest.mark.parametrize("status", ["resolved", "archived", "pending_release"])
def test_a_closed_issue_is_reopened(project, status):
    fingerprint = FingerprintFactory(
        issue=IssueFactory(project=project, status=status, name="N", description="D"),
        fingerprint="f",
    )
    events = [exception(project, **{"$exception_fingerprint": "f"}) for _ in range(2)]

    changes = ingest(*events)

    assert changes == [IssueChange("reopened", fingerprint.issue_id, events[0])]
    issue = Issue.objects.get()
    assert (issue.status, issue.name, issue.description) == ("active", "N", "D")
    assert ingest(exception(project, **{"$exception_fingerprint": "f"})) == []


def test_events_of_a_suppressed_issue_are_dropped(project):
    FingerprintFactory(issue=IssueFactory(project=project, status="suppressed"), fingerprint="f")
    suppressed = exception(project, **{"$exception_fingerprint": "f"})
    other = exception(project)
    ingest(suppressed, other)
    assert (suppressed.dropped, other.dropped) == (True, False)
    assert Issue.objects.filter(status="suppressed").count() == 1


def test_an_issue_known_by_its_older_fingerprint_keeps_it(project):
    (properties,) = exception_events("python_exception_chained")
    entries = read(dict(properties)).entries
    old = automatic_fingerprint(entries, Version.V1).value
    issue = FingerprintFactory(issue__project=project, fingerprint=old).issue

    event = captured(project, **properties)
    ingest(event)

    assert event.issue_id == issue.id
    assert event.fingerprint == old
    assert event.properties["$exception_fingerprint_version"] == "v1"
    assert Fingerprint.objects.count() == 1


def test_the_newest_version_known_decides(project):
    (properties,) = exception_events("python_exception_chained")
    entries = read(dict(properties)).entries
    FingerprintFactory(
        issue__project=project, fingerprint=automatic_fingerprint(entries, Version.V1).value
    )
    newer = FingerprintFactory(
        issue__project=project, fingerprint=automatic_fingerprint(entries, Version.V2).value
    )
    event = captured(project, **properties)
    ingest(event)
    assert event.issue_id == newer.issue_id


def test_a_broken_list_is_stored_without_an_issue(project):
    event = captured(project, **{"$exception_list": "nonsense"})
    assert ingest(event) == []
    assert event.properties["$cymbal_errors"] == ["$exception_list is not an array"]
    assert event.issue_id is None
    assert not Issue.objects.exists()


def test_other_events_are_left_alone(project):
    event = captured(project, event="$pageview", **{"$exception_list": [{}]})
    assert ingest(event) == []
    assert event.properties == {"$exception_list": [{}]}


def test_a_dropped_event_makes_no_issue(project):
    event = exception(project)
    event.dropped = True
    assert ingest(event) == []
    assert not Issue.objects.exists()


def test_nul_and_lone_surrogates_reach_the_database_replaced(project):
    event = exception(
        project,
        "E\x00",
        "v\ud800",
        **{"$exception_fingerprint": "f\x00\udfff", "$issue_name": "n\x00"},
    )
    ingest(event)
    issue = Issue.objects.get()
    assert (issue.name, issue.description) == ("n\ufffd", "v\ufffd")
    assert issue.fingerprints.get().fingerprint == "f\ufffd\ufffd"


def test_frames_are_recorded_once_with_their_source_lines(project):
    (properties,) = exception_events("python_exception_handled")
    again = dict(properties)
    ingest(captured(project, **properties), captured(project, **again))

    assert StackFrame.objects.count() == 3
    frame = StackFrame.objects.get(contents__mangled_name="price")
    assert frame.project == project
    assert frame.raw_id == frame.contents["raw_id"]
    assert frame.resolved is True
    assert frame.context["line"]["number"] == 6
    assert frame.symbol_set_ref is None


def test_code_variables_are_in_no_record(project):
    (properties,) = exception_events("python_v1_exception_code_variables")
    ingest(captured(project, **properties))
    assert not StackFrame.objects.filter(contents__has_key="code_variables").exists()


def test_unresolved_frames_name_the_symbol_set_they_wait_for(project):
    ingest(captured(project, **exception_events("web_exceptions_chunk_id")[0]))
    waiting = StackFrame.objects.exclude(resolved=True)
    assert {frame.symbol_set_ref for frame in waiting} == {"0190b0b0-0000-7000-8000-00000000c4a1"}


def test_frames_are_recorded_after_a_transaction_that_failed(project):
    (properties,) = exception_events("python_exception_handled")
    with transaction.atomic():
        ingest(captured(project, **properties))
        transaction.set_rollback(True)
    ingest(captured(project, **exception_events("python_exception_handled")[0]))
    assert StackFrame.objects.count() == 3


def test_known_issues_and_frames_cost_few_queries_however_many_events(
    project, django_assert_num_queries, django_capture_on_commit_callbacks
):
    def batch(size):
        names = ["python_exception_handled", "node_exception", "web_exceptions_gzip"] * size
        return [captured(project, **exception_events(name)[0]) for name in names]

    with django_assert_num_queries(12), django_capture_on_commit_callbacks(execute=True):
        # symbol sets; savepoint, rules, look-up, issues, fingerprints, look-up, destinations,
        # subscribers, limits, frames, its release
        ingest(*batch(1))
    for size in (1, 30):
        # symbol sets; savepoint, rules, look-up, limits, its release
        with django_assert_num_queries(6):
            ingest(*batch(size))


def test_reopening_takes_four_queries_more(project, django_assert_num_queries):
    for number in range(5):
        issue = IssueFactory(project=project, status="resolved")
        FingerprintFactory(issue=issue, fingerprint=f"f{number}")
    events = [exception(project, **{"$exception_fingerprint": f"f{n}"}) for n in range(5)]
    with django_assert_num_queries(9):
        assert len(ingest(*events)) == 5


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_the_same_error_at_once_make_one_issue(project):
    if connection.vendor == "sqlite":
        workers, rounds = 2, 3
    else:
        workers, rounds = 6, 8
    for number in range(rounds):
        events = meet(project, workers, "ab"[number % 2] * (number + 1))
        assert len({event.issue_id for event in events}) == 1
        assert len(set(Issue.objects.values_list("id", flat=True))) == number + 1
        assert Fingerprint.objects.count() == number + 1


def meet(project, workers, value):
    events = [exception(project, value=value) for _ in range(workers)]
    start, created = threading.Barrier(workers), []

    def work(event):
        try:
            start.wait()
            created.extend(ingest(event))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[event]) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [change.kind for change in created] == ["created"]
    return events
