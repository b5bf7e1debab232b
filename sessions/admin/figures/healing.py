"""How a session heals, on its page: a picture for each score, and the same in a table."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from clinic.admin.reads import once_each
from clinic.http.pdf import pdf_answer
from clinic.permissions import actor, may_see
from sessions.admin.figures.printed import printed
from sessions.figures.healing import HealingCurve
from sessions.figures.pictures import columns, grid
from sessions.figures.read import read_healing_curve
from sessions.lifecycle import Status
from sessions.models import Kind, TreatmentSession

CHECK_INS = "treatment_sessions.view_checkin"


class HealingPart:
    """For the page of a session, once it is done."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        pdf = self.admin_site.admin_view(self.healing_pdf)
        own = [path("<uuid:pk>/healing/pdf/", pdf, name="healing-pdf")]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def healing_sets(self, request: HttpRequest, session: TreatmentSession) -> list[Any]:
        is_done = session.kind == Kind.TREATMENT and session.status == Status.COMPLETED
        if not is_done or not may_see(request.user, CHECK_INS, session.patient_id):
            return []
        return [(gettext("Healing"), {"fields": ["healing_curve"]})]

    @display(description=_("healing curve"))
    @once_each
    def healing_curve(self, session: TreatmentSession) -> str:
        return _curve_of(session, pdf=reverse("admin:healing-pdf", args=[session.pk]))

    def healing_pdf(self, request: HttpRequest, pk: Any) -> HttpResponse:
        if not request.user.has_perm(CHECK_INS):
            raise PermissionDenied
        rows = TreatmentSession.objects.visible_to(actor(request)).filter(
            kind=Kind.TREATMENT, status=Status.COMPLETED
        )
        session = get_object_or_404(rows.select_related("clinic", "patient", "area"), pk=pk)
        if not may_see(request.user, CHECK_INS, session.patient_id):
            raise PermissionDenied
        page = printed(
            gettext("Healing curve"),
            about=str(session),
            body=_curve_of(session),
            at=timezone.now().astimezone(session.clinic.zone),
        )
        return pdf_answer(page, name="healing-curve")


def _curve_of(session: TreatmentSession, *, pdf: str = "") -> str:
    curve = read_healing_curve(session, at=timezone.now())
    zone = session.clinic.zone
    return healing_html(curve, [one.astimezone(zone).date() for one in curve.earlier], pdf=pdf)


def healing_html(curve: HealingCurve, earlier: list[date], *, pdf: str = "") -> str:
    """`earlier` on the clinic's calendar; `pdf` is where the same is as a PDF."""
    return render_to_string(
        "sessions/admin/figures/healing.html",
        {
            "curve": curve,
            "band": curve.band.label,
            "group": curve.group.label,
            "begun": earlier,
            "pdf": pdf,
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
