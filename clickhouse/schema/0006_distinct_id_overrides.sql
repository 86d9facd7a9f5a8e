-- Events keep the person they came in with; after a merge, a split or an identification, their
-- distinct id leads elsewhere. Readers join only those distinct ids, which are few: a person's id is
-- the UUIDv5 of their first distinct id (persons/models.py), and where it is still that one, the
-- events have it already. Writers that move a distinct id back to that id say 1 themselves.
ALTER TABLE person_distinct_ids ADD COLUMN IF NOT EXISTS is_override UInt8 DEFAULT
    person_id != toUUID(concat(
        substring(lower(hex(SHA1(concat(
            unhex('932979b465c3442484670b66ec27bc22'), toString(team_id), ':', distinct_id
        )))), 1, 12),
        '5',
        substring(lower(hex(SHA1(concat(
            unhex('932979b465c3442484670b66ec27bc22'), toString(team_id), ':', distinct_id
        )))), 14, 3),
        lower(hex(bitOr(bitAnd(reinterpretAsUInt8(substring(SHA1(concat(
            unhex('932979b465c3442484670b66ec27bc22'), toString(team_id), ':', distinct_id
        )), 9, 1)), 63), 128))),
        substring(lower(hex(SHA1(concat(
            unhex('932979b465c3442484670b66ec27bc22'), toString(team_id), ':', distinct_id
        )))), 19, 14)
    ));
