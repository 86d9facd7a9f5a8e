"""Whatever is asked, the answer is numbers or a 400 that says what is wrong."""

import copy
import json
import random

import pytest
from rest_framework.exceptions import APIException

from tests.insights.asking import ask, happen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("analytics")]
NODE = {"kind": "EventsNode", "event": "buy", "math": "total", "properties": []}
QUERIES = {
    "TrendsQuery": {
        "series": [NODE, {**NODE, "math": "sum", "math_property": "n"}],
        "dateRange": {"date_from": "-2d", "date_to": None, "explicitDate": False},
        "interval": "day",
        "breakdownFilter": {"breakdown": "plan", "breakdown_type": "event", "breakdown_limit": 5},
        "trendsFilter": {"display": "ActionsLineGraph", "formula": "A+B", "smoothingIntervals": 2},
        "compareFilter": {"compare": True, "compare_to": "-1w"},
        "filterTestAccounts": False,
        "properties": [{"key": "n", "operator": "gt", "value": 1, "type": "event"}],
    },
    "FunnelsQuery": {
        "series": [NODE, {**NODE, "event": "pay"}],
        "dateRange": {"date_from": "-2d"},
        "breakdownFilter": {"breakdown": "plan", "breakdown_type": "event"},
        "funnelsFilter": {
            "funnelOrderType": "ordered",
            "funnelWindowInterval": 1,
            "funnelWindowIntervalUnit": "day",
            "funnelVizType": "steps",
            "exclusions": [{**NODE, "event": "x", "funnelFromStep": 0, "funnelToStep": 1}],
        },
    },
    "RetentionQuery": {
        "dateRange": {"date_from": "-2d"},
        "breakdownFilter": {"breakdowns": [{"property": "plan", "type": "person"}]},
        "retentionFilter": {
            "period": "Day",
            "totalIntervals": 3,
            "retentionType": "retention_first_time",
            "targetEntity": {"id": "buy", "type": "events"},
            "returningEntity": {"id": None, "type": "events"},
            "minimumOccurrences": 2,
            "cumulative": False,
        },
    },
}
ODD = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, 1.5, 1e308, "", " ", "a", "0", "-1", "all"),
    *("\0", "\ud800", "%", "{x}", "{filters}", "'", "`", "a.b", "é" * 300, [], {}, [None], [[]]),
    *([{}], {"a": 1}, {"kind": "EventsNode"}, ["a", 5], "hogql", "cohort", "group", "session"),
    *("dau", "hogql", "-9999999y", "9999-12-31", "0001-01-01", "1969-07-20", "second", "month"),
    *("BoldNumber", "unordered", "time_to_convert", "count()", "{", "A/0", "1 = 1", "-7dStart"),
]


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, dict | list) else ():
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


def with_odd(query, path, value):
    query = copy.deepcopy(query)
    inner = query
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return query


@pytest.mark.parametrize("kind", QUERIES)
@pytest.mark.parametrize("seed", range(4))
def test_odd_values_anywhere(project, kind, seed):
    happen(project, *((day, {"properties": {"n": day, "plan": "x"}}) for day in range(4)))
    chance = random.Random(seed)
    paths = [path for path in places(QUERIES[kind]) if path]
    answered, failed = 0, []
    for _ in range(60):
        query = QUERIES[kind]
        for path in chance.sample(paths, chance.choice([1, 1, 2])):
            try:
                query = with_odd(query, path, chance.choice(ODD))
            except (TypeError, KeyError, IndexError):
                continue  # what the path was in has become odd itself
        try:
            json.dumps(ask(project, kind, **query), allow_nan=False)
            answered += 1
        except APIException as refused:
            if refused.status_code != 400:
                failed.append((refused, query))
    assert not failed
    assert answered


@pytest.mark.parametrize("kind", QUERIES)
def test_as_it_is(project, kind):
    assert ask(project, kind, **QUERIES[kind])["resolved_date_range"]
