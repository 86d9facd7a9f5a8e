from error_tracking.models.external_references import ExternalReference
from error_tracking.models.issues import Fingerprint, Issue
from error_tracking.models.rate_limits import RateLimitBucket
from error_tracking.models.releases import Release, SymbolSet
from error_tracking.models.rules import Rule
from error_tracking.models.settings import ErrorTrackingSettings, SpikeDetectionConfig, SpikeEvent
from error_tracking.models.stack_frames import StackFrame

__all__ = [
    "ErrorTrackingSettings",
    "ExternalReference",
    "Fingerprint",
    "Issue",
    "RateLimitBucket",
    "Release",
    "Rule",
    "SpikeDetectionConfig",
    "SpikeEvent",
    "StackFrame",
    "SymbolSet",
]
