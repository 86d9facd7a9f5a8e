"""Blocks that share an insert: fewer inserts, and still each row exactly once."""

from uuid import UUID

import pytest

import clickhouse
from clickhouse import outbox
from clickhouse.models import OutboxBlock


@pytest.fixture
def numbers(analytics):
    """A table of one column, and its numbers in order."""
    clickhouse.command(
        "CREATE TABLE IF NOT EXISTS test_numbers (n Int64) ENGINE = MergeTree ORDER BY n"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    yield lambda: [n for (n,) in clickhouse.rows("SELECT n FROM test_numbers ORDER BY n")]
    clickhouse.command("DROP TABLE test_numbers")


@pytest.fixture
def inserts(monkeypatch):
    """The row counts of the inserts that ClickHouse gets."""
    counts = []
    insert = clickhouse.insert

    def counting(table, payload, **options):
        counts.append(payload.count(b"\n") + 1)
        insert(table, payload, **options)

    monkeypatch.setattr(clickhouse, "insert", counting)
    return counts


def enqueue(*numbers, **options):
    outbox.enqueue_lines("test_numbers", [b'{"n": %d}' % n for n in numbers], **options)


def fail(table, row, reason):
    raise AssertionError(f"{table} refused {row}: {reason}")


@pytest.mark.django_db
def test_small_blocks_go_in_as_one_insert(numbers, inserts):
    for n in range(10):
        enqueue(n)

    assert outbox.deliver(fail) == 10
    assert inserts == [10]
    assert numbers() == list(range(10))
    assert not OutboxBlock.objects.exists()


@pytest.mark.django_db
def test_an_insert_is_for_one_table(numbers, inserts):
    enqueue(1)
    outbox.enqueue("persons", [{"team_id": 1, "id": str(UUID(int=1)), "properties": "{}"}])
    enqueue(2)

    assert outbox.deliver(fail) == 3
    assert inserts == [2, 1]
    assert numbers() == [1, 2]
    assert clickhouse.rows("SELECT count() FROM persons") == [(1,)]


@pytest.mark.django_db
def test_keys_are_on_their_way_until_their_rows_are_there(numbers):
    enqueue(1, 2, keys=[b"one.", b"two."], lane=1)
    enqueue(3, keys=[b"thr."], lane=2)

    assert outbox.keys_on_their_way("test_numbers", 1, 4) == {b"one.", b"two."}
    outbox.deliver(fail)
    assert outbox.keys_on_their_way("test_numbers", 1, 4) == set()


@pytest.mark.django_db
def test_a_joined_insert_is_bounded_in_rows(numbers, inserts, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_JOINED_ROWS", 5)
    for n in range(0, 12, 2):
        enqueue(n, n + 1)

    assert outbox.deliver(fail) == 12
    assert inserts == [4, 4, 4]
    assert numbers() == list(range(12))


@pytest.mark.django_db
def test_blocks_arriving_after_a_crash_are_neither_lost_nor_is_anything_doubled(
    numbers, monkeypatch
):
    """The process dies between ClickHouse's answer and the removal from the outbox."""
    insert = clickhouse.insert

    def insert_and_die(table, payload, **options):
        insert(table, payload, **options)
        raise KeyboardInterrupt

    enqueue(1)
    enqueue(2)
    with monkeypatch.context() as patch:
        patch.setattr(clickhouse, "insert", insert_and_die)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver(fail)
    assert numbers() == [1, 2]
    enqueue(3)

    assert outbox.deliver(fail) == 3
    assert numbers() == [1, 2, 3]


@pytest.mark.django_db
def test_a_refused_row_leaves_the_others_of_its_insert(numbers):
    refused = []
    enqueue(1)
    outbox.enqueue_lines("test_numbers", [b'{"n": "one"}'])
    enqueue(2)

    outbox.deliver(lambda table, row, reason: refused.append((table, row)))

    assert numbers() == [1, 2]
    assert refused == [("test_numbers", b'{"n": "one"}')]
