"""The visit of a message: when, where and with whom, and the promise to come."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.replies import receive
from aftercare.texts.values import antiviral
from clinic.values.zones import whose_clock
from sessions.lifecycle import UPCOMING, Status
from sessions.models import Kind, Mode, TreatmentSession

HERE = (Status.CHECKED_IN, Status.IN_PROGRESS)


@of_patient("GET", "HEAD")
def visit(request: HttpRequest, message: Message) -> HttpResponse:
    """Of a visit that is over only how it stands. Changes nothing."""
    return _show(request, message)


@of_patient("POST")
def confirm(request: HttpRequest, message: Message) -> HttpResponse:
    """Confirm the appointment. Pressed twice, or too late, it shows how things are now."""
    if not is_from_our_form(request, message):
        return _show(request, message, problem=FORM_IS_OLD, status=403)
    receive.confirm(message.session, at=timezone.now())
    message.session.refresh_from_db()
    if message.session.status != Status.CONFIRMED:
        return _show(request, message, status=409)
    return lead_to(message)


def is_ahead(session: TreatmentSession, *, at: datetime) -> bool:
    return session.status in UPCOMING and at < session.starts_at


def visit_in_words(message: Message, *, at: datetime) -> dict[str, Any]:
    """When it is, on the clinic's clock, and how it stands."""
    session, zone = message.session, message.clinic.zone
    local = session.starts_at.astimezone(zone)
    return {
        "starts_at": local,
        "date": date_format(local, "VISIT_DATE_FORMAT"),
        "time": f"{local:%H:%M}{whose_clock(zone, message.patient.zone)}",
        "state": _state(session, at=at),
        "is_good": is_ahead(session, at=at),
        "video_url": session.video_url if _is_not_over(session, at=at) else "",
    }


def _is_not_over(session: TreatmentSession, *, at: datetime) -> bool:
    """Who is late still finds the way into a video call."""
    return session.status in (*UPCOMING, *HERE) and at < session.ends_at


def _show(
    request: HttpRequest, message: Message, *, problem: str | Promise = "", status: int = 200
) -> HttpResponse:
    session, clinic, at = message.session, message.clinic, timezone.now()
    ahead = is_ahead(session, at=at)
    return show(
        request,
        message,
        "visit",
        status=status,
        problem=problem,
        minutes=(session.ends_at - session.starts_at) // timedelta(minutes=1),
        practitioner=session.practitioner.get_full_name(),
        is_here=session.mode == Mode.IN_PERSON,
        is_call=session.mode == Mode.PHONE,
        map=f"https://www.openstreetmap.org/search?{urlencode({'query': clinic.address})}",
        late_hours=clinic.late_cancel_hours,
        can_confirm=ahead and session.status == Status.BOOKED,
        can_change=ahead,
        prepares=session.kind == Kind.TREATMENT,
        antiviral=antiviral(session, message.patient, clinic) if ahead else "",
        **visit_in_words(message, at=at),
    )


def _state(session: TreatmentSession, *, at: datetime) -> str:
    """How the appointment stands, if there is anything to say."""
    status, ahead = session.status, is_ahead(session, at=at)
    if status == Status.CANCELLED:
        return gettext("This appointment was cancelled. To book another one, please call us.")
    if status == Status.NO_SHOW:
        return gettext("You did not come to this appointment. To book another one, call us.")
    if ahead and status == Status.CONFIRMED:
        return gettext("Confirmed. Thank you!")
    if ahead:
        moved = session.rescheduled_from_id is not None
        return gettext("This is the new time of your appointment.") if moved else ""
    if status in HERE or _is_not_over(session, at=at):
        return gettext("This is your appointment of today.")
    return gettext("This appointment is in the past.")
