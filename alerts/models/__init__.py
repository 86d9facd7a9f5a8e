from alerts.models.alerts import Alert, AlertCheck, AlertSubscription, Threshold
from alerts.models.logs import LogsAlert, LogsAlertEvent

__all__ = [
    "Alert",
    "AlertCheck",
    "AlertSubscription",
    "LogsAlert",
    "LogsAlertEvent",
    "Threshold",
]
