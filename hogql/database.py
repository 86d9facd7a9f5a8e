"""The tables that queries may read, and the fields of each.

`{t}` in SQL is the row's own table. A table's source and condition are the only way to its rows:
the condition of the project is added to every one of them (hogql/compiler/sources.py), and a test
holds what is printed against it.
"""

from dataclasses import replace

from hogql.channels import PROPERTIES, Arrival, channel_sql, domain_type_sql
from hogql.shapes import Column, Link, Map, Properties, Table, column
from hogql.types import DATETIME, NUMBER, TEXT, UUID, Type

NULLABLE_UUID = Type("uuid")

# What the events' JSON column leaves out (clickhouse/schema/0001_events.sql).
LARGE_PROPERTIES = frozenset(
    {
        *("$exception_list", "$exception_fingerprint_record", "$exception_steps", "$debug_images"),
        *("$elements", "$set", "$set_once", "$unset"),
    }
)
EVENTS = Table(
    name="events",
    source="events",
    fields={
        "uuid": column("uuid", UUID),
        "event": column("event", TEXT),
        "properties": Properties(
            "{t}.properties", "{t}.properties_json", "event", LARGE_PROPERTIES
        ),
        "timestamp": column("timestamp", DATETIME),
        "distinct_id": column("distinct_id", TEXT),
        "elements_chain": column("elements_chain", TEXT),
        "created_at": column("created_at", DATETIME),
        "person_mode": column("person_mode", TEXT),
        "$session_id": column("session_id", TEXT),
        "$window_id": column("window_id", TEXT),
        "$group_0": column("group_0", TEXT),
        "$group_1": column("group_1", TEXT),
        "$group_2": column("group_2", TEXT),
        "$group_3": column("group_3", TEXT),
        "$group_4": column("group_4", TEXT),
        # A merge or a split moves distinct ids: their events follow, and keep what they had stored.
        "person_id": Column(
            "if(empty({override}.distinct_id), {t}.person_id, {override}.person_id)",
            UUID,
            links=("override",),
            in_asterisk=False,
            unmoved="{t}.person_id",
        ),
        "event_person_id": column("person_id", UUID, in_asterisk=False),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
        "issue_id": Column(
            "if(empty({issue_override}.fingerprint), {t}.issue_id, {issue_override}.issue_id)",
            NULLABLE_UUID,
            links=("issue_override",),
            in_asterisk=False,
            unmoved="{t}.issue_id",
        ),
        "event_issue_id": column("issue_id", NULLABLE_UUID, in_asterisk=False),
        "fingerprint": column("fingerprint", TEXT, in_asterisk=False),
        "elements_chain_href": Column(
            """regexpExtract({t}.elements_chain, '[:"]href="((?:[^"\\\\\\\\]|\\\\\\\\.)*)"', 1)""",
            TEXT,
            in_asterisk=False,
        ),
        "elements_chain_texts": Column(
            """arrayDistinct(extractAll({t}.elements_chain, """
            """'[:"]text="((?:[^"\\\\\\\\]|\\\\\\\\.)*)"'))""",
            Type("array", nullable=False),
            in_asterisk=False,
        ),
        "elements_chain_ids": Column(
            """arrayDistinct(extractAll({t}.elements_chain, """
            """'[:"]attr_id="((?:[^"\\\\\\\\]|\\\\\\\\.)*)"'))""",
            Type("array", nullable=False),
            in_asterisk=False,
        ),
        "elements_chain_elements": Column(
            "arrayDistinct(extractAll({t}.elements_chain, "
            "'(?:^|;)(a|button|form|input|select|textarea|label)(?:[.:]|$)'))",
            Type("array", nullable=False),
            in_asterisk=False,
        ),
    },
    links={
        "override": Link("distinct_id_overrides", "distinct_id", "distinct_id", hidden=True),
        "issue_override": Link(
            "error_tracking_issue_fingerprint_overrides",
            "fingerprint",
            "fingerprint",
            hidden=True,
        ),
        "person": Link("persons", "person_id", "id"),
        "pdi": Link("person_distinct_ids", "distinct_id", "distinct_id"),
        "session": Link("sessions", "$session_id", "session_id"),
        **{
            f"group_{index}": Link(
                "groups",
                f"$group_{index}",
                "key",
                condition=f"{{t}}.type_index = {index}",
                group_type_index=index,
            )
            for index in range(5)
        },
    },
)


def first(sql: str, condition: str = "1") -> str:
    return f"argMinIf({sql}, {{t}}.timestamp, {condition})"


