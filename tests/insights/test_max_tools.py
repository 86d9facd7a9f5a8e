"""Questions in plain English over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

import clickhouse
from clickhouse import outbox
from events.storage import store
from insights.models import Insight
from persons.models import person_uuid
from posthog_clone.captured import CapturedEvent
from tests.conftest import ProjectClient
from tests.factories import PersonalAPIKeyFactory, ProjectFactory
from tests.insights.questions import BEYOND_THE_RULES, QUESTIONS
from tests.notifications.standin import Reply

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
URL = "max_tools/create_and_query_insight/"


def fail(table, row, reason):
    raise AssertionError(reason)


@pytest.fixture
def events(shop):
    """Three people sign up; two of them buy, one twice."""
    now = datetime.now(UTC)

    def event(name, person, hours, **properties):
        return CapturedEvent(
            uuid=uuid4(),
            event=name,
            distinct_id=person,
            project_id=shop.id,
            timestamp=now - timedelta(hours=hours),
            properties=properties,
            received_at=now,
            person_id=person_uuid(shop.id, person),
        )

    store(
        [
            *(event("user signed up", person, 5, plan="pro") for person in "abc"),
            event("purchase completed", "a", 3, amount=10, payment_method="PayPal"),
            event("purchase completed", "b", 2, amount=20.5, payment_method="card"),
            event("purchase completed", "b", 1, amount=30, payment_method="PayPal"),
            event("$exception", "c", 1),
        ]
    )
    outbox.deliver(fail)


def ask(api, text, insight_type="sql", query="") -> list[dict]:
    r = api.post(f"{URL}{query}", {"query": text, "insight_type": insight_type})
    assert r.status_code == 200, r.content
    assert all(item["type"] == "message" for item in r.json())
    return [item["data"] for item in r.json()]


def test_a_question_answered(api, events):
    shown, results = ask(api, "Total amount of purchases by payment method")

    assert shown | {"id": 0} == {
        "type": "ai/viz",
        "id": 0,
        "query": "Total amount of purchases by payment method",
        "plan": "Shows the sum of amount of purchase completed.\n"
        "Broken down by payment_method.\n"
        "From -30d (the question names no time).",
        "answer": {
            "kind": "HogQLQuery",
            "query": "SELECT properties.payment_method AS payment_method,"
            " sum(toFloat(properties.amount)) AS sum_amount\n"
            "FROM events\n"
            "WHERE event = 'purchase completed' AND timestamp >= now() - INTERVAL 30 DAY\n"
            "GROUP BY payment_method\nORDER BY sum_amount DESC\nLIMIT 25",
        },
    }
    assert results["type"] == "tool"
    assert results["tool_call_id"]
    assert results["content"].splitlines() == [
        "payment_method | sum_amount",
        "PayPal | 40.0",
        "card | 20.5",
    ]
    assert not Insight.objects.exists()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("How many users signed up?", ["people", "3"]),
        ("average number of purchases per user", ["average_per_person", "1.5"]),
        (
            "conversion from signup to purchase",
            ["step_1_user_signed_up | step_2_purchase_completed", "3 | 2"],
        ),
        (
            "conversion from signup to purchase by plan",
            ["plan | step_1_user_signed_up | step_2_purchase_completed", "pro | 3 | 2"],
        ),
        ("conversion from purchase to signup", None),
        ("how many new users?", ["people", "3"]),
        ("ratio of purchases to sign ups ever", None),
        ("p90 amount of purchases", None),
        ("weekly retention of users who signed up", None),
        ("monthly retention of new users", None),
        ("number of purchases with amount between 15 and 40", ["total", "2"]),
        ("purchases where payment method is paypal", None),
        ("how many purchases where payment method is paypal", ["total", "2"]),
        ("how many purchases where payment method is not card", ["total", "2"]),
        ('how many purchases where payment method contains "al"', ["total", "2"]),
        ("weekly active users", None),
        ("new users by week", None),
        ("list the latest 2 purchases", None),
        ("sessions per day", None),
        ("median amount of purchase completed by day", None),
        ("signups and purchases by plan", None),
        ("what are the most common events?", None),
        ("most active users", None),
    ],
)
def test_sql_runs(api, events, text, rows):
    shown, results = ask(api, text)
    assert results["type"] == "tool", results
    if rows:
        assert results["content"].splitlines() == rows, shown["answer"]["query"]


def test_every_answer_to_the_corpus_runs(api, events):
    for insight_type, text, expected in QUESTIONS:
        answers = ask(api, text, insight_type)
        if expected and text not in BEYOND_THE_RULES:
            assert [each["type"] for each in answers] == ["ai/viz", "tool"], (text, answers)
        else:
            assert [each["type"] for each in answers] == ["ai/failure"]


@pytest.mark.parametrize(
    ("insight_type", "text", "rows"),
    [
        ("trends", "How many users signed up?", ["series | value", "user signed up | 3"]),
        (
            "funnel",
            "signup then purchase",
            [
                "step | event | count | average_conversion_time | median_conversion_time",
                "1 | user signed up | 3 | NULL | NULL",
                "2 | purchase completed | 2 | 9000.0 | 9000.0",
            ],
        ),
    ],
)
def test_insights_run(api, events, insight_type, text, rows):
    assert ask(api, text, insight_type)[-1]["content"].splitlines() == rows


def test_retention_runs(api, events):
    found = ask(api, "weekly retention of users who signed up over 3 weeks", "retention")
    header, *cohorts = found[-1]["content"].splitlines()
    assert header == "cohort | period 0 | period 1 | period 2"
    assert len(cohorts) == 3


def test_a_line_runs(api, events):
    found = ask(api, "signups per day in the last 3 days", "trends")
    header, row = found[-1]["content"].splitlines()
    assert len(header.split(" | ")) == len(row.split(" | ")) == 5


def test_a_query_runs_as_it_is(api, events):
    shown, results = ask(api, "SELECT count() AS n FROM events WHERE event = 'user signed up'")
    assert shown["answer"]["query"].startswith("SELECT count() AS n")
    assert results["content"] == "n\n3"


def test_a_wrong_query_says_why(api, events):
    for text, reason in [("SELECT nothing FROM events", "nothing"), ("SELECT FROM WHERE (", "")]:
        [failure] = ask(api, text)
        assert failure["type"] == "ai/failure"
        assert failure["content"].startswith("The query is refused: ")
        assert reason in failure["content"]


def test_what_fails_only_when_it_runs_says_why(api, events):
    shown, failure = ask(api, "SELECT intDiv(1, count() - count()) FROM events")
    assert (shown["type"], failure["type"]) == ("ai/viz", "ai/failure")
    assert failure["content"].startswith("The query could not be run: ")


def test_english_that_starts_like_sql(api, events):
    assert ask(api, "Select the top 3 plans by signups")[-1]["content"] == "plan | total\npro | 3"


def test_sql_for_another_type(api, shop):
    [failure] = ask(api, "SELECT 1", "trends")
    assert failure["content"] == "This is a query already. Send it with insight_type `sql`."


def test_what_is_not_understood_is_said(api, shop):
    [failure] = ask(api, "Why did revenue drop?", "trends")
    assert failure["type"] == "ai/failure"
    assert failure["content"].startswith("I found no event of this project in the question. ")
    assert "“revenue”" in failure["content"]


def test_a_project_without_events_says_so(api):
    [failure] = ask(api, "How many signups?", "trends")
    assert "This project has no events yet." in failure["content"]


def test_as_an_event_stream(api, events):
    r = api.post(f"{URL}?format=txt", {"query": "How many signups?", "insight_type": "sql"})

    assert r.status_code == 200
    assert r.headers["Content-Type"] == "text/event-stream"
    blocks = r.content.decode().split("\n\n")
    assert blocks.pop() == ""
    lines = [block.split("\n") for block in blocks]
    assert [line[0] for line in lines] == ["event: message", "event: message"]
    data = [json.loads(line[1].removeprefix("data: ")) for line in lines]
    assert [item["type"] for item in data] == ["ai/viz", "tool"]


@pytest.mark.parametrize("query", ["", "?format=json", "?format=txt"])
@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "query", "required"),
        ({"query": " "}, "query", "blank"),
        ({"query": "x" * 1001, "insight_type": "sql"}, "query", "max_length"),
        ({"query": "x"}, "insight_type", "required"),
        ({"query": "x", "insight_type": "paths"}, "insight_type", "invalid_choice"),
    ],
)
def test_what_is_refused(api, query, body, attr, code):
    r = api.post(URL + query, body)
    assert (r.status_code, r.json()["attr"], r.json()["code"]) == (400, attr, code)
    assert r.headers["Content-Type"] == "application/json"


def test_another_format_is_not_found(api):
    assert api.post(f"{URL}?format=csv", {}).status_code == 404


def test_insight_read_is_enough(api_with_scopes, shop):
    body = {"query": "How many signups?", "insight_type": "sql"}
    assert api_with_scopes("insight:read").post(URL, body).status_code == 200
    r = api_with_scopes("query:read").post(URL, body)
    assert r.json()["detail"] == "API key missing required scope 'insight:read'"


def test_names_of_other_projects_are_not_known(user, shop):
    other = ProjectFactory(organization=shop.organization)
    client = ProjectClient(other, PersonalAPIKeyFactory(user=user).value)
    [failure] = ask(client, "How many signups?", "sql")
    assert "This project has no events yet." in failure["content"]


def test_while_the_store_is_away_the_client_comes_again(api, shop, monkeypatch):
    def away(*arguments, **options):
        raise clickhouse.Unavailable

    monkeypatch.setattr("insights.max.answering.kinds.answer", away)
    r = api.post(URL, {"query": "How many signups?", "insight_type": "sql"})
    assert r.status_code == 503


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "last 0 days of signups",
        "signups on February 31",
        "signups from 2026-02-01 to 2026-01-01",
        "last 9999 years of signups",
        "purchases where amount is greater than -1,000.5",
        "signups where `x` is 'it''s' \\",
        "🦔 pageviews by 🦔",
        "İstanbul signups",
        "a " * 499,
        'where where where is is "',
        "p99 p99 p99 of of",
        "by by by day day",
    ],
)
@pytest.mark.parametrize("insight_type", ["trends", "funnel", "retention", "sql"])
def test_nothing_breaks_it(api, shop, text, insight_type):
    r = api.post(URL, {"query": text, "insight_type": insight_type})
    assert r.status_code in (200, 400)


# With a language model

QUESTION = "Which of our plans do the Berliners prefer?"
PROPOSED = {"kind": "HogQLQuery", "query": "SELECT properties.plan AS plan FROM events LIMIT 1"}


@pytest.fixture
def configured(settings, outside):
    settings.MAX_MODEL_URL = outside.url("/v1")
    settings.MAX_MODEL = "small"
    settings.MAX_MODEL_KEY = "sk-1"
    return outside


def says(*contents) -> list[Reply]:
    return [
        Reply(body={"choices": [{"message": {"role": "assistant", "content": content}}]})
        for content in contents
    ]


def in_turn(outside, *replies: Reply) -> None:
    waiting = list(replies)
    outside.answer = lambda request: waiting.pop(0)


def test_nothing_goes_out_unless_a_model_is_configured(api, shop, outside):
    [failure] = ask(api, QUESTION)
    assert failure["type"] == "ai/failure"
    assert outside.received == []


def test_what_rules_understand_does_not_go_out(api, events, configured):
    assert ask(api, "How many signups?")[-1]["type"] == "tool"
    assert configured.received == []


def test_the_model_answers_the_rest(api, events, configured):
    in_turn(configured, *says(json.dumps({"plan": "Plans by use.", "query": PROPOSED})))

    shown, results = ask(api, QUESTION)

    assert (shown["plan"], shown["answer"]) == ("Plans by use.", PROPOSED)
    assert results["content"].startswith("plan\n")
    [request] = configured.received
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-1"
    body = request.json()
    assert body["model"] == "small"
    task, question = body["messages"]
    assert question == {"role": "user", "content": QUESTION}
    for part in ('"user signed up"', '"payment_method"', '"email"', '"HogQLQuery"'):
        assert part in task["content"]


def test_a_refused_query_is_sent_back_once(api, events, configured):
    wrong = {"kind": "HogQLQuery", "query": "SELECT city FROM events"}
    in_turn(
        configured,
        *says(
            json.dumps({"plan": "?", "query": wrong}),
            "```json\n" + json.dumps({"plan": "Better.", "query": PROPOSED}) + "\n```",
        ),
    )

    shown, _ = ask(api, QUESTION)

    assert shown["plan"] == "Better."
    *_, refusal = configured.received[1].json()["messages"]
    assert refusal["content"].startswith("That query is refused: Unable to resolve field: city")


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        (says(json.dumps({"plan": "Nobody knows Berliners.", "query": None})), "Nobody knows"),
        (says("Good question!"), "its answer is not JSON"),
        (says(json.dumps({"plan": "", "query": "SELECT 1"})), "its query is no object"),
        ([Reply(500)], "it answered with status 500"),
        ([Reply(body=[])], "its answer has no message"),
        ([Reply(body=b"oops")], "its answer has no message"),
        (says(*[json.dumps({"query": {"kind": "TrendsQuery"}})] * 2), "It must be HogQLQuery"),
    ],
)
def test_when_the_model_is_of_no_help(api, events, configured, replies, said):
    in_turn(configured, *replies)
    [failure] = ask(api, QUESTION)
    assert failure["type"] == "ai/failure"
    assert said in failure["content"]
    assert len(configured.received) == len(replies)


def test_a_model_on_a_private_address_has_to_be_allowed(api, shop, configured, settings):
    settings.OUTBOUND_ALLOW = []
    [failure] = ask(api, QUESTION)
    assert "OUTBOUND_ALLOW" in failure["content"]
    assert configured.received == []
