"""The last checks of an alert against its bounds, as a small drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from alerts.comparing import LARGEST
from alerts.models import AlertCheck
from alerts.models.alerts import State

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 28
COLORS = {
    State.FIRING: "#dc2626",
    State.NOT_FIRING: "#16a34a",
    State.ERRORED: "#f59e0b",
    State.SNOOZED: "#94a3b8",
}


@dataclass(frozen=True)
class Scale:
    """From values to the drawing's coordinates."""

    low: float
    high: float
    count: int

    def x(self, index: int) -> float:
        room = WIDTH - LEFT - RIGHT
        return round(LEFT + room * (index / (self.count - 1) if self.count > 1 else 0.5), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def draw(checks: Sequence[AlertCheck], lower: float | None, upper: float | None) -> SafeString:
    """Checks are given oldest first. Those without a value stand at the bottom."""
    if not checks:
        return format_html("<p>{}</p>", "No checks yet.")
    values = [check.calculated_value for check in checks]
    scale = scale_of([value for value in values if is_finite(value)], lower, upper, len(checks))
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="The last checks against the bounds"'
        ' style="width:100%;max-width:{}px;height:auto;font-size:11px" fill="currentColor">'
        "{}{}{}{}{}</svg>{}",
        *(WIDTH, HEIGHT, WIDTH),
        axis(scale, checks),
        bound(scale, lower, "lower"),
        bound(scale, upper, "upper"),
        line(scale, values),
        dots(scale, checks),
        legend(),
    )


def is_finite(value: float | None) -> bool:
    return value is not None and abs(value) < LARGEST


def scale_of(
    values: Sequence[float], lower: float | None, upper: float | None, count: int
) -> Scale:
    shown = [*values, *(bound for bound in (lower, upper) if bound is not None)] or [0.0]
    low, high = min(shown), max(shown)
    room = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    return Scale(low - room, high + room, count)


def axis(scale: Scale, checks: Sequence[AlertCheck]) -> SafeString:
    bottom = HEIGHT - BOTTOM
    ends = [(LEFT, "start", checks[0])]
    if len(checks) > 1:
        ends.append((WIDTH - RIGHT, "end", checks[-1]))
    times = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="{}" opacity=".7">{} UTC</text>',
        ((x, HEIGHT - 8, side, f"{check.created_at:%Y-%m-%d %H:%M}") for x, side, check in ends),
    )
    numbers = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="end" opacity=".7">{}</text>',
        ((LEFT - 8, scale.y(value) + 4, f"{value:.4g}") for value in (scale.low, scale.high)),
    )
    return format_html(
        '<path d="M{} {}V{}H{}" stroke="currentColor" opacity=".3" fill="none"/>{}{}',
        *(LEFT, TOP, bottom, WIDTH - RIGHT),
        times,
        numbers,
    )


def bound(scale: Scale, value: float | None, name: str) -> SafeString | str:
    if value is None:
        return ""
    y = scale.y(value)
    return format_html(
        '<path d="M{} {}H{}" stroke="#dc2626" stroke-dasharray="5 4" opacity=".8"/>'
        '<text x="{}" y="{}" text-anchor="end" fill="#dc2626">{} {}</text>',
        *(LEFT, y, WIDTH - RIGHT),
        *(WIDTH - RIGHT, y - 4, name, f"{value:.6g}"),
    )


def line(scale: Scale, values: Sequence[float | None]) -> SafeString:
    points = [
        f"{scale.x(index)},{scale.y(value)}"
        for index, value in enumerate(values)
        if value is not None
    ]
    return format_html(
        '<polyline points="{}" fill="none" stroke="#3b82f6" stroke-width="1.5"/>', " ".join(points)
    )


def dots(scale: Scale, checks: Sequence[AlertCheck]) -> SafeString:
    def place(index: int, check: AlertCheck) -> tuple:
        value = check.calculated_value
        y = HEIGHT - BOTTOM if value is None else scale.y(value)
        what = "no value" if value is None else f"{value:.6g}"
        title = f"{check.created_at:%Y-%m-%d %H:%M}: {what}, {check.state}"
        return scale.x(index), y, COLORS[State(check.state)], title

    return format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="3.5" fill="{}"><title>{}</title></circle>',
        (place(index, check) for index, check in enumerate(checks)),
    )


def legend() -> SafeString:
    names = format_html_join(
        "",
        '<span style="margin-right:16px;white-space:nowrap"><span style="color:{}">●</span> {}'
        "</span>",
        ((color, state.value) for state, color in COLORS.items()),
    )
    return format_html('<div style="font-size:12px">{}</div>', names)
