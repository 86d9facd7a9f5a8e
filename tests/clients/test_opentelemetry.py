"""OpenTelemetry's own exporters of logs against a live server."""

import logging

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from tests.live import NODE, eventually, run_node

pytestmark = pytest.mark.live


def lines(server, word, count):
    """The log lines with the word, once there are so many."""

    def find():
        query = {"searchTerm": word, "dateRange": {"date_from": "-1h"}}
        return server.post("logs/query/", {"query": query})["results"]

    return eventually(find, count)


@pytest.mark.parametrize("path", ["/i/v1/logs", "/v1/logs"])
@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_a_python_program(server, unique, path, compression):
    provider = LoggerProvider(Resource({"service.name": f"shop-{unique}"}))
    exporter = OTLPLogExporter(
        f"{server.url}{path}",
        headers={"Authorization": f"Bearer {server.token}"},
        compression=compression,
    )
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.Logger("shop")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.warning("low stock %s", unique, extra={"items": 3})
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.exception("no price %s", unique)
    assert provider.force_flush()
    provider.shutdown()

    found = {row["severity_text"].lower(): row for row in lines(server, unique, 2)}
    assert found["warn"]["body"] == f"low stock {unique}"
    assert found["warn"]["resource_attributes"]["service.name"] == f"shop-{unique}"
    assert found["warn"]["attributes"]["items"] in (3, "3")
    assert "ZeroDivisionError" in str(found["error"]["attributes"])


@pytest.mark.node
def test_a_node_program(server, unique):
    answer = run_node(NODE / "otel_logs.mjs", server, unique)

    assert answer["complaints"] == []
    bodies = {row["body"] for row in lines(server, unique, 4)}
    ways = ["json", "json gzip", "protobuf", "protobuf gzip"]
    assert bodies == {f"{unique} by {way}" for way in ways}
