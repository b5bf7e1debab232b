"""The page of one message: confirm the appointment, ask for another time, write to the clinic."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import (
    FORM_IS_OLD,
    PROVIDER,
    TOO_OFTEN,
    has_written_enough,
    is_from_our_form,
    lead_to,
    of_patient,
    show,
)
from aftercare.replies import receive
from aftercare.replies.contexts import healing_session
from aftercare.texts.values import antiviral
from clinic.values.zones import whose_clock
from patients.models import TaskKind
from sessions.lifecycle import SIGNED, UPCOMING, Status
from sessions.models import Kind, Mode, TreatmentSession

NEEDLED = (Kind.TREATMENT, Kind.TEST)  # the warning signs are for these
NOTICES = {
    "change": _(
        "Thank you. We will contact you about another time. Your appointment stays as it is until "
        "then."
    ),
    "urgent": _(
        "Please talk to us today: call {phone}. We have told a clinician. If you get worse: "
        "{emergency}. Thank you, your message has arrived."
    ),
    "emergency": _(
        "Call {emergency} now. Do not wait for us. We have told our team. Thank you, your message "
        "has arrived."
    ),
    "written": _("Thank you. Your message has arrived. We answer during opening hours."),
}
EMPTY = _("Please write something first.")
TOO_LONG = _("Please shorten your text to 2,000 characters.")


class TextForm(forms.Form):
    text = forms.CharField(max_length=2_000, strip=True)


@of_patient("GET", "HEAD")
def page(request: HttpRequest, message: Message) -> HttpResponse:
    """What it is about and what can be done. Changes nothing."""
    notice = str(NOTICES.get(request.GET.get("done", ""), ""))
    clinic = message.clinic
    notice = notice.format(phone=clinic.phone.as_international, emergency=clinic.emergency_phone)
    return _show(request, message, notice=notice)


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


@of_patient("POST")
def change(request: HttpRequest, message: Message) -> HttpResponse:
    """Ask the desk for another time. The appointment stays as it is."""
    return _take_text(request, message, kind=TaskKind.CHANGE_WANTED, done="change")


@of_patient("POST")
def write(request: HttpRequest, message: Message) -> HttpResponse:
    """Write to the clinic."""
    return _take_text(request, message, kind=TaskKind.REPLY, done="written")


def _take_text(
    request: HttpRequest, message: Message, *, kind: TaskKind, done: str
) -> HttpResponse:
    at = timezone.now()
    text = request.POST.get("text", "")
    if not is_from_our_form(request, message):
        return _show(request, message, problem=FORM_IS_OLD, status=403, text=text, of=done)
    form = TextForm(request.POST)
    if not form.is_valid():
        problem = TOO_LONG if text.strip() else EMPTY
        return _show(request, message, problem=problem, status=400, text=text, of=done)
    name = _name(request, kind)
    if not receive.is_known(PROVIDER, name) and has_written_enough(message, at=at):
        return _show(request, message, problem=TOO_OFTEN, status=429, text=text, of=done)
    kept = receive.receive_from_page(
        message,
        text=form.cleaned_data["text"],
        kind=kind,
        provider=PROVIDER,
        provider_id=name,
        at=at,
    )
    return lead_to(message, done=kept.reply_kind or done)


def _name(request: HttpRequest, kind: TaskKind) -> str:
    """The same for a form that is sent twice."""
    form = "\n".join((kind, request.POST["form"], request.POST["text"]))
    return hashlib.sha256(form.encode("utf-8", "replace")).hexdigest()


def _show(
    request: HttpRequest,
    message: Message,
    *,
    problem: str | Promise = "",
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    session, at = message.session, timezone.now()
    zone, own_zone = message.clinic.zone, message.patient.zone
    local = session.starts_at.astimezone(zone)
    upcoming = session.status in UPCOMING and at < session.starts_at
    return show(
        request,
        message,
        "visit",
        status=status,
        problem=problem,
        starts_at=local,
        date=date_format(local, "VISIT_DATE_FORMAT"),
        time=f"{local:%H:%M}{whose_clock(zone, own_zone)}",
        state=_state(session, upcoming=upcoming),
        wants_a_call=_wants_a_call(message, upcoming=upcoming),
        minutes=(session.ends_at - session.starts_at) // timedelta(minutes=1),
        practitioner=session.practitioner.get_full_name(),
        is_here=session.mode == Mode.IN_PERSON,
        map=f"https://www.openstreetmap.org/search?{urlencode({'query': message.clinic.address})}",
        is_good=upcoming,
        can_confirm=upcoming and session.status == Status.BOOKED,
        can_change=upcoming,
        is_aftercare=session.status in SIGNED and session.kind in NEEDLED,
        heals=healing_session(message.patient, at) is not None,
        antiviral=antiviral(session, message.patient, message.clinic) if upcoming else "",
        **context,
    )


def _wants_a_call(message: Message, *, upcoming: bool) -> bool:
    """Whether the next thing to do is to book a visit, which the desk does."""
    asks_to_book = message.step.from_next_window or message.step.asks_for
    ended = message.session.status in (Status.CANCELLED, Status.NO_SHOW)
    return not upcoming and (ended or bool(asks_to_book))


def _state(session: TreatmentSession, *, upcoming: bool) -> str:
    """How the appointment stands, if there is anything to say."""
    status = session.status
    if status == Status.CANCELLED:
        return gettext("This appointment was cancelled. To book another one, please call us.")
    if status == Status.NO_SHOW:
        return gettext("You did not come to this appointment. To book another one, call us.")
    if upcoming and status == Status.CONFIRMED:
        return gettext("Confirmed. Thank you!")
    if upcoming:
        moved = session.rescheduled_from_id is not None
        return gettext("This is the new time of your appointment.") if moved else ""
    if status in (Status.CHECKED_IN, Status.IN_PROGRESS):
        return gettext("This is your appointment of today.")
    return gettext("This appointment is in the past.")
