"""Unmodified OpenTelemetry SDKs, for Python and Node.js, against a live server."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from tests.live import NODE, eventually, run_node

pytestmark = pytest.mark.live
PROGRAM = Path(__file__).parent / "opentelemetry_program.py"


@pytest.fixture
def lines(server, unique):
    """The lines of the service that is named after the test, oldest first, once all are there."""

    def find() -> list[dict]:
        answer = requests.post(
            f"{server.url}/api/projects/{server.project_id}/logs/query/",
            json={"query": {"serviceNames": [unique], "orderBy": "earliest"}},
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=120,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    return lambda count: eventually(find, count)


@pytest.mark.parametrize("path", ["/i/v1/logs", "/v1/logs"])
@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_python_sdk(server, unique, lines, path, compression):
    exporter = OTLPLogExporter(
        endpoint=f"{server.url}{path}",
        headers={"Authorization": f"Bearer {server.token}"},
        compression=compression,
    )
    provider = LoggerProvider(Resource.create({"service.name": unique}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("python-test", "1.2")
    for n in range(3):
        logger.emit(
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=f"line {n}",
            attributes={"n": n, "tags": ["a", "b"]},
            event_name="tested",
        )
    assert provider.force_flush()
    provider.shutdown()

    found = lines(3)
    assert [line["body"] for line in found] == ["line 0", "line 1", "line 2"]
    line = found[1]
    assert (line["level"], line["severity_number"]) == ("error", 17)
    assert line["attributes"] == {"n": "1", "tags": '["a","b"]'}
    assert line["instrumentation_scope"] == "python-test@1.2"
    assert line["event_name"] == "tested"
    assert line["resource_attributes"]["telemetry.sdk.language"] == "python"


def test_a_program_that_knows_us_by_its_environment_only(server, unique, lines):
    """One endpoint and one header; the SDK finds the path and decodes the header itself."""
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{server.token}",
        "OTEL_SERVICE_NAME": unique,
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")

    warning, error = lines(2)
    assert (warning["body"], warning["level"]) == ("low on stock", "warn")
    assert warning["attributes"]["sku"] == "a-1"
    assert (error["body"], error["level"]) == ("failed", "error")
    assert error["attributes"]["exception.type"] == "ZeroDivisionError"
    assert "Traceback" in error["attributes"]["exception.stacktrace"]


def test_the_example_of_the_readme(server, unique, lines, tmp_path):
    """Python's `logging`, by the handler that we recommend, as it stands there."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    example = readme.split("```python\nimport logging\n")[1].split("```")[0]
    program = tmp_path / "example.py"
    program.write_text("import logging\n" + example.replace('"checkout"', repr(unique)))
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{server.token}",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr

    [warning] = lines(1)
    assert (warning["body"], warning["level"]) == ("low on stock", "warn")
    assert warning["attributes"]["sku"] == "a-1"


def test_a_wrong_token_is_refused_for_good(server, unique, caplog):
    exporter = OTLPLogExporter(
        endpoint=f"{server.url}/v1/logs", headers={"Authorization": "Bearer phc_wrong"}, timeout=60
    )
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    with caplog.at_level(logging.ERROR):
        provider.get_logger("x").emit(body="lost", severity_number=SeverityNumber.INFO)
        provider.force_flush()
    provider.shutdown()
    assert "401" in caplog.text


@pytest.mark.node
@pytest.mark.parametrize("kind", ["proto", "http"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_the_node_sdk(server, unique, lines, kind, compression):
    """Its exporters send chunks, and complain when they can't read the answer."""
    answer = run_node(NODE / "otel_logs.mjs", server, kind, unique, compression)
    assert answer == {"complaints": []}

    found = lines(5)
    assert [line["body"] for line in found] == [f"line {n}" for n in range(5)]
    line = found[3]
    assert (line["level"], line["severity_number"]) == ("warn", 13)
    assert json.loads(line["attributes"]["nested"]) == {"a": [1, "x"]}
    assert {"n": "3", "ratio": "0.5", "on": "true"}.items() <= line["attributes"].items()
    assert line["instrumentation_scope"] == "node-test@2.0"


@pytest.mark.node
def test_pino(server, unique, lines):
    run_node(NODE / "otel_pino.mjs", server, unique)
    error, info = lines(2)
    assert (error["body"], error["level"], error["attributes"]["order"]) == (
        "no stock",
        "error",
        "7",
    )
    assert (info["body"], info["level"]) == ("started", "info")
