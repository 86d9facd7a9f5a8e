-- What destinations and their like did, line by line, for the people who set them up.
CREATE TABLE IF NOT EXISTS log_entries
(
    team_id Int64,
    log_source_id String CODEC(ZSTD(1)),
    instance_id String CODEC(ZSTD(1)),
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    level LowCardinality(String),
    message String CODEC(ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (team_id, log_source_id, timestamp)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000;
