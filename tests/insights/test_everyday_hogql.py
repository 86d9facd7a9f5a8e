"""Queries as people, dashboards and agents write them, on a small shop's events."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from events.models import PropertyDefinition
from persons.models import GroupType
from tests.factories import ActionFactory, CohortFactory
from tests.hogql.store import add_events, add_person, insert

ISSUE = "01913b5e-0000-7000-8000-000000000009"
MONDAY = datetime(2026, 6, 15, 12, tzinfo=UTC)
ADA = [
    ("$pageview", 0, {"$current_url": "https://x.com/p/1?utm_source=a", "tags": ["a", "b"]}),
    ("buy", 2, {"amount": 20, "items": [{"sku": "s1", "n": 2}, {"sku": "s2", "n": 1}]}),
]
BOB = [
    ("$pageview", 60, {"$current_url": "https://x.com/p/2", "odd key!": {"k": 1}}),
    ("buy", 62, {"amount": 5.5, "items": [{"sku": "s1", "n": 1}]}),
    ("$exception", 63, {"$exception_types": ["TypeError"], "$exception_fingerprint": "f"}),
]
# A query, and the rows it gives.
ANSWERS = [
    (
        "SELECT toStartOfWeek(timestamp) AS week, event, count() AS c FROM events"
        " GROUP BY week, event ORDER BY c DESC, event LIMIT 2",
        [["2026-06-14", "$pageview", 2], ["2026-06-14", "buy", 2]],
    ),
    (
        "SELECT countIf(event = 'buy') AS buys, uniq(person_id), round(buys / count(), 2),"
        " sum(properties.amount), quantiles(0, 1)(properties.amount), max(properties.amount)"
        " FROM events",
        [[2, 2, 0.4, 25.5, [5.5, 20.0], 20.0]],
    ),
    (
        "SELECT arrayJoin(JSONExtractArrayRaw(properties, 'items')) AS item,"
        " JSONExtractString(item, 'sku') AS sku, sum(JSONExtractInt(item, 'n')) OVER () AS n"
        " FROM events WHERE event = 'buy' ORDER BY sku, item LIMIT 1",
        [['{"sku":"s1","n":1}', "s1", 4]],
    ),
    (
        "SELECT properties['odd key!']['k'], properties.`odd key!`.k, properties.tags[1],"
        " extractURLParameter(properties.$current_url, 'utm_source') FROM events"
        " WHERE event = '$pageview' ORDER BY timestamp",
        [[None, None, "a", "a"], ["1", "1", None, ""]],
    ),
    (
        "WITH firsts AS (SELECT person_id, min(timestamp) AS seen FROM events GROUP BY person_id)"
        " SELECT person.properties.email AS email, dateDiff('minute', f.seen, timestamp) AS later"
        " FROM events e JOIN firsts f ON e.person_id = f.person_id WHERE event = 'buy'"
        " ORDER BY email",
        [["ada@x.com", 2], ["bob@x.com", 2]],
    ),
    (
        "SELECT argMax(event, timestamp), formatDateTime(max(timestamp), '%Y-%m-%d %H:%i')"
        " FROM events GROUP BY person_id ORDER BY 2",
        [["buy", "2026-06-15 12:02"], ["$exception", "2026-06-15 13:03"]],
    ),
    (
        "SELECT $session_id, session.$session_duration, session.$channel_type, count() FROM events"
        " GROUP BY 1, 2, 3 ORDER BY 1",
        [["ada", 120, "Organic Search", 2], ["bob", 180, "Direct", 3]],
    ),
    (
        "SELECT issue_id, properties.$exception_fingerprint, count() FROM events"
        " WHERE event = '$exception' GROUP BY 1, 2",
        [[ISSUE, "f", 1]],
    ),
    (
        "SELECT count() FROM events WHERE matchesAction('Bought') AND person_id IN COHORT 'Pros'",
        [[1]],
    ),
    (
        "SELECT countIf(matchesAction({action})) FROM events e"
        " JOIN persons p ON p.id = e.person_id",
        [[2]],
    ),
    (
        "SELECT properties.email FROM persons WHERE id IN"
        " (SELECT person_id FROM cohort_people WHERE cohort_id = {cohort})",
        [["ada@x.com"]],
    ),
    ("SELECT cohort_id = {cohort}, count() FROM cohort_people GROUP BY cohort_id", [[1, 1]]),
    ("SELECT count() FROM cohort_people WHERE cohort_id IN (-1, -2)", [[0]]),
    (
        "SELECT company.properties.name, e.company.key FROM events e WHERE event = 'buy'",
        [["Acme", "acme"], ["Acme", "acme"]],
    ),
    (
        "SELECT sparkline(groupArray(c)) FROM (SELECT event, count() AS c FROM events"
        " GROUP BY event ORDER BY event)",
        [[["__hx_tag", "Sparkline", "data", [1, 2, 2]]]],
    ),
    (
        "SELECT recordingButton($session_id) FROM events WHERE event = '$exception'",
        [[["__hx_tag", "RecordingButton", "sessionId", "bob", "recordingStatus", None]]],
    ),
    (
        "SELECT string_agg(DISTINCT event, ', '), every(properties.amount > 5),"
        " json_agg(properties.amount) FILTER (WHERE properties.amount > 10)"
        " FROM events WHERE event = 'buy'",
        [["buy", True, "[20]"]],
    ),
    (
        "SELECT elements_chain_ids, elements_chain_elements, elements_chain_texts FROM events"
        " WHERE event = '$pageview' AND distinct_id = 'ada'",
        [[["buy"], ["button"], ["Buy now"]]],
    ),
    (
        "SELECT $virt_initial_channel_type, $virt_initial_referring_domain_type FROM persons"
        " ORDER BY properties.email",
        [["Paid Social", "Social"], ["Unknown", ""]],
    ),
    (
        "SELECT sum(toFloatOrZero(properties.amount)), max(toIntOrNull(properties.amount)),"
        " any(toUUIDOrNull(issue_id)) FROM events",
        [[25.5, 20, ISSUE]],
    ),
    ("SELECT fingerprint FROM error_tracking_issue_fingerprint_overrides", []),
]
# A query, and what is said of it.
MISTAKES = [
    ("SELECT matchesAction('Nope') FROM events", "Could not find an action with the name"),
    ("SELECT matchesAction(event) FROM events", "expects the id or the name of an action"),
    ("SELECT matchesAction('Bought')", "needs events in FROM"),
    ("SELECT company.nope FROM events", "Unable to resolve field: group_0.nope"),
    ("SELECT companies.properties.name FROM events", "Unable to resolve field: companies"),
    ("SELECT sparkline() FROM events", "expects 1 or 2 arguments, found 0"),
    ("SELECT countif(1) FROM events", "Perhaps you meant 'countIf(...)'?"),
    ("SELECT matchAction(1) FROM events", "Perhaps you meant 'matchesAction(...)'?"),
]


@pytest.fixture
def shop(analytics, project):
    """What the queries name by {name}."""
    GroupType.objects.create(project=project, name="company", index=0)
    PropertyDefinition.objects.create(
        project=project, name="amount", type="event", property_type="Numeric"
    )
    group = {"team_id": project.id, "type_index": 0, "key": "acme", "version": 1}
    insert("groups", [group | {"properties": json.dumps({"name": "Acme"})}])
    arrived = {"$initial_fbclid": "1", "$initial_utm_medium": "cpc"}
    arrived |= {"$initial_referring_domain": "l.facebook.com"}
    add_person(project.id, "ada", properties={"email": "ada@x.com", "plan": "pro", **arrived})
    add_person(project.id, "bob", properties={"email": "bob@x.com"})
    chain = 'button:text="Buy now"attr_id="buy"nth-child="1";div:nth-child="2"'
    for user, events, domain in (("ada", ADA, "www.google.co.uk"), ("bob", BOB, "$direct")):
        add_events(
            project.id,
            *(
                {
                    "event": event,
                    "distinct_id": user,
                    "time": MONDAY + timedelta(minutes=minutes),
                    "properties": {"$session_id": user, "$referring_domain": domain, **properties},
                    "elements_chain": chain if event == "$pageview" else "",
                    "group_0": "acme",
                    "issue_id": ISSUE if event == "$exception" else None,
                }
                for event, minutes, properties in events
            ),
        )
    steps = [{"event": "buy"}]
    is_pro = {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact"}
    pros = {"properties": {"type": "AND", "values": [{"type": "AND", "values": [is_pro]}]}}
    return {
        "action": ActionFactory(project=project, name="Bought", steps=steps).id,
        "cohort": CohortFactory(project=project, name="Pros", filters=pros).id,
    }


def test_everyday_queries_are_answered_and_mistakes_explained(ask, shop):
    """In one test: they share the events."""
    for query, rows in ANSWERS:
        text = query.replace("{action}", str(shop["action"])).replace(
            "{cohort}", str(shop["cohort"])
        )
        r = ask(text)
        assert (r.status_code, r.json().get("results")) == (200, rows), (text, r.json())
    for query, message in MISTAKES:
        r = ask(query)
        assert (r.status_code, message in r.json()["detail"]) == (400, True), (query, r.json())


def test_an_action_that_matches_itself_is_refused(ask, analytics, project):
    loop = [{"event": "buy", "properties": [{"key": "matchesAction('Loop')", "type": "hogql"}]}]
    ActionFactory(project=project, name="Loop", steps=loop)
    r = ask("SELECT count() FROM events WHERE matchesAction('Loop')")
    assert (r.status_code, r.json()["detail"]) == (
        400,
        "Actions cannot reference other actions in a loop.",
    )


def test_cohort_people_asks_for_few_cohorts_at_once(ask, analytics, project):
    plan = {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact"}
    pros = {"properties": {"type": "AND", "values": [{"type": "AND", "values": [plan]}]}}
    cohorts = CohortFactory.create_batch(21, project=project, filters=pros)
    r = ask("SELECT count() FROM cohort_people")
    assert r.status_code == 400
    assert "ask for at most 20 by their ids" in r.json()["detail"]
    wanted = f"cohort_id = {cohorts[0].id}"
    assert ask(f"SELECT count() FROM cohort_people WHERE {wanted}").json()["results"] == [[0]]
