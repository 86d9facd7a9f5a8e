-- Copies of the members of static cohorts; the row with the highest version counts. Other cohorts
-- are conditions, and have no rows.
CREATE TABLE IF NOT EXISTS static_cohort_people
(
    team_id Int64,
    cohort_id Int64,
    person_id UUID,
    is_deleted UInt8,
    version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, cohort_id, person_id)
SETTINGS non_replicated_deduplication_window = 1000;
