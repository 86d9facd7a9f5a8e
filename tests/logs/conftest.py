import pytest
from django.test import Client

from clickhouse import outbox
from ingestion import status, tokens
from tests.logs.exporting import protobuf


def refuse(table, row, reason):
    raise AssertionError(f"{table} refused {row}: {reason}")


@pytest.fixture(autouse=True)
def _fresh_caches():
    tokens.forget()
    status.recent.forget()


@pytest.fixture
def deliver(analytics):
    """Brings accepted lines to ClickHouse."""

    def deliver():
        while outbox.deliver(refuse):
            pass

    return deliver


@pytest.fixture
def export(project):
    """POSTs an export request as an exporter does."""

    def export(
        body, path="/i/v1/logs", *, token=None, content_type="application/x-protobuf", **more
    ):
        token = project.api_token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        more["CONTENT_TYPE"] = content_type  # the client leaves it out where the body is empty
        return Client().post(path, body, content_type=content_type, headers=headers, **more)

    return export


@pytest.fixture
def log(export, deliver):
    """Sends records, which are readable afterwards."""

    def log(*records, **options):
        response = export(protobuf(*records, **options))
        assert response.status_code == 200, response.content
        deliver()

    return log
