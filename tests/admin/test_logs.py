"""The page of log lines."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

import clickhouse
from logs import browsing, otlp
from tests.factories import ProjectFactory, UserFactory
from tests.logs.exporting import nanoseconds, protobuf

URL = "/admin/logs/logline/"


@pytest.fixture
def log(project, analytics):
    def log(*records, project=project, **options):
        decoded = otlp.decode(
            protobuf(*records, **options),
            "application/x-protobuf",
            project_id=project.id,
            retention_days=30,
            received_at=datetime.now(UTC),
            max_bytes=10**6,
        )
        clickhouse.insert("logs", b"\n".join(decoded.lines))

    return log


def page(admin, **query):
    response = admin.get(URL, query)
    assert response.status_code == 200
    return response


def bodies(response):
    return [line.body for line, _ in response.context["lines"]]


def test_lines_unfold_to_what_they_carry(admin, log):
    log(
        {
            "body": "no <stock>",
            "severity_number": 17,
            "attributes": {"sku": "a-1"},
            "trace_id": b"\xab" * 16,
        },
        resource={"service.name": "shop", "host": "h1"},
    )
    text = page(admin).content.decode()
    for shown in ("no &lt;stock&gt;", "shop", "error", "sku", "a-1", "resource host", "AB" * 16):
        assert shown in text


def test_search(admin, log, organization):
    log({"body": "card refused", "severity_number": 17}, {"body": "started"})
    log({"body": "mail sent"}, resource={"service.name": "mailer"})
    log({"body": "long ago", "time_unix_nano": nanoseconds(7200)})
    other = ProjectFactory(organization=organization)
    log({"body": "theirs"}, project=other)

    assert set(bodies(page(admin))) == {"mail sent", "started", "card refused"}
    assert bodies(page(admin, q="CARD")) == ["card refused"]
    assert bodies(page(admin, level="error")) == ["card refused"]
    assert bodies(page(admin, service="mailer")) == ["mail sent"]
    assert "long ago" in bodies(page(admin, range="-6h"))
    assert bodies(page(admin, project=other.id)) == ["theirs"]


def test_what_makes_no_sense_is_left_out(admin, log):
    log({"body": "a"})
    response = page(admin, level="loud", range="ever", project="x", after="garbage")
    assert bodies(response) == ["a"]
    assert "Select a valid choice" in response.content.decode()


def test_counts_over_time(admin, log):
    log({"severity_number": 17}, {"severity_number": 17}, {"severity_number": 9})
    chart = json.loads(page(admin).context["chart"])
    totals = {dataset["label"]: sum(dataset["data"]) for dataset in chart["datasets"]}
    assert totals == {"error": 2, "info": 1}
    assert all(len(dataset["data"]) == len(chart["labels"]) for dataset in chart["datasets"])


def test_older_lines(admin, log, monkeypatch):
    monkeypatch.setattr(browsing, "PAGE", 2)
    log(*({"body": str(n), "time_unix_nano": nanoseconds(n)} for n in range(5)))
    response = page(admin, range="-6h")
    found = bodies(response)
    while older := response.context["older"]:
        assert "range=-6h" in older
        response = admin.get(URL + older)
        found += bodies(response)
    assert found == ["0", "1", "2", "3", "4"]


def test_no_lines_and_no_project(admin, analytics, project):
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in page(admin).content.decode()
    project.delete()
    assert "There is no project yet" in page(admin).content.decode()


def test_it_opens_while_the_store_is_away(admin, project, monkeypatch):
    def away(*args, **kwargs):
        raise clickhouse.Unavailable

    monkeypatch.setattr(clickhouse, "rows", away)
    assert "analytics store is not available" in page(admin).content.decode()


def test_it_takes_the_permission(project, analytics):
    staff = UserFactory(is_staff=True)
    client = Client()
    client.force_login(staff)
    assert client.get(URL).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_logline"))
    assert client.get(URL).status_code == 200
    client.logout()
    assert client.get(URL).status_code == 302
