"""What is pressed on the board: moves by one POST, and what is asked first before a visit is
cancelled or moved to another time. Each form is sent once, as the admin's other forms are."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from aftercare.admin.today.days import read_day
from aftercare.admin.today.told import told_of_cancelling
from clinic.admin.forms.fields import MomentField
from clinic.admin.saving.once import KEY, SentForm, forget_messages, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.db.retries import retried_transaction
from clinic.models import User
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.wallclock import instant_of
from sessions import services
from sessions.admin.booking.near import offer_near
from sessions.lifecycle import NEXT, UNDONE, Status
from sessions.models import TreatmentSession
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.wanted import wanted_by

PRESSED = {
    Status.CONFIRMED.value: "confirmed",
    Status.CHECKED_IN.value: _("checked in"),
    Status.NO_SHOW.value: _("noted as a no-show"),
}


class CancelForm(forms.Form):
    reason = forms.CharField(
        required=False,
        max_length=300,
        label=_("Why"),
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Stands in the history; the patient does not read it."),
    )
    patient_knows = forms.BooleanField(
        required=False,
        label=_("The patient knows already: send nothing"),
        widget=UnfoldBooleanWidget,
    )


class MoveForm(forms.Form):
    starts_at = MomentField(label=_("Starts at"))
    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("With"), widget=UnfoldAdminSelectWidget
    )
    shift_later = forms.BooleanField(
        required=False,
        label=_("Move later visits of the plan too, if they would come too soon"),
        widget=UnfoldBooleanWidget,
    )
    patient_knows = forms.BooleanField(
        required=False,
        label=_("The patient knows already: send nothing"),
        widget=UnfoldBooleanWidget,
    )
    reason = forms.CharField(
        required=False, max_length=300, label=_("Why"), widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, session: TreatmentSession, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].zone = session.clinic.zone  # type: ignore[attr-defined]
        roles = session.visit_type.roles
        people: QuerySet[User] = User.objects.filter(
            is_active=True, clinics=session.clinic_id, role__in=roles
        )
        self.fields["practitioner"].queryset = people.order_by("last_name", "username")  # type: ignore[attr-defined]


def _visit(request: HttpRequest, pk: UUID) -> TreatmentSession:
    """The visit, if the caller sees it and may change it."""
    if not request.user.has_perm("treatment_sessions.change_treatmentsession"):
        raise PermissionDenied
    rows = TreatmentSession.objects.visible_to(actor(request)).select_related(
        *("clinic", "patient__clinic", "area", "practitioner", "room", "device", "visit_type")
    )
    session = rows.filter(pk=pk).first()
    if session is None:
        raise Http404
    return session


def _page_of(pk: UUID) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_change", args=[pk])


def _back(request: HttpRequest, pk: UUID) -> str:
    """To the board or the week as it was, or the page of the visit: whichever the form names."""
    asked = request.POST.get("back", "") or request.GET.get("back", "")
    index = reverse("admin:index")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    ours = (index, reverse("week"), _page_of(pk))
    return asked if is_ours and asked.split("?")[0] in ours else index


@retried_transaction
def _once(request: HttpRequest, do: Callable[[], str | tuple[str, str]], back: str) -> HttpResponse:
    """What `do` says it has done, and where that leads if not back; or what the same form has done
    before."""
    forget_messages(request)
    sent = SentForm(request)
    if replay := sent.spend():
        return repeat_answer(request, replay)
    done = do()
    words, back = done if isinstance(done, tuple) else (done, back)
    if words:  # of what can be undone, the bar says what was done
        messages.success(request, words)
    answer = HttpResponseRedirect(back)
    sent.keep(answer)
    return answer


@about(TreatmentSession)
@require_POST
def press(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm, check in, or note a no-show."""
    session, back = _visit(request, pk), _back(request, pk)
    to = request.POST.get("to", "")
    if to not in PRESSED:
        messages.error(request, gettext("This button is not known. Nothing was done."))
        return HttpResponseRedirect(back)

    def move() -> str:
        services.move_session(
            session_id=session.pk, to=to, at=timezone.now(), by=actor(request), undoable=True
        )
        return "" if to in UNDONE else f"{session.patient.listed_name}: {PRESSED[to]}."

    try:
        return _once(request, move, f"{back}#visit-{session.pk}")
    except REFUSED as error:
        forget_messages(request)
        for _, message in refusals(error):
            messages.error(request, f"{session.patient.listed_name}: {message}")
        return HttpResponseRedirect(back)


