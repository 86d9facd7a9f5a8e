"""The query kind TrendsQuery: numbers over time, or one number, of some series of events."""

from insights.trends.answering import answer, check

__all__ = ["answer", "check"]
