"""Everyday questions about a web shop with software in it, and the queries that answer them.

None is for a question that no query of its kind answers. Now is Wednesday, 18 November 2026, noon.
"""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
EVENTS = [
    "$pageview",
    "$pageleave",
    "$autocapture",
    "$identify",
    "$exception",
    "user signed up",
    "user logged in",
    "product added to cart",
    "checkout started",
    "purchase completed",
    "subscription_cancelled",
    "trial_started",
    "video played",
    "file uploaded",
    "invite sent",
    "search performed",
    "feedback submitted",
    "onboarding completed",
    "report exported",
    "api_request",
]
EVENT_PROPERTIES = [
    "$browser",
    "$browser_version",
    "$os",
    "$device_type",
    "$geoip_country_name",
    "$geoip_country_code",
    "$geoip_city_name",
    "$current_url",
    "$pathname",
    "$host",
    "$referring_domain",
    "$exception_types",
    "$lib",
    "$session_id",
    "utm_source",
    "utm_campaign",
    "amount",
    "plan",
    "currency",
    "category",
    "duration_ms",
    "status_code",
    "query",
    "file_type",
    "payment_method",
]
PERSON_PROPERTIES = ["email", "company", "role", "$initial_referring_domain"]

Query = dict[str, Any]
MONTH = "-30d"
PAGE, SIGNUP, BUY = "$pageview", "user signed up", "purchase completed"
CHECKOUT, ERROR = "checkout started", "$exception"


def node(event: str | None, **more) -> Query:
    return {"kind": "EventsNode", "event": event, "name": event or "All events", **more}


def where(*filters: tuple) -> list[Query]:
    """Of (key, value), (key, operator, value) or (key, operator, value, type)."""
    found = []
    for key, *rest in filters:
        operator, value, type = {
            1: ("exact", *rest, "event"),
            2: (*rest, "event"),
            3: tuple(rest),
        }[len(rest)]
        found.append({"key": key, "type": type, "operator": operator, "value": value})
    return found


def dates(since: str, until: str | None = None) -> Query:
    return {"date_from": since} | ({"date_to": until} if until else {})


def number(event: str | None, since: str = MONTH, until=None, *, math="total", filters=()) -> Query:
    """One figure over the whole time."""
    return {
        "kind": "TrendsQuery",
        "series": [math_of(event, math)],
        "dateRange": dates(since, until),
        **({"properties": where(*filters)} if filters else {}),
        "trendsFilter": {"display": "BoldNumber"},
    }


def math_of(event: str | None, math: str | tuple[str, str]) -> Query:
    if isinstance(math, tuple):
        return node(event, math=math[0], math_property=math[1])
    return node(event, math=math)


def line(
    event, interval: str, since: str = MONTH, until=None, *, math="total", filters=(), **more
) -> Query:
    """Points over time, of one event or of several."""
    events = event if isinstance(event, list) else [event]
    return {
        "kind": "TrendsQuery",
        "series": [math_of(each, math) for each in events],
        "dateRange": dates(since, until),
        **({"properties": where(*filters)} if filters else {}),
        "interval": interval,
        **more,
    }


def by(
    event, key: str, since: str = MONTH, until=None, *, limit=None, math="total", filters=()
) -> Query:
    """A bar for each value."""
    return {
        "kind": "TrendsQuery",
        "series": [math_of(event, math)],
        "dateRange": dates(since, until),
        **({"properties": where(*filters)} if filters else {}),
        "breakdownFilter": breakdown(key, limit),
        "trendsFilter": {"display": "ActionsBarValue"},
    }


def breakdown(key: str, limit=None) -> Query:
    is_expression = key in ("event", "person.properties.email")
    found = {"breakdown": key, "breakdown_type": "hogql" if is_expression else "event"}
    return found | ({"breakdown_limit": limit} if limit else {})


def funnel(*steps, since=MONTH, until=None, filters=(), key=None, interval=None, **view) -> Query:
    """A step is an event, or one with its filters."""
    series = [
        node(step[0], properties=where(*step[1:])) if isinstance(step, tuple) else node(step)
        for step in steps
    ]
    return {
        "kind": "FunnelsQuery",
        "series": series,
        "dateRange": dates(since, until),
        **({"properties": where(*filters)} if filters else {}),
        "funnelsFilter": {"funnelVizType": "steps", **view},
        **({"breakdownFilter": breakdown(key)} if key else {}),
        **({"interval": interval} if interval else {}),
    }


