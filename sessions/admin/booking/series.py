"""A series in the admin: a time for all that is left of a plan, changed and booked in one go."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from clinic.admin.saving.once import KEY, SentForm, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.permissions import actor
from sessions import services
from sessions.admin.booking.near import offer_near
from sessions.admin.booking.series_forms import LookForm, TimeForm
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.wanted import VisitRequest, Wanted, sitting_of

MOST = 60
GOES_ON = (PlanStatus.ACTIVE, PlanStatus.COMPLETED)  # a completed plan has its outcome visits


class SeriesPage:
    """For the page of a plan: a button “Book the series”, and its page."""

    admin_site: Any
    opts: Any
    actions_detail = ["series"]

    def has_series_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_treatmentsession")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Not where nothing can be booked."""
        found: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        plan = self.get_object(request, str(object_id))  # type: ignore[attr-defined]
        is_open = plan is not None and plan.status in GOES_ON and not plan.patient.archived_at
        return found if is_open else []

    @action(description="Book the series", url_path="series", permissions=["series"])
    def series(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """All that is left of the plan: what is proposed may be changed, and is booked whole."""
        if self.get_object(request, object_id) is None:  # type: ignore[attr-defined]
            raise Http404
        plan = TreatmentPlan.objects.with_booking_facts().get(pk=object_id)
        look = LookForm(plan, request.GET or None)
        with timezone.override(plan.clinic.zone):
            if request.method != "POST":
                return self._series_page(request, look, self._proposed(look))
            times = self._typed(request, look)
            wanted = [time for time in times if time.is_valid() and time.cleaned_data["is_wanted"]]
            if not wanted:
                look.refusal = "Tick at least one time."
            elif all(time.is_valid() for time in times):
                try:
                    return self._book_series(request, look, wanted)
                except REFUSED as error:
                    _refuse(look, wanted, error)
            return self._series_page(request, look, times)

    def _proposed(self, look: LookForm) -> list[TimeForm]:
        """A form for each time that is found; without any, `look` says why."""
        if look.is_bound and not look.is_valid():
            return []
        plan, *further = look.plans
        asked = look.cleaned_data if look.is_bound else {}
        try:
            sessions, visits = services.propose_course(
                plan=plan,
                further_plans=further,
                practitioner=asked.get("practitioner"),
                first_on=asked.get("first_on"),
                at=timezone.now(),
            )
        except DomainError as error:
            look.refusal = error.message
            return []
        found: list[dict[str, Any]] = [
            {**one.slot.as_booking(), "plans": one.plans, "shift": one.shift} for one in sessions
        ]
        found += [
            {
                "starts_at": one.slot.starts_at,
                "practitioner": one.slot.practitioner_id,
                "room": one.slot.room_id,
                "device": one.slot.device_id,
                "visit_type": one.visit_type.pk,
                "plans": [one.plan],
                "shift": one.shift,
            }
            for one in visits
        ]
        for one in found:
            one["plans"] = " ".join(str(each.pk) for each in one["plans"])
        return [
            TimeForm(plan.clinic, look.plans, initial=one, prefix=str(number))
            for number, one in enumerate(found)
        ]

    def _typed(self, request: HttpRequest, look: LookForm) -> list[TimeForm]:
        numbers = [number for number in range(MOST) if f"{number}-plans" in request.POST]
        return [
            TimeForm(look.plan.clinic, look.plans, request.POST, prefix=str(number))
            for number in numbers
        ]

    @retried_transaction
    def _book_series(
        self, request: HttpRequest, look: LookForm, times: Sequence[TimeForm]
    ) -> HttpResponse:
        sent = SentForm(request, is_new=True)
        if replay := sent.spend():
            return repeat_answer(request, replay)
        plan, *further = look.plans
        booked = services.book_series(
            plan_id=plan.pk,
            further_plans=further,
            slots=[time.slot for time in times],  # type: ignore[misc]
            treated=[[each.pk for each in time.treated] for time in times],
            at=timezone.now(),
            by=actor(request),
        )
        number = "1 visit" if len(booked) == 1 else f"{len(booked)} visits"
        messages.success(request, f"Booked: {number} of {plan.patient}.")
        answer = HttpResponseRedirect(
            reverse("admin:treatment_sessions_treatmentplan_change", args=[plan.pk])
        )
        sent.keep(answer, name=f"{number} of {plan.patient}")
        return answer

    def _series_page(
        self, request: HttpRequest, look: LookForm, times: Sequence[TimeForm]
    ) -> HttpResponse:
        answer = TemplateResponse(
            request,
            "sessions/admin/series.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "Book the series",
                "look": look,
                "times": times,
                "plan": look.plan,
                "form_key": request.POST.get(KEY) or new_key(),
            },
        )
        return answer.render()  # now: later the clock is another


def _refuse(look: LookForm, times: Sequence[TimeForm], error: Exception) -> None:
    """Each refusal at the field of its session, with times near by where one is taken."""
    chosen = [time.slot for time in times]  # an error takes what it is about out of the form
    for name, message in refusals(error):
        index, field = _place(name)
        if index is None:
            look.refusal = message
        else:
            form = times[index]
            form.add_error(field if field in form.fields else None, message)
    for each in (error, *error.others) if isinstance(error, DomainError) else ():
        index, _ = _place(each.field)
        if index is not None and isinstance(each, SlotTaken):
            offer_near(
                times[index],
                wanted=_wanted(times[index]),
                starts_at=chosen[index]["starts_at"],
                practitioner=chosen[index]["practitioner"],
            )


def _place(name: str) -> tuple[int | None, str]:
    """The number of the session and the field that `sessions/1/room` means."""
    among, _, rest = name.partition("/")
    index, _, field = rest.partition("/")
    return (int(index), field) if among == "sessions" and index.isdigit() else (None, name)


def _wanted(time: TimeForm) -> Wanted:
    plan, *further = time.treated
    return (
        VisitRequest(time.visit, plan.patient, plan) if time.visit else sitting_of(plan, *further)
    )
