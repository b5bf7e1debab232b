"""The page of one day after a treatment: what to do now, what must wait, and what comes next."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from aftercare.models import TREATED, Message, MessageStatus
from aftercare.pages.base import of_patient, show
from aftercare.pages.told.recall import has_unread_recall
from aftercare.replies.contexts import healing_session
from aftercare.texts import course
from aftercare.texts.values import next_visit
from sessions.services.record.healing.check_in import day_since


@of_patient("GET", "HEAD")
def today(request: HttpRequest, message: Message) -> HttpResponse:
    """General advice for the day. Says neither what was treated nor with what."""
    at = timezone.now()
    session = healing_session(message.patient, at)
    if session is None:
        return show(request, message, "check_over", status=410)
    day, waits = day_since(session, at), course.waits(at)
    return show(
        request,
        message,
        "today",
        day=day,
        lasts=course.LASTS if day <= course.LASTS else 0,
        care=course.care_on(day),
        tomorrow=course.begins_tomorrow(day, waits),
        waits=course.waits_after(day, waits),
        next_question=next_question(message, at=at),
        unread_recall=has_unread_recall(message),
        next_visit=next_visit(message.patient, message.clinic, at=at),
    )


def next_question(message: Message, *, at: datetime) -> str:
    """The day of the next text about the skin, if one is planned."""
    waiting = Message.objects.filter(
        patient=message.patient,
        status=MessageStatus.PENDING,
        step__anchor__in=TREATED,
        due_at__gt=at,
    )
    due = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    return date_format(due.astimezone(message.clinic.zone), "VISIT_DATE_FORMAT") if due else ""
