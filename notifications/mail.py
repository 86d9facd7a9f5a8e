"""E-mails that arrive once, also after a crash.

`send_once` writes the e-mail in the transaction of its cause; the delivery loop sends it. One whose
sender was killed in the middle is sent again with the same Message-ID.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from notifications.models import Email
from projects.defaults import NOTIFICATIONS
from projects.models import User

logger = logging.getLogger(__name__)

AT_ONCE = 10
GATHERED_FOR = timedelta(minutes=1)
MAX_GATHERED = 100_000
"""Characters; what comes after them is not listed."""
PREFERENCES = "notification_settings"


def send_once(key: str, recipient: str, subject: str, text: str, html: str = "") -> bool:
    """Send an e-mail soon, unless the recipient has had one of this key; tells whether it will be.

    Call it in the transaction of the cause.
    """
    _, is_new = Email.objects.get_or_create(
        key=key,
        recipient=recipient,
        defaults={"subject": one_line(subject), "text": text, "html": html},
    )
    return is_new


def email(key: str, recipient: str, subject: str, text: str, html: str = "") -> Email:
    """For `send_each_once`."""
    return Email(key=key, recipient=recipient, subject=one_line(subject), text=text, html=html)


def send_each_once(emails: Iterable[Email]) -> None:
    """As `send_once`, at the cost of one."""
    Email.objects.bulk_create(emails, ignore_conflicts=True)


def gather(
    topic: str, recipient: str, subject: str, subject_of_many: str, text: str, now: datetime
) -> None:
    """Send what comes up on a topic within a minute as one e-mail, when the minute is over.

    Call it in the transaction of the cause.
    """
    minute = now.replace(second=0, microsecond=0)
    while not gathered(minute, topic, recipient, subject, subject_of_many, text):
        minute += GATHERED_FOR  # the e-mail of this one is on its way already


def gathered(
    minute: datetime, topic: str, recipient: str, subject: str, subject_of_many: str, text: str
) -> bool:
    email, is_new = Email.objects.get_or_create(
        key=f"{topic}:{minute:%Y%m%d%H%M}",
        recipient=recipient,
        defaults={
            "subject": one_line(subject),
            "text": text,
            "next_attempt_at": minute + GATHERED_FOR,
        },
    )
    if is_new:
        return True
    untried = Email.objects.filter(state=Email.State.PENDING, attempts=0)
    email = untried.select_for_update().filter(pk=email.pk).first()
    if email is None:
        return False
    email.subject = one_line(subject_of_many)
    if len(email.text) < MAX_GATHERED:
        email.text += f"\n{text}"
    email.save(update_fields=["subject", "text"])
    return True


def one_line(subject: str) -> str:
    return " ".join(subject.split())[:500]  # a line break would start another header


def wants(user: User, kind: str) -> bool:
    """Whether the user's notification settings let e-mails of this kind through."""
    chosen = (user.preferences.get(PREFERENCES) or {}).get(kind)
    wanted = chosen if isinstance(chosen, bool) else NOTIFICATIONS.get(kind, True)
    return user.is_active and wanted


def send_due(now: datetime) -> int:
    """Send the e-mails that are due, side by side; returns how many attempts were made."""
    claimed = Email.objects.claim(now, AT_ONCE)
    if claimed:
        with ThreadPoolExecutor(len(claimed), thread_name_prefix="mail") as pool:
            for email, error in zip(claimed, pool.map(send, claimed), strict=True):
                finish(email, error, now)
    return len(claimed)


def send(email: Email) -> str | None:
    """What went wrong, if anything. Touches no database: it runs in a thread."""
    try:
        message_of(email).send()
    except Exception as error:  # whatever a mail backend or server comes up with
        logger.warning("E-mail %s could not be sent: %r", email.id, error)
        return str(error) or type(error).__name__
    return None


def finish(email: Email, error: str | None, now: datetime) -> None:
    if error is None:
        email.settle(Email.State.SENT, now)
    elif email.may_retry:
        email.retry_later(now, error)
    else:
        email.settle(Email.State.FAILED, now, error)


def message_of(email: Email) -> EmailMultiAlternatives:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.text,
        to=[email.recipient],
        headers={"Message-ID": f"<{email.id}@{domain}>"},
    )
    if email.html:
        message.attach_alternative(email.html, "text/html")
    return message


@transaction.atomic
def prune(before: datetime, at_most: int) -> int:
    old = Email.objects.filter(finished_at__lt=before).values_list("id", flat=True)
    return Email.objects.filter(id__in=list(old[:at_most])).delete()[0]
