"""The questionnaire by the patient's phone, on the page of a new screening: sent instead of asked.

The page stands in an app below, which knows nothing of messages. Here it is registered once more.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language_info
from django.views.decorators.http import require_GET, require_POST

from aftercare.admin.one_patient import patient_for
from aftercare.lifecycle import ACCEPTED, OPEN, MessageStatus
from aftercare.models import Message
from aftercare.services import ask_by_phone
from aftercare.services.ask_by_phone import asked_by_phone, is_waiting, way_to_ask
from aftercare.tasks import send_due_messages
from clinic.audit.subjects import about
from clinic.errors import DomainError
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from clinic.wakeups import wake
from patients.admin.questionnaire import asked_of
from patients.admin.screening import ScreeningAdmin
from patients.models import Patient, Screening, StaffTask
from patients.services import home_answers, questionnaire
from patients.services.screening import to_confirm

ASKS = "patients.add_screening"

admin.site.unregister(Screening)


@admin.register(Screening)
class ScreeningPage(ScreeningAdmin):
    add_form_template = "aftercare/admin/questions/page.html"

    def get_urls(self) -> list[URLPattern]:
        send, state = (self.admin_site.admin_view(one) for one in (send_questions, show_state))
        return [
            path("by-phone/<uuid:pk>/", send, name="questions-send"),
            path("by-phone/<uuid:pk>/state/", state, name="questions-state"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        patient = asked_of(request).patient
        context = dict(extra_context or {})
        if patient and request.method == "GET":
            context["by_phone"] = state_of(patient, at=timezone.now())
        return super().add_view(request, form_url, context)


@about(Patient)
@require_POST
def send_questions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Pressed twice, it is sent once."""
    patient = patient_for(request, pk, ASKS)
    try:
        ask_by_phone(patient_id=patient.pk, at=timezone.now(), by=actor(request))
        wake(send_due_messages)
    except DomainError as error:
        messages.error(request, error.message)
    page = reverse("admin:patients_screening_add", query={"patient": str(patient.pk)})
    return HttpResponseRedirect(page)


@about(Patient)
@require_GET
def show_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How it stands: the page asks for it again and again while answers may come."""
    patient = patient_for(request, pk, ASKS)
    context = {"by_phone": state_of(patient, at=timezone.now()), "record": patient}
    return TemplateResponse(request, "aftercare/admin/questions/state.html", context)


def state_of(patient: Patient, *, at: datetime) -> dict[str, Any]:
    """What was sent and what came of it; where it may be sent, how it would go, or why not."""
    state: dict[str, Any] = {"patient": patient, "clock": clock_of(patient.clinic.zone)}
    sent = asked_by_phone(patient)
    if sent and (answered := _answers_to(sent)):
        return state | {"answered": answered, "when": _time(answered.taken_at, patient, at)}
    if sent and is_waiting(sent, at=at):
        return state | _waiting(sent, at=at)
    if sent and at < sent.expires_at and sent.status not in (*OPEN, *ACCEPTED):
        status = sent.get_status_display()
        state["failed"] = f"{status}: {sent.reason}" if sent.reason else status
    try:
        way = way_to_ask(patient, at=at)
    except DomainError as error:
        return state | {"refused": error.message}
    return state | _way(way) | {"later": way.due_at > at and _time(way.due_at, patient, at)}


def _answers_to(sent: Message) -> Screening | None:
    """The patient's own answers, as long as nobody has gone through them."""
    newest = sent.patient.screenings.order_by("-taken_at", "-id").first()
    own = newest and newest.taken_by_id is None and newest.taken_at >= sent.created_at
    return newest if own else None


def _waiting(sent: Message, *, at: datetime) -> dict[str, Any]:
    patient = sent.patient
    rules = questionnaire(at, patient.clinic)
    unsure = StaffTask.objects.open().filter(source=to_confirm(patient))
    return _way(sent) | {
        "is_waiting": True,
        "sent": sent.sent_at and _time(sent.sent_at, patient, at),
        "is_in_doubt": sent.status == MessageStatus.IN_DOUBT,
        "later": sent.due_at > at and _time(sent.due_at, patient, at),
        "number": len(home_answers(patient, rules, at=at)),
        "unsure": unsure.filter(created_at__gte=sent.created_at).first(),
    }


def _way(message: Message) -> dict[str, Any]:
    return {
        "address": message.address,
        "channel": message.get_channel_display(),
        "language": get_language_info(message.patient.language)["name"],
        "visit": date_in_words(message.session.starts_at_local, "D j M, H:i"),
    }


def _time(moment: datetime, patient: Patient, at: datetime) -> str:
    """“10:12”, or with its day if that is not today, on the clinic's clock."""
    local, now = (one.astimezone(patient.clinic.zone) for one in (moment, at))
    return f"{local:%H:%M}" if local.date() == now.date() else date_in_words(local, "D j M, H:i")
