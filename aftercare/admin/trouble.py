"""On every page of the admin: that messages do not go out, as `/healthz/dispatch` knows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, Exists, F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.dispatch.outages import CERTAIN
from aftercare.models import Message, MessageStatus, Outage
from clinic.models import Heartbeat
from patients.models import Channel

OVERDUE, SILENT = timedelta(minutes=5), timedelta(minutes=2)
CALL = _("Until then, call patients who must know something today.")


def facts(at: datetime) -> list[Any]:
    """What is read together with the badges: outages with messages that wait, the oldest message
    that is due, and when beat was last seen. Each is one step in an index."""
    waits = Message.objects.due(at).filter(channel=OuterRef("channel"))
    on = Outage.objects.filter(Exists(waits), opened_at__lte=at - CERTAIN).order_by("channel")
    since = JSONObject(channel=F("channel"), opened_at=F("opened_at"), reply=F("reply"))
    due = Message.objects.filter(status=MessageStatus.PENDING).order_by("due_at")
    beat = Heartbeat.objects.filter(name="beat")
    return [
        ArraySubquery(on.values_list(since)),
        Subquery(due.values("due_at")[:1], output_field=DateTimeField()),
        Subquery(beat.values("seen_at")[:1], output_field=DateTimeField()),
    ]


def in_words(read: Sequence[Any], *, at: datetime) -> list[str]:
    outages, oldest, beat = read
    if outages:
        return [_outage(on, at) for on in outages]
    if oldest is None or oldest > at - OVERDUE:
        return []
    why = (
        "" if beat and beat > at - SILENT else gettext(" The part that wakes the sender is silent.")
    )
    return [
        gettext(
            "Messages that are due have not gone out for {minutes}.{why} Tell whoever looks "
            "after the system. {call}"
        ).format(minutes=_minutes(at - oldest), why=why, call=CALL)
    ]


def _outage(on: dict[str, Any], at: datetime) -> str:
    name = "SMS" if on["channel"] == Channel.SMS else "e-mail"
    lasts = _minutes(at - datetime.fromisoformat(on["opened_at"]))
    said = (
        gettext(" The provider says: “{reply}”.").format(reply=on["reply"].rstrip("."))
        if on["reply"]
        else ""
    )
    return gettext(
        "Nothing accepted by {name} for {lasts}.{said} What waits goes out by itself "
        "once the provider takes it. {call}"
    ).format(name=name, lasts=lasts, said=said, call=CALL)


def _minutes(span: timedelta) -> str:
    minutes = max(span // timedelta(minutes=1), 1)
    if minutes >= 120:
        return gettext("{hours} hours").format(hours=minutes // 60)
    return "1 minute" if minutes == 1 else gettext("{minutes} minutes").format(minutes=minutes)
