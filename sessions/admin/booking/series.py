"""A series in the admin: a time for all that is left of a plan, changed and booked in one go."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from clinic.admin.saving.once import KEY, SentForm, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED
from clinic.db.retries import retried_transaction
from clinic.permissions import actor
from clinic.values.zones import clock_of
from sessions import services
from sessions.admin.booking.series_forms import LookForm, TimeForm
from sessions.admin.planning.free import read_names_once
from sessions.admin.planning.rows import proposed_rows, refuse, typed_rows
from sessions.lifecycle import PlanStatus
from sessions.models import TreatmentPlan

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
        return [one for one in found if is_open or one.method.__name__ != "series"]

    @action(description=_("Book the series"), url_path="series", permissions=["series"])
    def series(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """All that is left of the plan: what is proposed may be changed, and is booked whole."""
        if self.get_object(request, object_id) is None:  # type: ignore[attr-defined]
            raise Http404
        plan = TreatmentPlan.objects.with_booking_facts().get(pk=object_id)
        look = LookForm(plan, request.GET or None)
        with timezone.override(plan.clinic.zone):
            if request.method != "POST":
                return self._series_page(request, look, proposed_rows(look))
            times = typed_rows(request, look)
            wanted = [time for time in times if time.is_valid() and time.cleaned_data["is_wanted"]]
            if not wanted:
                look.refusal = gettext("Tick at least one time.")
            elif all(time.is_valid() for time in times):
                try:
                    return self._book_series(request, look, wanted)
                except REFUSED as error:
                    refuse(look, wanted, error)
            return self._series_page(request, look, times)

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
        number = (
            "1 visit" if len(booked) == 1 else gettext("{booked} visits").format(booked=len(booked))
        )
        messages.success(
            request,
            gettext("Booked: {number} of {patient}.").format(number=number, patient=plan.patient),
        )
        answer = HttpResponseRedirect(
            reverse("admin:treatment_sessions_treatmentplan_change", args=[plan.pk])
        )
        sent.keep(
            answer,
            name=gettext("{number} of {patient}").format(number=number, patient=plan.patient),
        )
        return answer

    def _series_page(
        self, request: HttpRequest, look: LookForm, times: Sequence[TimeForm]
    ) -> HttpResponse:
        read_names_once(times)
        answer = TemplateResponse(
            request,
            "sessions/admin/series.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Book the series"),
                "clock": clock_of(look.plan.clinic.zone),
                "look": look,
                "times": times,
                "plan": look.plan,
                "form_key": request.POST.get(KEY) or new_key(),
            },
        )
        return answer.render()  # now: later the clock is another
