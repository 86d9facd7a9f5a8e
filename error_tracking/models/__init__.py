from error_tracking.models.issues import Fingerprint, Issue
from error_tracking.models.stack_frames import StackFrame

__all__ = ["Fingerprint", "Issue", "StackFrame"]
