"""E-mails on their way: each once to each recipient."""

from datetime import timedelta

from django.db import models

from notifications.models.outbound import Outbound


class Email(Outbound):
    LEASE = timedelta(minutes=2)

    key = models.CharField(max_length=200)
    """What the e-mail is about; of one key, a recipient gets one."""
    recipient = models.EmailField()
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField(blank=True, default="")

    class Meta(Outbound.Meta):
        verbose_name = "e-mail"
        constraints = [models.UniqueConstraint(fields=["key", "recipient"], name="one_email_each")]

    def __str__(self):
        return f"{self.subject} to {self.recipient}"
