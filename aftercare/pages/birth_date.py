"""The birth date, before what is the patient's own: decision 0041."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models import Message
from aftercare.pages.base import (
    COOKIE,
    FORM_IS_OLD,
    has_opened,
    is_from_our_form,
    lead_to,
    of_patient,
    show,
)
from aftercare.services import ACCESS_LASTS, Door, tries_left, try_birth_date

NO_DATE = _("Please give the day, the month and the year, such as 3 – May – 1984.")
# What may follow; an address is never taken from the form.
BEHIND = ("own/", "ready/", "leaflet/", "settings/", "recall/", "record/")


class BirthDateForm(forms.Form):
    day = forms.IntegerField(min_value=1, max_value=31)
    month = forms.IntegerField(min_value=1, max_value=12)
    year = forms.IntegerField(min_value=1900, max_value=2200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                data["born"] = date(data["year"], data["month"], data["day"])
            except ValueError as error:  # 31 February
                raise forms.ValidationError(NO_DATE) from error
        return data


@of_patient("GET", "HEAD", "POST")
def birth_date(request: HttpRequest, message: Message) -> HttpResponse:
    """Ask for it, and on the right one lead to what lies behind it. A wrong one says no more than
    that; what is no date is not counted."""
    at = timezone.now()
    if message.patient.date_of_birth is None or tries_left(message, at=at) == 0:
        return _show(request, message, "birth_date_closed", at=at)
    if request.method != "POST":
        if has_opened(request, message, at=at):
            return lead_to(message, _wanted(request))
        return _show(request, message, "birth_date", at=at)
    if not is_from_our_form(request, message):
        return _show(request, message, "birth_date", at=at, problem=FORM_IS_OLD, status=403)
    form = BirthDateForm(request.POST)
    if not form.is_valid():
        return _show(request, message, "birth_date", at=at, problem=NO_DATE, status=400)
    tried = try_birth_date(message_id=message.pk, born=form.cleaned_data["born"], at=at)
    if tried.door == Door.OPEN:
        return _opened(lead_to(message, _wanted(request)), tried.secret)
    if tried.door == Door.CLOSED:
        return _show(request, message, "birth_date_closed", at=at, status=403)
    return _show(request, message, "birth_date", at=at, problem=_wrong(tried.left), status=403)


def _opened(answer: HttpResponse, secret: str) -> HttpResponse:
    """Not readable by a script, not sent to another host, by another site or without encryption."""
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=ACCESS_LASTS,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )
    return answer


def _wrong(left: int) -> str:
    return gettext("That is not the birth date that we have. Tries left: %(left)d") % {"left": left}


def _wanted(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next", "")
    return next((part for part in BEHIND if asked.startswith(part)), BEHIND[0])


def _show(
    request: HttpRequest,
    message: Message,
    name: str,
    *,
    at: datetime,
    problem: str | Promise = "",
    status: int = 200,
) -> HttpResponse:
    """What was typed is not shown again: the next person at this screen must not read it."""
    return show(
        request,
        message,
        name,
        status=status,
        problem=problem,
        months=MONTHS.items(),
        next=_wanted(request),
        is_known=message.patient.date_of_birth is not None,
    )
