"""The page “Plan a course”: concern, protocol, a free time for each session, and all of it booked.

What is looked for is in the address, and is only read; what is sent makes the plan and books the
ticked times of it, all or nothing. The times come from the service that the API asks.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.admin.saving.once import KEY, SentForm, forget_messages, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED
from clinic.audit.subjects import about
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.permissions import actor, may_see
from clinic.values.zones import clock_of
from patients.models import Patient, PatientConcern
from sessions import services
from sessions.admin.booking.series_forms import TimeForm
from sessions.admin.planning.forms import AskForm, GoalsForm, WhomForm
from sessions.admin.planning.free import read_names_once
from sessions.admin.planning.rows import proposed_rows, refuse, typed_rows
from sessions.models import Protocol, ProtocolVersion, TreatmentPlan

LATER = "later"  # the button that plans and books nothing
NO_TIMES = _("Tick at least one time, or plan it without: its sessions can be booked later.")


class PlanningPage:
    """For the pages of plans: a new one with all its sessions, on one page."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        views = (self.planning, self.planning_of)
        whom, page = (self.admin_site.admin_view(view) for view in views)
        return [
            path("planning/", whom, name="planning"),
            path("planning/<uuid:pk>/", page, name="planning-of"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def planning(self, request: HttpRequest) -> HttpResponse:
        """Asks whom it is for, and leads there with all else that the address says."""
        _require(request)
        whom = WhomForm(actor(request), request.GET if "patient" in request.GET else None)
        if not whom.is_valid():
            return self._page(request, {"whom": whom})
        asked = {name: value for name, value in request.GET.items() if name != "patient"}
        patient = whom.cleaned_data["patient"].pk
        return HttpResponseRedirect(reverse("admin:planning-of", args=[patient], query=asked))

    @about(Patient)
    def planning_of(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        _require(request)
        rows = Patient.objects.visible_to(actor(request)).filter(archived_at=None)
        patient = get_object_or_404(rows.select_related("clinic"), pk=pk)
        if not may_see(request.user, "treatment_sessions.add_treatmentplan", pk):
            raise PermissionDenied
        with timezone.override(patient.clinic.zone):
            course = Course(request, patient, at=timezone.now())
            if request.method == "POST":
                return self._sent(request, course)
            return self._course_page(request, course, proposed_rows(course) if course.plan else [])

    def _sent(self, request: HttpRequest, course: "Course") -> HttpResponse:
        if course.plan is None:
            course.refusal = gettext("Choose what is to be treated first.")
            return self._course_page(request, course, [])
        rows, goals = typed_rows(request, course), GoalsForm(request.POST)
        is_later = request.POST.get("do") == LATER
        wanted = (
            [] if is_later else [r for r in rows if r.is_valid() and r.cleaned_data["is_wanted"]]
        )
        if not (wanted or is_later):
            course.refusal = str(NO_TIMES)
        elif goals.is_valid() and (is_later or all(row.is_valid() for row in rows)):
            try:
                return _plan_and_book(request, course, wanted, goals.cleaned_data)
            except REFUSED as error:
                forget_messages(request)
                refuse(course, wanted, error)
        return self._course_page(request, course, rows, goals=goals)

    def _course_page(
        self,
        request: HttpRequest,
        course: "Course",
        rows: Sequence[TimeForm],
        goals: GoalsForm | None = None,
    ) -> HttpResponse:
        read_names_once(rows)
        return self._page(
            request,
            {
                "record": course.patient,
                "course": course,
                "look": course,
                "ask": course.ask,
                "times": rows,
                "goals": goals or GoalsForm(),
                "clock": clock_of(course.patient.clinic.zone),
                "form_key": request.POST.get(KEY) or new_key(),
            },
        )

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        site = self.admin_site.each_context(request)
        page = {**site, "title": gettext("Plan a course"), **context}
        answer = TemplateResponse(request, "sessions/admin/plan/page.html", page)
        return answer.render()  # now: later the clock is another


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm("treatment_sessions.add_treatmentplan"):
        raise PermissionDenied


class Course:
    """What is asked for: the protocols for a concern and, once one of them is chosen, the plan that
    it would make. It is kept nowhere before somebody books."""

    def __init__(self, request: HttpRequest, patient: Patient, *, at: datetime) -> None:
        self.patient, self.at = patient, at
        known = PatientConcern.objects.filter(patient=patient).select_related("concern", "zone")
        self.known = list(known.order_by("id"))
        self.ask = AskForm(patient, self.known, request.GET)
        self.is_bound = True
        self.refusal = ""
        self.ask.is_valid()
        self.cleaned_data: dict[str, Any] = self.ask.cleaned_data
        self.protocols = self._protocols(self.cleaned_data.get("concern"))
        self.chosen = self._chosen()
        self.plan = self._plan()

    def is_valid(self) -> bool:
        return self.ask.is_valid()

    @property
    def wishes(self) -> services.Wishes:
        return self.ask.wishes

    @property
    def plans(self) -> list[TreatmentPlan]:
        return [self.plan] if self.plan else []

    @property
    def concerns(self) -> list[PatientConcern]:
        """What is recorded of the patient and would be treated by the plan."""
        if self.plan is None:
            return []
        zones = [one for one in self.known if one.concern_id == self.plan.concern_id]
        area = self.plan.area_id
        return [one for one in zones if one.zone is None or one.zone.area_id == area]

    def _protocols(self, concern: Any) -> list[dict[str, Any]]:
        """What the catalogue says for a concern: by protocol, the version in effect."""
        if concern is None:
            return []
        rows = Protocol.objects.filter(concern=concern, is_active=True)
        found = list(rows.select_related("concern", "area").order_by("name"))
        versions: dict[UUID, ProtocolVersion] = {}
        in_effect = ProtocolVersion.objects.in_effect(self.at).filter(protocol__in=found)
        for version in in_effect.prefetch_related("zone_ranges__zone"):
            versions[version.protocol_id] = version
        return [{"row": row, "version": versions[row.pk]} for row in found if row.pk in versions]

    def _chosen(self) -> Protocol | None:
        """The only one there is follows from the concern."""
        asked = self.cleaned_data.get("protocol")
        chosen = [one for one in self.protocols if one["row"] == asked]
        if not chosen and len(self.protocols) == 1:
            chosen = self.protocols
        if not chosen:
            return None
        protocol: Protocol = chosen[0]["row"]
        protocol.in_effect_now = chosen[0]["version"]
        return protocol

    def _plan(self) -> TreatmentPlan | None:
        """None where a wish is no wish: it says so at its field."""
        protocol = self.chosen
        if protocol is None or not self.ask.is_valid():
            return None
        try:
            return services.plan_to_be(
                patient=self.patient,
                protocol=protocol,
                practitioner=self.cleaned_data.get("practitioner"),
                zones=self.cleaned_data.get("planned_zones") or 1,
                at=self.at,
            )
        except DomainError as error:
            self.refusal = error.message
            return None


@retried_transaction
def _plan_and_book(
    request: HttpRequest, course: Course, rows: Sequence[TimeForm], agreed: dict[str, Any]
) -> HttpResponse:
    sent = SentForm(request, is_new=True)
    if replay := sent.spend():
        return repeat_answer(request, replay)
    to_be: Any = course.plan
    plan, booked = services.plan_and_book(
        planned={
            "patient": course.patient,
            "concern": to_be.concern,
            "area": to_be.area,
            "protocol": to_be.protocol,
            "practitioner": to_be.practitioner,
            "patient_concerns": course.concerns,
            "planned_zones": to_be.planned_zones,
            **agreed,
        },
        slots=[row.slot for row in rows],  # type: ignore[misc]
        at=timezone.now(),
        by=actor(request),
    )
    number = (
        "1 session" if len(booked) == 1 else gettext("{booked} sessions").format(booked=len(booked))
    )
    said = (
        gettext("and {number} booked").format(number=number)
        if booked
        else gettext("and nothing booked yet")
    )
    messages.success(request, gettext("Planned, {said}: {plan}.").format(said=said, plan=plan))
    page = "admin:treatment_sessions_treatmentplan_change"
    answer = HttpResponseRedirect(reverse(page, args=[plan.pk]))
    sent.keep(answer, name=str(plan))
    return answer
