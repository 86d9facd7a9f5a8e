-- Events. Read newest first within a project, so project and time lead the key.
-- `properties` is the text as it came; `properties_json` is what queries filter and break down by
-- (10 to 15 times faster than parsing the text), without the large lists nobody breaks down by.
-- Ingestion never inserts a uuid twice (events/storage.py), and a block sent again after a crash is
-- recognised by its token, so reads need no FINAL; the replacing engine is the last line of defence.
CREATE TABLE IF NOT EXISTS events
(
    team_id Int64,
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    uuid UUID,
    event LowCardinality(String),
    distinct_id String CODEC(ZSTD(1)),
    person_id UUID,
    person_mode LowCardinality(String),
    person_created_at Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    person_properties String CODEC(ZSTD(3)),
    properties String CODEC(ZSTD(3)),
    properties_json JSON(
        max_dynamic_paths = 128,
        max_dynamic_types = 8,
        SKIP `$exception_list`,
        SKIP `$exception_fingerprint_record`,
        SKIP `$exception_steps`,
        SKIP `$debug_images`,
        SKIP `$elements`,
        SKIP `$set`,
        SKIP `$set_once`,
        SKIP `$unset`
    ) MATERIALIZED properties,
    elements_chain String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    window_id String CODEC(ZSTD(1)),
    group_0 String CODEC(ZSTD(1)),
    group_1 String CODEC(ZSTD(1)),
    group_2 String CODEC(ZSTD(1)),
    group_3 String CODEC(ZSTD(1)),
    group_4 String CODEC(ZSTD(1)),
    issue_id Nullable(UUID),
    fingerprint String CODEC(ZSTD(1)),
    created_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    INDEX uuid_filter uuid TYPE bloom_filter(0.0001) GRANULARITY 1,
    INDEX distinct_id_filter distinct_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX issue_filter issue_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(created_at)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (team_id, timestamp, uuid)
SETTINGS
    non_replicated_deduplication_window = 1000,
    index_granularity = 2048,
    index_granularity_bytes = 4194304;
