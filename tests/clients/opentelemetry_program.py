"""A program that logs through the standard library, as OpenTelemetry's documentation sets it up."""

import logging
import warnings

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from opentelemetry.sdk._logs import LoggingHandler

provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logging.getLogger().addHandler(LoggingHandler(logger_provider=provider))

logging.warning("low on stock", extra={"sku": "a-1"})
try:
    1 / 0  # noqa: B018
except ZeroDivisionError:
    logging.exception("failed")
provider.shutdown()
