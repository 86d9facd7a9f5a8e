-- Where the events of a fingerprint belong that was moved to another issue by a merge or a split.
-- An event keeps the issue it came in with; readers prefer this one, which goes by the fingerprint:
-- the row with the highest version counts.
CREATE TABLE IF NOT EXISTS issue_fingerprint_overrides
(
    team_id Int64,
    fingerprint String,
    issue_id UUID,
    version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, fingerprint)
SETTINGS non_replicated_deduplication_window = 1000;
