-- How runs of apps ended: deliveries, exports and their like, one row for one or several runs.
-- Read for one project over a span of time. A failed run's row tells the error, for people to read.
CREATE TABLE IF NOT EXISTS app_metrics
(
    team_id Int64,
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    plugin_config_id Int64 CODEC(ZSTD(1)),
    category LowCardinality(String),
    job_id String CODEC(ZSTD(1)),
    successes UInt32 CODEC(ZSTD(1)),
    successes_on_retry UInt32 CODEC(ZSTD(1)),
    failures UInt32 CODEC(ZSTD(1)),
    error_uuid Nullable(UUID),
    error_type String CODEC(ZSTD(1)),
    error_details String CODEC(ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (team_id, timestamp)
SETTINGS non_replicated_deduplication_window = 1000;
