"""The page “Figures”: outcomes, side effects and signals of a clinic, as the API answers them."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from unfold.views import UnfoldModelAdminViewMixin
from unfold.widgets import UnfoldAdminSelectWidget

from clinic.admin.forms.fields import WRITTEN, DateField, DateInput
from clinic.http.pdf import pdf_answer
from clinic.models import Clinic, User
from clinic.permissions import actor
from patients.models import Area
from sessions.admin.figures.printed import printed
from sessions.figures.cuts import PERIOD_DAYS, SkinGroup
from sessions.figures.pictures import intervals
from sessions.figures.read import milestone_window, read_outcomes, read_rates, read_signals
from sessions.figures.rows.scope import Scope
from sessions.figures.rows.side_effects import Events
from sessions.figures.side_effects import Grouping
from sessions.models import Milestone, OutcomeMeasure, OutcomeScale, RaterRole, VisitType
from sessions.scheduling.attendance import attendance

MILESTONES = [(one.value, one.label) for one in (Milestone.DAY_90, Milestone.DAY_180)]


def _groupings() -> list[tuple[str, str]]:
    return [(one.value, str(capfirst(one.label))) for one in Grouping]


class FigureForm(forms.Form):
    clinic: Any = forms.ModelChoiceField(
        label=_("Clinic"), queryset=Clinic.objects.none(), empty_label=None
    )
    first = DateField(label=_("Treated from"), widget=DateInput)
    last = DateField(label=_("To"), widget=DateInput)
    area: Any = forms.ModelChoiceField(
        label=_("Area"),
        queryset=Area.objects.order_by("name"),
        required=False,
        empty_label=_("All areas"),
    )
    skin_group = forms.ChoiceField(
        label=_("Skin group"),
        required=False,
        choices=[("", _("All skin types")), *SkinGroup.choices],
    )
    scale: Any = forms.ModelChoiceField(
        label=_("Scale"),
        queryset=OutcomeScale.objects.none(),
        to_field_name="code",
        empty_label=None,
    )
    rater_role = forms.ChoiceField(
        label=_("Rated by"),
        required=False,
        choices=[("", _("Who usually rates it")), *RaterRole.choices],
    )
    milestone = forms.ChoiceField(label=_("Milestone"), choices=MILESTONES)
    by = forms.ChoiceField(label=_("Side effects by"), choices=_groupings)

    def __init__(self, user: User, asked: Any) -> None:
        now = timezone.now()
        clinics = Clinic.objects.visible_to(user).order_by("name")
        in_effect = OutcomeScale.objects.in_effect(now).values("pk")
        scales = OutcomeScale.objects.filter(pk__in=in_effect).order_by("name")
        today = now.astimezone(user.works_at[0].zone).date() if user.works_at else now.date()
        usual = {
            "clinic": str(user.works_at[0].pk) if user.works_at else "",
            "first": formatted(today - timedelta(days=PERIOD_DAYS), WRITTEN),
            "last": formatted(today, WRITTEN),
            "scale": _usual_scale(user, scales),
            "milestone": Milestone.DAY_90.value,
            "by": Grouping.DEPTH_BAND.value,
        }
        super().__init__({**usual, **{name: value for name, value in asked.items() if value}})
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]
        self.fields["scale"].queryset = scales  # type: ignore[attr-defined]
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                widget = UnfoldAdminSelectWidget()
                widget.choices = field.choices
                field.widget = widget
                widget.is_required = field.required

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", gettext("Must not be before the first day."))
        scale, role = data.get("scale"), data.get("rater_role")
        if scale and role and role not in scale.rater_roles:
            named = ", ".join(RaterRole(one).label.lower() for one in scale.rater_roles)
            self.add_error(
                "rater_role",
                gettext("{scale} is rated by: {named}.").format(scale=scale, named=named),
            )
        return data


def _usual_scale(user: User, scales: QuerySet[OutcomeScale]) -> str:
    """That of the newest result, or else any."""
    results = OutcomeMeasure.objects.in_clinics_of(user).filter(milestone__in=dict(MILESTONES))
    newest = results.order_by("-pk").values_list("scale__code", flat=True).first()
    return newest or next(iter(scales.values_list("code", flat=True)), "")


class FiguresPage(UnfoldModelAdminViewMixin, TemplateView):
    title = _("Figures")
    permission_required = "treatment_sessions.view_figures"
    template_name = "sessions/admin/figures/page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        form = FigureForm(actor(self.request), self.request.GET)
        figures = _figures(form.cleaned_data) if form.is_valid() else {}
        return {**context, "form": form, **figures}


class FiguresPdf(FiguresPage):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = FigureForm(actor(request), request.GET)
        if not form.is_valid():  # the page says beside which field
            return HttpResponseRedirect(f"{reverse('admin:figures')}?{request.GET.urlencode()}")
        figures = _figures(form.cleaned_data)
        page = printed(
            gettext("Figures"),
            about=str(figures["scope"].clinic),
            body=render_to_string("sessions/admin/figures/figures.html", figures),
            at=timezone.now().astimezone(figures["scope"].clinic.zone),
        )
        return pdf_answer(page, name="figures")


def _figures(asked: dict[str, Any]) -> dict[str, Any]:
    scope = Scope(
        clinic=asked["clinic"],
        first=asked["first"],
        last=asked["last"],
        area=asked["area"],
        group=SkinGroup(asked["skin_group"]) if asked["skin_group"] else None,
    )
    now, milestone, scale = timezone.now(), Milestone(asked["milestone"]), asked["scale"]
    window = milestone_window(milestone, now)
    role = asked["rater_role"] or scale.rater_roles[0]
    outcomes = read_outcomes(
        scope, scale=scale, rater_role=role, milestone=milestone, window=window, at=now
    )
    rates = read_rates(scope, Events(), Grouping(asked["by"]))
    changes = [one for one in outcomes.cells if one.change]
    shares = [one for one in rates if one.share]
    return {
        "scope": scope,
        "scope_group": scope.group.label if scope.group else gettext("all skin types"),
        "scale": scale,
        "rater": RaterRole(role).label.lower(),
        "window": window,
        "outcomes": outcomes,
        "changes": changes,
        "changes_picture": intervals(
            [one.change for one in changes if one.change],
            [str(one.band.label) for one in changes],
            reference=0,
            as_percent=False,
        ),
        "by": Grouping(asked["by"]).label,
        "rates": rates,
        "shares": shares,
        "shares_picture": intervals(
            [one.share for one in shares if one.share],
            [one.group.label for one in shares],
            reference=0,
            as_percent=True,
        ),
        "signals": read_signals(scope, Events(is_expected=False)),
        "attendance": _attendance(scope, at=now),
    }


def _attendance(scope: Scope, *, at: datetime) -> list[VisitType]:
    """The kinds of visit that were to be in that time, of all areas and skin types."""
    kinds = VisitType.objects.filter(clinic=scope.clinic).order_by("name", "pk")
    rows = attendance(kinds, scope.first, scope.last, at=at)
    return [row for row in rows if row.attended or row.missed or row.cancelled_late or row.due]


class FiguresAddress:
    """For an admin of a model: the page stands below its address."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(FiguresPage.as_view(model_admin=self))
        pdf = self.admin_site.admin_view(FiguresPdf.as_view(model_admin=self))
        own = [
            path("figures/", page, name="figures"),
            path("figures/pdf/", pdf, name="figures-pdf"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]
