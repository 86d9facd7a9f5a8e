"""The query kind RetentionQuery: who comes back after how many intervals."""

from insights.retention.answering import answer, check

__all__ = ["answer", "check"]
