"""Tables that the server writes: to look at, to search by an index, never to edit."""

import pytest
from django.urls import reverse

from clickhouse import outbox
from clickhouse.models import OutboxBlock
from tests.factories import FingerprintFactory, IssueFactory, PersonFactory


def test_a_person_is_found_by_a_distinct_id_and_shown_with_all_of_them(admin):
    person = PersonFactory(distinct_ids=["anna", "anna@example.com"])
    other = PersonFactory(distinct_ids=["anna2"])

    for term in ("anna@example.com", str(person.uuid), str(person.uuid).upper()):
        found = admin.get(reverse("admin:persons_person_changelist"), {"q": term}).content.decode()
        assert str(person.uuid) in found
        assert str(other.uuid) not in found
    page = admin.get(reverse("admin:persons_person_change", args=[person.pk])).content.decode()
    assert "anna@example.com" in page


def test_an_issue_is_found_by_words_of_its_name_and_by_its_fingerprint(admin):
    issue = IssueFactory(name="PaymentError in checkout")
    fingerprint = FingerprintFactory(issue=issue)
    other = IssueFactory(name="Timeout")

    for term in ("paymenterror", fingerprint.fingerprint, str(issue.id)):
        url = reverse("admin:error_tracking_issue_changelist")
        found = admin.get(url, {"q": term}).content.decode()
        assert str(issue.id) in found
        assert str(other.id) not in found


@pytest.mark.parametrize("factory", [PersonFactory, FingerprintFactory])
def test_records_can_not_be_changed_or_deleted(admin, factory):
    record = factory()
    name = f"admin:{record._meta.app_label}_{record._meta.model_name}"
    assert admin.post(reverse(f"{name}_change", args=[record.pk]), {}).status_code == 403
    assert admin.post(reverse(f"{name}_delete", args=[record.pk]), {}).status_code == 403


QUERIES_OF_A_LIST = 3  # session, user, rows


@pytest.mark.parametrize("factory", [PersonFactory, IssueFactory, FingerprintFactory])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_one(
    admin, factory, django_assert_num_queries
):
    record = factory()
    url = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_changelist")
    admin.get(url)
    with django_assert_num_queries(QUERIES_OF_A_LIST):
        admin.get(url)
    factory.create_batch(5)
    with django_assert_num_queries(QUERIES_OF_A_LIST):
        admin.get(url)


def test_a_block_of_the_outbox_shows_no_binary(admin):
    outbox.enqueue("events", [{"uuid": "x"}])
    block = OutboxBlock.objects.get()
    page = admin.get(reverse("admin:clickhouse_outboxblock_change", args=[block.pk]))
    assert page.status_code == 200
    assert "payload" not in page.content.decode().lower()