def retention(first, second, period="Week", periods=8, *, filters=(), first_time=False) -> Query:
    def entity(event):
        return {"id": event, "name": event or "All events", "type": "events"}

    return {
        "kind": "RetentionQuery",
        "retentionFilter": {
            "targetEntity": entity(first),
            "returningEntity": entity(second),
            "period": period,
            "totalIntervals": periods,
            "retentionType": "retention_first_time" if first_time else "retention_recurring",
        },
        **({"properties": where(*filters)} if filters else {}),
    }


def sql(*lines: str) -> Query:
    return {"kind": "HogQLQuery", "query": "\n".join(lines)}


LAST_MONTH = ("-1mStart", "-1mEnd")
OF_30_DAYS = "timestamp >= now() - INTERVAL 30 DAY"
GERMANY = ("$geoip_country_name", "Germany")
MOBILE = ("$device_type", "Mobile")

# Questions that have an answer which the rules don't find; they say so.
BEYOND_THE_RULES = {
    "how many purchases were made with PayPal?",
    "sign-ups from the Google ads campaign",
}
QUESTIONS: list[tuple[str, str, Query | None]] = [
    # Numbers
    ("trends", "How many pageviews did we have in the last 7 days?", number(PAGE, "-7d")),
    (
        "trends",
        "How many users signed up last month?",
        number(SIGNUP, *LAST_MONTH, math="dau"),
    ),
    ("trends", "How many exceptions yesterday?", number(ERROR, "-1dStart", "-1dEnd")),
    ("trends", "How many users logged in today", number("user logged in", "dStart", math="dau")),
    (
        "trends",
        "Sum of amount for purchase completed in Q3",
        number(BUY, "2026-07-01", "2026-09-30", math=("sum", "amount")),
    ),
    (
        "trends",
        "what was the average amount of purchases this year?",
        number(BUY, "yStart", math=("avg", "amount")),
    ),
    (
        "trends",
        "How many trials were started between 2026-01-01 and 2026-03-31?",
        number("trial_started", "2026-01-01", "2026-03-31"),
    ),
    (
        "trends",
        "average number of searches per user this month",
        number("search performed", "mStart", math="avg_count_per_actor"),
    ),
    (
        "trends",
        "How many users cancelled their subscription since July 4th?",
        number("subscription_cancelled", "2026-07-04", math="dau"),
    ),
    (
        "trends",
        "How many people visited /pricing yesterday",
        number(PAGE, "-1dStart", "-1dEnd", math="dau", filters=[("$pathname", "/pricing")]),
    ),
    (
        "trends",
        "Unique visitors on the pricing page in the last 30 days",
        number(PAGE, "-30d", math="dau", filters=[("$pathname", "icontains", "pricing")]),
    ),
    (
        "trends",
        "how many mobile users yesterday",
        number(None, "-1dStart", "-1dEnd", math="dau", filters=[MOBILE]),
    ),
    (
        "trends",
        "How many times was a report exported in the last 3 days?",
        number("report exported", "-3d"),
    ),
    (
        "trends",
        "number of purchases with amount between 10 and 20",
        number(BUY, filters=[("amount", "between", [10, 20])]),
    ),
    (
        "trends",
        "how many invites did people send on November 3?",
        number("invite sent", "2026-11-03", "2026-11-03"),
    ),
    # Over time
    (
        "trends",
        "Show me daily active users over the last 30 days",
        line(None, "day", "-30d", math="dau"),
    ),
    ("trends", "weekly active users this year", line(None, "week", "yStart", math="weekly_active")),
    (
        "trends",
        "Total amount of purchases per week since September",
        line(BUY, "week", "2026-09-01", math=("sum", "amount")),
    ),
    (
        "trends",
        "What is the median duration of api requests today, by hour?",
        line("api_request", "hour", "dStart", math=("median", "duration_ms")),
    ),
    (
        "trends",
        "p95 duration_ms of api_request per hour in the last 24 hours",
        line("api_request", "hour", "-24h", math=("p95", "duration_ms")),
    ),
    (
        "trends",
        "Errors per day this week compared to last week",
        line(ERROR, "day", "wStart", compareFilter={"compare": True, "compare_to": "-1w"}),
    ),
    (
        "trends",
        "Signups vs purchases by month in 2025",
        line([SIGNUP, BUY], "month", "2025-01-01", "2025-12-31"),
    ),
    ("trends", "Number of sessions per day", line(None, "day", math="unique_session")),
    ("trends", "sign ups and purchases per day", line([SIGNUP, BUY], "day")),
    (
        "trends",
        "New users by week for the last 3 months",
        line(None, "week", "-3m", math="first_time_for_user"),
    ),
    (
        "trends",
        "Ratio of purchases to checkouts started by week",
        line([BUY, CHECKOUT], "week", trendsFilter={"formula": "A/B"}),
    ),
    (
        "trends",
        "Purchases where plan is pro and amount is greater than 100",
        line(BUY, "day", filters=[("plan", "pro"), ("amount", "gt", 100)]),
    ),
    (
        "trends",
        "Pageviews on mobile from Germany last week",
        line(PAGE, "day", "-1wStart", "-1wEnd", filters=[MOBILE, GERMANY]),
    ),
    (
        "trends",
        "pageviews on Chrome or Firefox by day",
        line(PAGE, "day", filters=[("$browser", ["Chrome", "Firefox"])]),
    ),
    ("trends", "feedbak submitted last 10 days", line("feedback submitted", "day", "-10d")),
    (
        "trends",
        "file uploads by file type over time",
        line("file uploaded", "day", breakdownFilter=breakdown("file_type")),
    ),
    # By something
    ("trends", "Pageviews by browser in the last 14 days", by(PAGE, "$browser", "-14d")),
    (
        "trends",
        "What are the top 5 countries by signups this month?",
        by(SIGNUP, "$geoip_country_name", "mStart", limit=5),
    ),
    (
        "trends",
        "Average amount of purchase completed by plan",
        by(BUY, "plan", math=("avg", "amount")),
    ),
    ("trends", "Which browsers are used the most?", by(PAGE, "$browser")),
    ("trends", "Most visited pages in the past week", by(PAGE, "$pathname", "-1w")),
    (
        "trends",
        "Video plays by country, excluding the US",
        by(
            "video played",
            "$geoip_country_name",
            filters=[("$geoip_country_name", "is_not", "United States")],
        ),
    ),
    (
        "trends",
        "Mobile vs desktop pageviews",
        by(PAGE, "$device_type", filters=[("$device_type", ["Mobile", "Desktop"])]),
    ),
    ("trends", "exceptions by exception type", by(ERROR, "$exception_types")),
    # Beyond the rules, or beyond trends
    (
        "trends",
        "how many purchases were made with PayPal?",
        number(BUY, filters=[("payment_method", "PayPal")]),
    ),
    (
        "trends",
        "sign-ups from the Google ads campaign",
        line(SIGNUP, "day", filters=[("utm_campaign", "Google ads")]),
    ),
    ("trends", "Why did revenue drop?", None),
    ("trends", "predict signups next month", None),
    ("trends", "users who never purchased", None),
    ("trends", "What is the signup funnel?", None),
    # Funnels
    ("funnel", "From pageview to signup to purchase", funnel(PAGE, SIGNUP, BUY)),
    (
        "funnel",
        "What is the conversion rate from checkout started to purchase completed in the last 14 "
        "days?",
        funnel(CHECKOUT, BUY, since="-14d"),
    ),
    (
        "funnel",
        "Users who view the pricing page and then sign up, within 7 days",
        funnel(
            (PAGE, ("$pathname", "icontains", "pricing")),
            SIGNUP,
            funnelWindowInterval=7,
            funnelWindowIntervalUnit="day",
        ),
    ),
    (
        "funnel",
        "How long does it take from signup to first purchase?",
        funnel(SIGNUP, BUY, funnelVizType="time_to_convert"),
    ),
    ("funnel", "How many users purchase after signing up?", funnel(SIGNUP, BUY)),
    (
        "funnel",
        "Drop-off between checkout started and purchase completed on mobile last month",
        funnel(CHECKOUT, BUY, since="-1mStart", until="-1mEnd", filters=[MOBILE]),
    ),
    (
        "funnel",
        "sign up → onboarding completed → purchase, broken down by plan",
        funnel(SIGNUP, "onboarding completed", BUY, key="plan"),
    ),
    (
        "funnel",
        "percentage of users who add a product to the cart, start checkout and complete a purchase "
        "this month",
        funnel("product added to cart", CHECKOUT, BUY, since="mStart"),
    ),
    ("funnel", "signup", None),
    # Retention
    ("retention", "What is our weekly retention?", retention(None, None)),
    (
        "retention",
        "Do users who signed up come back? by week over the last 8 weeks",
        retention(SIGNUP, None),
    ),
    (
        "retention",
        "day 7 retention of new users",
        retention(None, None, "Day", 8, first_time=True),
    ),
    (
        "retention",
        "users who purchase again by month over the last 6 months",
        retention(BUY, BUY, "Month", 6),
    ),
    (
        "retention",
        "How many people who signed up return to upload a file?",
        retention(SIGNUP, "file uploaded"),
    ),
    (
        "retention",
        "How well do we retain users from Germany week over week?",
        retention(None, None, filters=[GERMANY]),
    ),
    ("retention", "What is our churn rate?", None),
    # SQL
    (
        "sql",
        "How many pageviews were there in the last 24 hours?",
        sql(
            "SELECT count() AS total",
            "FROM events",
            "WHERE event = '$pageview' AND timestamp >= now() - INTERVAL 24 HOUR",
        ),
    ),
    (
        "sql",
        "Daily signups in the last 2 weeks",
        sql(
            "SELECT toStartOfDay(timestamp) AS day, count() AS total",
            "FROM events",
            "WHERE event = 'user signed up' AND timestamp >= now() - INTERVAL 2 WEEK",
            "GROUP BY day",
            "ORDER BY day",
            "LIMIT 10000",
        ),
    ),
    (
        "sql",
        "Top 10 pages by unique visitors this week",
        sql(
            "SELECT properties.$pathname AS pathname, uniq(person_id) AS people",
            "FROM events",
            "WHERE event = '$pageview' AND timestamp >= toStartOfWeek(now())",
            "GROUP BY pathname",
            "ORDER BY people DESC",
            "LIMIT 10",
        ),
    ),
    (
        "sql",
        "Show me the latest 20 exceptions",
        sql(
            "SELECT timestamp, event, distinct_id, properties",
            "FROM events",
            f"WHERE event = '$exception' AND {OF_30_DAYS}",
            "ORDER BY timestamp DESC",
            "LIMIT 20",
        ),
    ),
    (
        "sql",
        "Which users made the most purchases last month?",
        sql(
            "SELECT person.properties.email AS email, count() AS total",
            "FROM events",
            "WHERE event = 'purchase completed' AND timestamp >= toStartOfMonth(now()) - INTERVAL"
            " 1 MONTH AND timestamp < toStartOfMonth(now())",
            "GROUP BY email",
            "ORDER BY total DESC",
            "LIMIT 25",
        ),
    ),
    (
        "sql",
        "Total amount of purchases by payment method this year",
        sql(
            "SELECT properties.payment_method AS payment_method, sum(toFloat(properties.amount)) AS"
            " sum_amount",
            "FROM events",
            "WHERE event = 'purchase completed' AND timestamp >= toStartOfYear(now())",
            "GROUP BY payment_method",
            "ORDER BY sum_amount DESC",
            "LIMIT 25",
        ),
    ),
    (
        "sql",
        'Number of searches where query contains "invoice"',
        sql(
            "SELECT count() AS total",
            "FROM events",
            "WHERE event = 'search performed' AND properties.query ILIKE '%invoice%' AND "
            + OF_30_DAYS,
        ),
    ),
    (
        "sql",
        "How many purchases did ada@example.com make?",
        sql(
            "SELECT count() AS total",
            "FROM events",
            "WHERE event = 'purchase completed' AND person.properties.email = 'ada@example.com'"
            f" AND {OF_30_DAYS}",
        ),
    ),
    (
        "sql",
        "conversion from trial started to purchase within 14 days",
        sql(
            "SELECT countIf(step >= 1) AS step_1_trial_started,"
            " countIf(step >= 2) AS step_2_purchase_completed",
            "FROM (",
            "    SELECT person_id, windowFunnel(1209600)(toDateTime(timestamp),"
            " event = 'trial_started', event = 'purchase completed') AS step",
            "    FROM events",
            f"    WHERE event IN ('purchase completed', 'trial_started') AND {OF_30_DAYS}",
            "    GROUP BY person_id",
            ")",
        ),
    ),
    (
        "sql",
        "what are the most common events?",
        sql(
            "SELECT event AS event, count() AS total",
            "FROM events",
            f"WHERE {OF_30_DAYS}",
            "GROUP BY event",
            "ORDER BY total DESC",
            "LIMIT 25",
        ),
    ),
    (
        "sql",
        "SELECT event, count() FROM events GROUP BY event",
        sql("SELECT event, count() FROM events GROUP BY event"),
    ),
    ("sql", "delete all events", None),
    ("sql", "What is the airspeed velocity of an unladen swallow?", None),
]
