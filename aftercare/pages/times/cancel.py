"""Cancelling a visit by its patient, and its entry for a calendar."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import FORM_IS_OLD, is_from_our_form, lead_to, of_patient, show
from aftercare.pages.visit import is_ahead
from aftercare.services import cancel_own_visit
from clinic.values.zones import whose_clock
from sessions import ical

TOO_LONG = _("Please shorten your text to 500 characters.")


class WhyForm(forms.Form):
    text = forms.CharField(max_length=500, required=False, strip=True)


@of_patient("GET", "HEAD", "POST")
def cancel(request: HttpRequest, message: Message) -> HttpResponse:
    """Ask whether the patient is sure; a POST cancels. Pressed twice, it is cancelled once."""
    at = timezone.now()
    if not is_ahead(message.session, at=at):
        return lead_to(message)
    if request.method != "POST":
        return _ask(request, message, at=at)
    if not is_from_our_form(request, message):
        return _ask(request, message, at=at, problem=FORM_IS_OLD, status=403)
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _ask(request, message, at=at, problem=TOO_LONG, status=400)
    cancel_own_visit(session_id=message.session.pk, why=form.cleaned_data["text"], at=at)
    return lead_to(message)


@of_patient("GET", "HEAD")
def calendar(request: HttpRequest, message: Message) -> HttpResponse:
    """The visit as an entry for the patient's calendar: when and where, not what for."""
    session, at = message.session, timezone.now()
    if not is_ahead(session, at=at):
        return show(request, message, "ended", status=410)
    file = ical.appointment(session)
    return HttpResponse(file, content_type="text/calendar; charset=utf-8")


def _ask(
    request: HttpRequest,
    message: Message,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    session, clinic = message.session, message.clinic
    local = session.starts_at.astimezone(clinic.zone)
    late = timedelta(hours=clinic.late_cancel_hours)
    context: dict[str, Any] = {
        "date": date_format(local, "VISIT_DATE_FORMAT"),
        "time": f"{local:%H:%M}{whose_clock(clinic.zone, message.patient.zone)}",
        "late_hours": clinic.late_cancel_hours,
        "is_late": at > session.starts_at - late,
        "text": request.POST.get("text", ""),
    }
    return show(request, message, "cancel", status=status, problem=problem, **context)