@about(TreatmentSession)
@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take back what was pressed a moment ago."""
    session, back = _visit(request, pk), _back(request, pk)

    def take_back() -> tuple[str, str]:
        again = services.undo_end(session_id=session.pk, at=timezone.now(), by=actor(request))
        is_now = again.get_status_display().lower()
        words = gettext("{listed_name}: taken back. The visit is {is_now}, as before.").format(
            listed_name=session.patient.listed_name, is_now=is_now
        )
        return words, back

    try:
        return _once(request, take_back, back)
    except REFUSED as error:
        forget_messages(request)
        for _, message in refusals(error):
            messages.error(request, f"{session.patient.listed_name}: {message}")
        return HttpResponseRedirect(back)


@about(TreatmentSession)
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks why, and shows what the patient will be told."""
    session = _visit(request, pk)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():

        def end() -> str:
            services.move_session(
                session_id=session.pk,
                to=Status.CANCELLED,
                at=timezone.now(),
                by=actor(request),
                reason=form.cleaned_data["reason"],
                patient_knows=form.cleaned_data["patient_knows"],
                undoable=True,
            )
            return ""

        try:
            return _once(request, end, _back(request, pk))
        except REFUSED as error:
            _refuse(form, error)
    told = told_of_cancelling(session, by=actor(request), at=timezone.now())
    return _ask(request, session, form, gettext("Cancel this visit?"), "cancel", told=told)


@about(TreatmentSession)
def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To another time or practitioner, by the rules of a booking."""
    session = _visit(request, pk)
    with timezone.override(session.clinic.zone):
        form = MoveForm(session, request.POST or None, initial=_wished(request, session))
        if request.method == "POST" and form.is_valid():
            back = _back(request, pk)

            def shift() -> tuple[str, str]:
                moved = services.reschedule_session(
                    session_id=session.pk,
                    **form.cleaned_data,
                    at=timezone.now(),
                    by=actor(request),
                    undoable=True,
                )
                until = moved.clear_on
                words = (
                    gettext("A washout lasts until {until}.").format(
                        until=date_in_words(until, "j M Y")
                    )
                    if until
                    else ""
                )
                return words, _page_of(moved.pk) if back == _page_of(pk) else back

            try:
                return _once(request, shift, back)
            except REFUSED as error:
                data = dict(form.cleaned_data)
                _refuse(form, error)
                if isinstance(error, SlotTaken):
                    offer_near(
                        form,
                        wanted=wanted_by(session),
                        starts_at=data["starts_at"],
                        practitioner=data["practitioner"],
                    )
        return _ask(request, session, form, gettext("Move this visit"), "move").render()


def _wished(request: HttpRequest, session: TreatmentSession) -> dict[str, Any]:
    """Where a visit was dragged to, at its own time of day; as it is, where it was not."""
    starts_at = session.starts_at
    if day := read_day(request.GET.get("to", ""), at=starts_at):
        zone = session.clinic.zone
        starts_at = instant_of(day, starts_at.astimezone(zone).time(), zone)
    with_whom = request.GET.get("with") or session.practitioner_id
    return {"starts_at": starts_at, "practitioner": with_whom}


def _when(session: TreatmentSession) -> str:
    return date_in_words(session.starts_at.astimezone(session.clinic.zone), "D j M Y, H:i")


def _refuse(form: forms.Form, error: Exception) -> None:
    for name, message in refusals(error):
        form.add_error(name if name in form.fields else None, message)


def _ask(
    request: HttpRequest,
    session: TreatmentSession,
    form: forms.Form,
    title: str,
    what: str,
    **more: Any,
) -> TemplateResponse:
    return TemplateResponse(
        request,
        "aftercare/admin/today/ask.html",
        {
            **admin.site.each_context(request),
            "title": title,
            "visit": session,
            "when": _when(session),
            "form": form,
            "what": what,
            "may": Status.CANCELLED in NEXT[session.status],
            "back": _back(request, session.pk),
            "form_key": request.POST.get(KEY) or new_key(),
            **more,
        },
    )
