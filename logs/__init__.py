"""OpenTelemetry logs: ingestion and search."""
