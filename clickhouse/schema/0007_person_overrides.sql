-- Events keep the person they came in with. Distinct ids that have been with another one since then,
-- by a merge, a split or an identification, stand here with the person they lead to now, and are
-- all that readers join: the row with the highest version counts, and is_deleted takes it away.
-- (Before, they were marked among person_distinct_ids, where reading them meant reading all; and
-- one that went back to the person its uuid is made from was not.)
CREATE TABLE IF NOT EXISTS person_distinct_id_overrides
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

INSERT INTO person_distinct_id_overrides
SELECT team_id, distinct_id, person_id, is_deleted, version
FROM person_distinct_ids FINAL
WHERE is_override = 1 AND is_deleted = 0;
