-- Copies of persons and of the distinct ids that lead to them, for joins. The relational store is
-- the truth; the row with the highest version counts, and is_deleted takes it away.
CREATE TABLE IF NOT EXISTS persons
(
    team_id Int64,
    id UUID,
    created_at DateTime64(6, 'UTC'),
    properties String CODEC(ZSTD(3)),
    properties_json JSON(max_dynamic_paths = 128, max_dynamic_types = 8) MATERIALIZED properties,
    is_identified UInt8,
    is_deleted UInt8,
    version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS person_distinct_ids
(
    team_id Int64,
    distinct_id String,
    person_id UUID,
    is_deleted UInt8,
    version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, distinct_id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS groups
(
    team_id Int64,
    type_index UInt8,
    key String,
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    properties String CODEC(ZSTD(3)),
    properties_json JSON(max_dynamic_paths = 128, max_dynamic_types = 8) MATERIALIZED properties,
    version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, type_index, key)
SETTINGS non_replicated_deduplication_window = 1000;