def last(sql: str, condition: str = "1") -> str:
    return f"argMaxIf({sql}, {{t}}.timestamp, {condition})"


def text_of(name: str) -> str:
    return f"ifNull({{t}}.properties_json.`{name}`.:String, '')"


PERSONS = Table(
    name="persons",
    source="persons FINAL",
    condition="{t}.is_deleted = 0",
    fields={
        "id": column("id", UUID),
        "created_at": column("created_at", DATETIME),
        "properties": Properties("{t}.properties", "{t}.properties_json", "person"),
        "is_identified": Column("{t}.is_identified = 1", Type("bool", nullable=False)),
        "$virt_initial_channel_type": Column(
            channel_sql(Arrival(*(text_of(f"$initial_{name}") for name in PROPERTIES))),
            TEXT,
            in_asterisk=False,
        ),
        "$virt_initial_referring_domain_type": Column(
            domain_type_sql(text_of("$initial_referring_domain")), TEXT, in_asterisk=False
        ),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
    links={"pdi": Link("person_distinct_ids", "id", "person_id", many=True)},
)
PERSON_DISTINCT_IDS = Table(
    name="person_distinct_ids",
    source="person_distinct_ids FINAL",
    condition="{t}.is_deleted = 0",
    fields={
        "distinct_id": column("distinct_id", TEXT),
        "person_id": column("person_id", UUID),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
    links={"person": Link("persons", "person_id", "id")},
)
STATIC_COHORT_PEOPLE = Table(
    name="static_cohort_people",
    source="static_cohort_people FINAL",
    condition="{t}.is_deleted = 0",
    fields={
        "person_id": column("person_id", UUID),
        "cohort_id": column("cohort_id", NUMBER),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
    links={"person": Link("persons", "person_id", "id")},
)
GROUPS = Table(
    name="groups",
    source="groups FINAL",
    fields={
        "index": column("type_index", NUMBER),
        "key": column("key", TEXT),
        "created_at": column("created_at", DATETIME),
        "updated_at": column("updated_at", DATETIME),
        "properties": Properties("{t}.properties", "{t}.properties_json", "group"),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
)


def counted(event: str) -> Column:
    return Column(f"countIf({{t}}.event = '{event}')", NUMBER)


URL = text_of("$current_url")
HAS_URL = f"{URL} != ''"
EXTERNAL_CLICK = text_of("$external_click_url")
DURATION = Column("dateDiff('second', min({t}.timestamp), max({t}.timestamp))", NUMBER)
SESSIONS = Table(
    name="sessions",
    source="events",
    condition="{t}.session_id != ''",
    group_by="{t}.session_id",
    fields={
        "session_id": column("session_id", TEXT),
        "id": column("session_id", TEXT, in_asterisk=False),
        "distinct_id": Column(last("{t}.distinct_id"), TEXT),
        "$start_timestamp": Column("min({t}.timestamp)", DATETIME),
        "$end_timestamp": Column("max({t}.timestamp)", DATETIME),
        "$session_duration": DURATION,
        "duration": replace(DURATION, in_asterisk=False),
        "$event_count": Column("count()", NUMBER),
        "$pageview_count": counted("$pageview"),
        "$screen_count": counted("$screen"),
        "$autocapture_count": counted("$autocapture"),
        "$num_uniq_urls": Column(f"uniqIf({URL}, {HAS_URL})", NUMBER),
        "$urls": Column(f"groupUniqArrayIf({URL}, {HAS_URL})", Type("array", nullable=False)),
        "$entry_current_url": Column(first(URL, HAS_URL), TEXT),
        "$entry_pathname": Column(f"path({first(URL, HAS_URL)})", TEXT),
        "$entry_hostname": Column(f"domain({first(URL, HAS_URL)})", TEXT),
        "$end_current_url": Column(last(URL, HAS_URL), TEXT),
        "$exit_current_url": Column(last(URL, HAS_URL), TEXT, in_asterisk=False),
        "$end_pathname": Column(f"path({last(URL, HAS_URL)})", TEXT),
        "$exit_pathname": Column(f"path({last(URL, HAS_URL)})", TEXT, in_asterisk=False),
        "$end_hostname": Column(f"domain({last(URL, HAS_URL)})", TEXT),
        "$entry_referring_domain": Column(first(text_of("$referring_domain")), TEXT),
        **{
            f"$entry_{name}": Column(first(text_of(name)), TEXT)
            for name in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
        },
        **{
            f"$entry_{name}": Column(first(text_of(name)), TEXT, in_asterisk=False)
            for name in ("gclid", "gad_source", "fbclid", "msclkid")
        },
        "$last_external_click_url": Column(
            last(EXTERNAL_CLICK, f"{EXTERNAL_CLICK} != ''"), TEXT, in_asterisk=False
        ),
        "$channel_type": Column(
            channel_sql(
                Arrival(
                    *(first(text_of(name)) for name in PROPERTIES[:3]),
                    first(text_of("$referring_domain")),
                    *(first(text_of(name)) for name in PROPERTIES[4:]),
                )
            ),
            TEXT,
        ),
        "$is_bounce": Column(
            "countIf({t}.event IN ('$pageview', '$screen')) = 1"
            " AND countIf({t}.event = '$autocapture') = 0"
            f" AND {DURATION.sql} < 10",
            Type("bool", nullable=False),
        ),
        "team_id": Column("any({t}.team_id)", NUMBER, in_asterisk=False),
    },
)
LOGS = Table(
    name="logs",
    source="logs",
    fields={
        "uuid": column("uuid", UUID),
        "timestamp": column("timestamp", DATETIME),
        "observed_timestamp": column("observed_timestamp", DATETIME),
        "body": column("body", TEXT),
        "message": column("body", TEXT, in_asterisk=False),
        "severity_text": column("severity_text", TEXT),
        "level": column("severity_text", TEXT, in_asterisk=False),
        "severity_number": column("severity_number", NUMBER),
        "service_name": column("service_name", TEXT),
        "trace_id": column("trace_id", TEXT),
        "span_id": column("span_id", TEXT),
        "attributes": Map("{t}.attributes"),
        "resource_attributes": Map("{t}.resource_attributes"),
        "resource_fingerprint": column("resource_fingerprint", NUMBER, in_asterisk=False),
        "instrumentation_scope": column("instrumentation_scope", TEXT),
        "event_name": column("event_name", TEXT),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
)
APP_METRICS = Table(
    name="app_metrics",
    source="app_metrics",
    fields={
        "timestamp": column("timestamp", DATETIME),
        "plugin_config_id": column("plugin_config_id", NUMBER),
        "category": column("category", TEXT),
        "job_id": column("job_id", TEXT),
        "successes": column("successes", NUMBER),
        "successes_on_retry": column("successes_on_retry", NUMBER),
        "failures": column("failures", NUMBER),
        "error_uuid": column("error_uuid", NULLABLE_UUID),
        "error_type": column("error_type", TEXT),
        "error_details": column("error_details", TEXT),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
)
LOG_ENTRIES = Table(
    name="log_entries",
    source="log_entries",
    fields={
        "log_source_id": column("log_source_id", TEXT),
        "instance_id": column("instance_id", TEXT),
        "timestamp": column("timestamp", DATETIME),
        "level": column("level", TEXT),
        "message": column("message", TEXT),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
)
DISTINCT_ID_OVERRIDES = Table(
    name="distinct_id_overrides",
    source="person_distinct_id_overrides FINAL",
    condition="{t}.is_deleted = 0",
    fields={
        "distinct_id": column("distinct_id", TEXT),
        "person_id": column("person_id", UUID),
    },
    hidden=True,
)
ISSUE_FINGERPRINT_OVERRIDES = Table(
    name="error_tracking_issue_fingerprint_overrides",
    source="issue_fingerprint_overrides FINAL",
    fields={
        "fingerprint": column("fingerprint", TEXT),
        "issue_id": column("issue_id", UUID),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
)
COHORT_PEOPLE = Table(
    name="cohort_people",
    source="",
    fields={
        "person_id": column("person_id", UUID),
        "cohort_id": column("cohort_id", NUMBER),
        "team_id": column("team_id", NUMBER, in_asterisk=False),
    },
    is_virtual=True,
)

TABLES = {
    table.name: table
    for table in (
        EVENTS,
        PERSONS,
        PERSON_DISTINCT_IDS,
        STATIC_COHORT_PEOPLE,
        COHORT_PEOPLE,
        GROUPS,
        SESSIONS,
        LOGS,
        APP_METRICS,
        LOG_ENTRIES,
        DISTINCT_ID_OVERRIDES,
        ISSUE_FINGERPRINT_OVERRIDES,
    )
}
PUBLIC_TABLES = {name: table for name, table in TABLES.items() if not table.hidden}
PHYSICAL_TABLES = {table.physical for table in TABLES.values() if not table.is_virtual}
