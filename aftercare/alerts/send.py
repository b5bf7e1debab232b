"""Sending what the staff are to be told.

Note [At least once]
    A patient's message is rather in doubt than sent twice. This one is rather sent twice: the row
    stays locked during the call, so that no other worker sends it, and a worker that dies leaves
    it waiting. The next one sends it again under the same key, which a provider that
    de-duplicates takes for the same message.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from aftercare.alerts.escalate import escalate
from aftercare.channels import Channels, Refused, Unknown
from aftercare.channels.blame import Blame
from aftercare.dispatch import guard
from aftercare.models import StaffAlert
from aftercare.texts import gsm7
from aftercare.texts.render import Outgoing
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from patients.models import Channel, TaskStatus

logger = logging.getLogger(__name__)

MAX_SECONDS = 12.0
AGAIN = [timedelta(seconds=s) for s in (15, 60, 300, 900)]


def tell_staff(*, clock: Callable[[], datetime]) -> None:
    """Escalate what nobody is on, and send what waits; bounded, so that a worker can stop."""
    if guard.check():
        return  # a copy of the database; `send_due_messages` says so
    ends = monotonic() + MAX_SECONDS
    escalate(at=clock())
    with Channels() as channels:
        while monotonic() < ends and _send_one(clock(), channels):
            pass


def _send_one(at: datetime, channels: Channels) -> bool:
    """Send the next one that is due; False if there is none. See Note [At least once]."""
    with transaction.atomic(durable=True):
        due = StaffAlert.objects.waiting().filter(due_at__lte=at).order_by("due_at", "pk")
        rows = due.select_related("task__clinic", "person")
        alert = rows.select_for_update(of=("self",), skip_locked=True).first()
        if alert is None:
            return False
        if alert.task.taken_at or alert.task.status != TaskStatus.OPEN:
            alert.ended_at, alert.detail = at, "somebody is on it"
        else:
            _call(alert, at, channels)
        alert.save()
    return True


def _call(alert: StaffAlert, at: datetime, channels: Channels) -> None:
    alert.tries += 1
    try:
        channels[alert.channel].send(words_of(alert))
    except (Refused, Unknown) as error:
        logger.warning("alert %s: %s", alert.pk, error)
        alert.detail = str(error)[:300]
        if getattr(error, "blame", None) == Blame.RECIPIENT or alert.tries > len(AGAIN):
            alert.ended_at = at
        else:
            alert.due_at = at + AGAIN[alert.tries - 1]
    else:
        alert.sent_at, alert.detail = at, ""


def words_of(alert: StaffAlert) -> Outgoing:
    """That there is something to read, and where, as who is told reads it; nothing of whom."""
    clinic = alert.task.clinic
    link = f"{settings.PUBLIC_URL}{reverse('admin:patients_stafftask_changelist')}"
    short = discreet_name(clinic.short_name, "Clinic")  # a sender has no letter such as “í”
    with override_language(alert.person.language):
        words = gettext("1 urgent reply, open the inbox")
    is_sms = alert.channel == Channel.SMS
    return Outgoing(
        key=alert.pk,
        to=str(alert.person.mobile) if is_sms else alert.person.email,
        sender=short,
        reply_to="" if is_sms else clinic.email,
        zone=clinic.zone,
        subject="" if is_sms else f"{short}: {words}",
        text=gsm7.plain_marks(f"{short}: {words}: {link}"),
        html="" if is_sms else format_html('<p>{}: <a href="{}">{}</a></p>', short, link, words),
    )
