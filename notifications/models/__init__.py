from notifications.models.integrations import Integration

__all__ = ["Integration"]
