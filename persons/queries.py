"""What the copies of persons in the analytics store answer."""

import clickhouse


def has_overrides(project_id: int) -> bool:
    """Whether any distinct id may lead to another person than its events came in with: else, events
    need no join to know theirs."""
    return bool(
        clickhouse.rows(
            """
            SELECT 1 FROM person_distinct_id_overrides
            WHERE team_id = {project_id:Int64} AND is_deleted = 0
            LIMIT 1
            """,
            project_id=project_id,
        )
    )


def person_property_values(
    project_id: int, key: str, containing: str, *, limit: int
) -> list[tuple[str, int]]:
    """The values that the project's persons have for the property, most frequent first.

    Strings as they are, everything else as JSON; null and "" don't count. With `containing`, only
    values that contain it, in whatever case.
    """
    return clickhouse.rows(
        """
        SELECT
            if(
                JSONType(properties, {key:String}) = 'String',
                JSONExtractString(properties, {key:String}),
                JSONExtractRaw(properties, {key:String})
            ) AS name,
            count() AS persons
        FROM persons FINAL
        WHERE team_id = {project_id:Int64}
            AND NOT is_deleted
            AND name NOT IN ('', 'null')
            AND positionCaseInsensitiveUTF8(name, {containing:String}) > 0
        GROUP BY name
        ORDER BY persons DESC, name
        LIMIT {limit:UInt32}
        """,
        project_id=project_id,
        key=key,
        containing=containing,
        limit=limit,
    )


def group_property_values(
    project_id: int, type_index: int, key: str, containing: str, *, limit: int
) -> list[tuple[str, int]]:
    """The same of the groups of a type."""
    return clickhouse.rows(
        """
        SELECT
            if(
                JSONType(properties, {key:String}) = 'String',
                JSONExtractString(properties, {key:String}),
                JSONExtractRaw(properties, {key:String})
            ) AS name,
            count() AS groups
        FROM groups FINAL
        WHERE team_id = {project_id:Int64}
            AND type_index = {type_index:UInt8}
            AND name NOT IN ('', 'null')
            AND positionCaseInsensitiveUTF8(name, {containing:String}) > 0
        GROUP BY name
        ORDER BY groups DESC, name
        LIMIT {limit:UInt32}
        """,
        project_id=project_id,
        type_index=type_index,
        key=key,
        containing=containing,
        limit=limit,
    )
