-- Log lines. Every read names a project and a time range and wants the newest (or oldest) lines of
-- it, so these lead the key; the uuid at its end gives lines of one microsecond the order in which
-- they came. Small granules: a page of lines scattered over the day reads a few thousand rows, not
-- hundreds of thousands. docs/logs-storage.md has what was measured, and against what.
-- A day is a partition, so that retention drops whole parts.
CREATE TABLE IF NOT EXISTS logs
(
    team_id Int64,
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    uuid UUID,
    observed_timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    severity_number Int32,
    severity_text LowCardinality(String),
    service_name LowCardinality(String),
    body String CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_fingerprint UInt64 CODEC(ZSTD(1)),
    instrumentation_scope LowCardinality(String),
    event_name LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    trace_flags UInt32 CODEC(ZSTD(1)),
    retention_days UInt16 CODEC(ZSTD(1)),
    INDEX body_ngrams lower(body) TYPE ngrambf_v1(4, 16384, 2, 0) GRANULARITY 1,
    INDEX attribute_values mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX resource_values mapValues(resource_attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX trace_ids trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(timestamp)
ORDER BY (team_id, timestamp, toUInt128(uuid))
TTL toDate(timestamp) + toIntervalDay(retention_days + 1)
SETTINGS
    index_granularity = 1024,
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 1000;
