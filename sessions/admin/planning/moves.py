"""The page of a plan: its sessions, and holding, resuming, completing or stopping it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from clinic.admin.saving.once import SentForm, forget_messages, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.db.retries import retried_transaction
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from sessions import services
from sessions.admin.booking.retire import REASON, decider_of, question
from sessions.lifecycle import OCCUPIES, PLAN_NEXT, PlanStatus, Status
from sessions.models import Kind, TreatmentPlan
from sessions.services.ending.decisions import StillAhead

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 60
TONES = {PlanStatus.ACTIVE: "success", PlanStatus.ON_HOLD: "danger", PlanStatus.DRAFT: "info"}


@dataclass(frozen=True)
class Move:
    """A button on the page of a plan, and what its page says."""

    to: PlanStatus
    button: "StrOrPromise"
    words: "StrOrPromise"
    asks_why: bool = False


MOVES = {
    "activate": Move(
        PlanStatus.ACTIVE, _("Resume it"), _("Its sessions can be booked from now on.")
    ),
    "hold": Move(
        PlanStatus.ON_HOLD,
        _("Hold it"),
        _("Nothing of it is booked until it is resumed. What is booked already you decide here."),
        asks_why=True,
    ),
    "complete": Move(
        PlanStatus.COMPLETED,
        _("Complete it"),
        _("What was wanted is done. Visits that measure the outcome can still be booked."),
    ),
    "stop": Move(
        PlanStatus.STOPPED,
        _("Stop it"),
        _("It ends for good: for more, plan anew. What is booked already you decide here."),
        asks_why=True,
    ),
}


class PlanMoves:
    """For the page of a plan."""

    admin_site: Any
    change_form_before_template = "sessions/admin/plan/head.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        plan: Any = self.get_object(request, object_id)  # type: ignore[attr-defined]
        context = {**(extra_context or {}), "course": read_course(plan) if plan else None}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)  # type: ignore[misc]
        return answer

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """What the plan can become now."""
        found: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        plan: Any = self.get_object(request, str(object_id))  # type: ignore[attr-defined]
        possible = PLAN_NEXT[plan.status] if plan and not plan.patient.archived_at else ()
        hidden = {name for name, move in MOVES.items() if move.to not in possible}
        return [button for button in found if button.method.__name__ not in hidden]

    @action(description=_("Resume"), url_path="activate", permissions=["change"])
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(request, object_id, "activate")

    @action(description=_("Hold"), url_path="hold", permissions=["change"])
    def hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(request, object_id, "hold")

    @action(description=_("Complete"), url_path="complete", permissions=["change"])
    def complete(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(request, object_id, "complete")

    @action(description=_("Stop"), url_path="stop", permissions=["change"])
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(request, object_id, "stop")

    def _move(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Asks why, and what becomes of what is booked of it; then it is done once."""
        plan: Any = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if plan is None:
            raise Http404
        move, asked, errors = MOVES[name], dict[str, Any](), list[str]()
        if request.method == "POST":
            try:
                return _moved(request, plan, move)
            except StillAhead as ahead:
                forget_messages(request)
                asked = question(request, ahead)
            except REFUSED as error:
                forget_messages(request)
                errors = [message for _, message in refusals(error)]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{move.button}?",
            "record": plan,
            "move": move,
            "errors": errors,
            "reason": request.POST.get(REASON, ""),
            "form_key": new_key(),
            "course": read_course(plan),
            **asked,
        }
        return TemplateResponse(request, "sessions/admin/plan/move.html", context)


@retried_transaction
def _moved(request: HttpRequest, plan: TreatmentPlan, move: Move) -> HttpResponse:
    sent = SentForm(request)
    if replay := sent.spend():
        return repeat_answer(request, replay)
    services.move_plan(plan_id=plan.pk, to=move.to, decider=decider_of(request))
    messages.success(
        request, gettext("{plan} is now: {label}.").format(plan=plan, label=move.to.label)
    )
    page = "admin:treatment_sessions_treatmentplan_change"
    answer = HttpResponseRedirect(reverse(page, args=[plan.pk]))
    sent.keep(answer)
    return answer


def read_course(plan: TreatmentPlan) -> dict[str, Any]:
    """How far a plan has come, in one statement, the next visit first of those ahead."""
    rows = plan.sessions.select_related("clinic", "practitioner", "room", "visit_type")
    found = list(rows.order_by("starts_at", "id")[:SHOWN])
    treated = [row for row in found if row.kind == Kind.TREATMENT and row.status in OCCUPIES]
    done = sum(row.status == Status.COMPLETED for row in treated)
    numbers = {row.pk: number for number, row in enumerate(treated, start=1)}
    return {
        "done": done,
        "ahead": len(treated) - done,
        "left": max(plan.planned_sessions - len(treated), 0) if PLAN_NEXT[plan.status] else 0,
        "percent": min(100, round(100 * done / plan.planned_sessions)),
        "tone": TONES.get(PlanStatus(plan.status), ""),
        "clock": clock_of(plan.clinic.zone),
        "lines": [
            {
                "row": row,
                "when": date_in_words(row.starts_at_local, "D j M Y, H:i"),
                "what": gettext("Session {numbers}").format(numbers=numbers[row.pk])
                if row.pk in numbers
                else _name_of(row),
                "where": ", ".join(str(one) for one in (row.practitioner, row.room) if one),
            }
            for row in found
        ],
    }


def _name_of(row: Any) -> str:
    return str(row.visit_type) if row.visit_type else gettext("Session")
