from notifications.models.destinations import Delivery, HogFunction
from notifications.models.integrations import Integration
from notifications.models.mail import Email

__all__ = ["Delivery", "Email", "HogFunction", "Integration"]
