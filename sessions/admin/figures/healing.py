"""How a session heals, on its page: a picture for each score, and the same in a table."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.decorators import display

from sessions.figures.healing import HealingCurve
from sessions.figures.pictures import columns, grid
from sessions.figures.read import read_healing_curve
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession


class HealingPart:
    """For the page of a session, once it is done."""

    def healing_sets(self, request: HttpRequest, session: TreatmentSession) -> list[Any]:
        is_done = session.kind == Kind.TREATMENT and session.status == Status.COMPLETED
        if not is_done or not request.user.has_perm("treatment_sessions.view_checkin"):
            return []
        return [("Healing", {"fields": ["healing_curve"]})]

    @display(description="healing curve")
    def healing_curve(self, session: TreatmentSession) -> str:
        curve = read_healing_curve(session, at=timezone.now())
        return healing_html(curve, [one.astimezone(session.clinic.zone) for one in curve.earlier])


def healing_html(curve: HealingCurve, earlier: list[datetime]) -> str:
    """`earlier` on the clinic's clock."""
    return render_to_string(
        "sessions/admin/figures/healing.html",
        {
            "curve": curve,
            "band": curve.band.label,
            "group": curve.group.label,
            "begun": [one.date() for one in earlier],
            "grid": grid(),
            "parts": [
                {"of": one, "columns": columns(one), "rows": [p for p in one.points if _is_told(p)]}
                for one in curve.curves
            ],
        },
    )


def _is_told(point: Any) -> bool:
    """Whether there is anything to say of a window."""
    known = [point.own, *point.earlier, point.cohort.spread]
    return any(one is not None for one in known)
