"""Functions that stand for other HogQL, and which no store knows."""

from collections.abc import Callable
from dataclasses import replace

from hogql import ast
from hogql.errors import QueryError

Macro = Callable[[ast.Call], ast.Expr]
TAG = ast.Constant("__hx_tag")
RECORDING_STATUS = ast.Field(["properties", "$recording_status"])


def expanded(call: ast.Call) -> ast.Expr | None:
    """What the call stands for; None when it is a function like others.

    Raises QueryError for a wrong number of arguments.
    """
    known = MACROS.get(call.name.lower())
    if known is None:
        return None
    counts, macro = known
    if len(call.args) not in counts:
        expected = " or ".join(map(str, counts))
        raise QueryError(
            f"Function '{call.name}' expects {expected} arguments, found {len(call.args)}",
            node=call,
        )
    return macro(call)


def sparkline(call: ast.Call) -> ast.Expr:
    """What PostHog's interface draws as a small graph; others read the list in it."""
    parts = [TAG, ast.Constant("Sparkline"), ast.Constant("data"), call.args[0]]
    if len(call.args) > 1:
        parts += [ast.Constant("labels"), call.args[1]]
    return ast.Tuple(parts)


def recording_button(call: ast.Call) -> ast.Expr:
    status = call.args[1] if len(call.args) > 1 else RECORDING_STATUS
    names = (ast.Constant(name) for name in ("RecordingButton", "sessionId", "recordingStatus"))
    tag, session, shown = names
    return ast.Tuple([TAG, tag, session, call.args[0], shown, status])


def aggregated(call: ast.Call, name: str) -> ast.Call:
    """Another aggregation of the first argument, with the call's DISTINCT and FILTER."""
    return replace(call, name=name, args=call.args[:1])


def string_agg(call: ast.Call) -> ast.Expr:
    return ast.Call("arrayStringConcat", [aggregated(call, "groupArray"), *call.args[1:]])


def json_agg(call: ast.Call) -> ast.Expr:
    return ast.Call("toJSONString", [aggregated(call, "groupArray")])


def every(call: ast.Call) -> ast.Expr:
    return ast.Call("toBool", [aggregated(call, "min")])


def date_bin(call: ast.Call) -> ast.Expr:
    interval, time, origin = call.args
    return ast.Call("toStartOfInterval", [time, interval, origin])


def in_timezone(call: ast.Call) -> ast.Expr:
    zone, time = call.args
    return ast.Call("toTimeZone", [time, zone])


MACROS: dict[str, tuple[tuple[int, ...], Macro]] = {
    "sparkline": ((1, 2), sparkline),
    "recordingbutton": ((1, 2), recording_button),
    "string_agg": ((2,), string_agg),
    "json_agg": ((1,), json_agg),
    "every": ((1,), every),
    "date_bin": ((3,), date_bin),
    "timezone": ((2,), in_timezone),
}
"""In lower case → numbers of arguments, and what writes it."""
