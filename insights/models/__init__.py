from insights.models.exports import Export
from insights.models.insights import Insight
from insights.models.queries import CachedResult, QueryRun

__all__ = ["CachedResult", "Export", "Insight", "QueryRun"]
