"""The query kind FunnelsQuery: how many get from step to step, and how long that takes them."""

from insights.funnels.answering import answer, check

__all__ = ["answer", "check"]
