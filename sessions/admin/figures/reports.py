"""The page “Reports”: a clinic's months in tables, to read, to print, as CSV and as a workbook."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from clinic.http.tables import csv_answer, xlsx_answer
from clinic.models import Clinic, User
from clinic.permissions import actor
from clinic.values.moments import date_in_words
from sessions.figures import pictures
from sessions.figures.rows.reports import (
    Period,
    side_effects,
    stock,
    use_of_hours,
    visits_by_month,
)

BACK, LONGEST = 36, 12  # months: how far one may look, and how many at once
TOO_FEW = _("too few")


@dataclass(frozen=True)
class Table:
    """One report: what a reader and a table program get of it. The column that is `drawn` has a
    picture beside the table."""

    code: str
    title: str
    about: str
    head: Sequence[str]
    rows: list[list[str]]
    empty: str
    drawn: int | None = None
    named_by: int = 1  # so many cells of a row say what a bar is

    @property
    def bars(self) -> pictures.Bars | None:
        if self.drawn is None:
            return None
        values = [
            (" · ".join(row[: self.named_by]), row[self.drawn])
            for row in self.rows
            if row[self.drawn]
        ]
        return pictures.bars(self.head[self.drawn], values)


class ReportForm(forms.Form):
    clinic: Any = forms.ModelChoiceField(
        label=_("Clinic"), queryset=Clinic.objects.none(), empty_label=None
    )
    first = forms.ChoiceField(label=_("From the month"))
    last = forms.ChoiceField(label=_("To the month"))
    practitioner: Any = forms.ModelChoiceField(
        label=_("Practitioner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("All practitioners"),
    )

    def __init__(self, user: User, asked: Any, *, today: date) -> None:
        months = [(f"{day:%Y-%m}", date_in_words(day, "F Y")) for day in months_until(today, BACK)]
        usual = {
            "clinic": str(user.works_at[0].pk) if user.works_at else "",
            "first": months[2][0],
            "last": months[0][0],
        }
        super().__init__({**usual, **{name: value for name, value in asked.items() if value}})
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).order_by("name")  # type: ignore[attr-defined]
        people = User.objects.visible_to(user).practitioners().order_by("last_name", "username")
        self.fields["practitioner"].queryset = people  # type: ignore[attr-defined]
        for name in ("first", "last"):
            self.fields[name].choices = months  # type: ignore[attr-defined]
        for field in self.fields.values():
            widget = UnfoldAdminSelectWidget()
            widget.choices = field.choices  # type: ignore[attr-defined]
            field.widget = widget
            widget.is_required = field.required

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", gettext("Must not be before the first month."))
        elif first and last and len(self.months) > LONGEST:
            self.add_error("last", gettext("{longest} months at most.").format(longest=LONGEST))
        return data

    @property
    def months(self) -> list[date]:
        day, last = (
            date.fromisoformat(f"{self.cleaned_data[name]}-01") for name in ("first", "last")
        )
        found = []
        while day <= last:
            found.append(day)
            day = month_after(day)
        return found

    @property
    def period(self) -> Period:
        months = self.months
        return Period(
            self.cleaned_data["clinic"],
            months,
            month_after(months[-1]),
            self.cleaned_data["practitioner"],
        )


def month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def months_until(today: date, number: int) -> list[date]:
    """The newest first."""
    place = today.year * 12 + today.month - 1
    return [date((place - n) // 12, (place - n) % 12 + 1, 1) for n in range(number)]


def reports(request: HttpRequest, more: Sequence[Callable[[Period], Table]] = ()) -> HttpResponse:
    """A fixed number of statements, however many visits there are; `more` are tables from above."""
    if not request.user.has_perm("treatment_sessions.view_figures"):
        raise PermissionDenied
    user = actor(request)
    form = ReportForm(user, request.GET, today=timezone.localdate())
    tables = tables_of(form.period, more) if form.is_valid() else []
    wanted = next((one for one in tables if one.code == request.GET.get("csv")), None)
    if wanted:
        return csv_answer(wanted.head, wanted.rows, name=f"{wanted.code}-{form.months[0]:%Y-%m}")
    if tables and "xlsx" in request.GET:
        sheets = ((one.title, one.head, one.rows) for one in tables)
        return xlsx_answer(sheets, name=f"reports-{form.months[0]:%Y-%m}")
    asked = request.GET.copy()
    asked.pop("csv", None)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Reports"),
        "form": form,
        "tables": tables,
        "clinic": form.cleaned_data.get("clinic") if tables else None,
        "months": form.months if tables else [],
        "who": form.cleaned_data.get("practitioner"),
        "asked": asked.urlencode(),
    }
    return TemplateResponse(request, "sessions/admin/figures/reports.html", context)


def tables_of(period: Period, more: Sequence[Callable[[Period], Table]] = ()) -> list[Table]:
    added = [read(period) for read in more]
    return [_visits(period), *added, _hours(period), _harm(period), _stock(period)]


def _visits(period: Period) -> Table:
    head = (
        gettext("Month"),
        pgettext("visits of a month", "Booked"),
        pgettext("visits of a month", "Done"),
        gettext("No-shows"),
        gettext("No-shows, %"),
        pgettext("visits of a month", "Cancelled"),
        gettext("Of these late"),
    )
    rows = [
        [
            date_in_words(one.month, "M Y"),
            *map(str, (one.booked, one.done, one.missed)),
            percent(one.share_missed),
            *map(str, (one.cancelled, one.cancelled_late)),
        ]
        for one in visits_by_month(period)
    ]
    about = gettext(
        "By the day of the visit. A visit that was moved counts where it is now; several areas in "
        "one sitting count once. No-shows are of those that were done or missed."
    )
    return Table("visits", gettext("Visits"), about, head, rows, "", drawn=4)


def _hours(period: Period) -> Table:
    head = (
        gettext("Month"),
        gettext("Practitioner"),
        gettext("Hours to book"),
        gettext("Hours booked"),
        gettext("Used, %"),
    )
    rows = [
        [
            date_in_words(one.month, "M Y"),
            one.who,
            f"{one.hours:.1f}",
            f"{one.booked:.1f}",
            percent(one.share),
        ]
        for one in use_of_hours(period)
    ]
    about = gettext(
        "Hours to book are working hours within opening hours, without time off and closures. "
        "Booked are visits that were not cancelled or missed, without setting up and cleaning."
    )
    empty = gettext("Nobody could be booked then.")
    return Table("hours", gettext("Use of hours"), about, head, rows, empty, drawn=4, named_by=2)


def _harm(period: Period) -> Table:
    head = (
        gettext("Protocol"),
        gettext("Depth"),
        gettext("Treatments"),
        gettext("With a side effect"),
        "Per 100 treatments",
    )
    rows = [
        [
            one.protocol,
            str(one.band.label),
            str(one.treatments),
            str(one.with_effect),
            str(TOO_FEW) if one.per_hundred is None else f"{one.per_hundred:.1f}",
        ]
        for one in side_effects(period)
    ]
    about = gettext(
        "Signed treatments in which skin was needled, by the deepest setting on any zone."
    )
    empty = gettext("Nothing was needled then.")
    return Table(
        "side-effects", gettext("Side effects"), about, head, rows, empty, drawn=4, named_by=2
    )


def _stock(period: Period) -> Table:
    head = (
        gettext("Device model"),
        gettext("Lot"),
        gettext("Expires"),
        gettext("Received"),
        gettext("Used in these months"),
        gettext("Left now"),
    )
    rows = [
        [
            str(lot.device_model),
            lot.lot,
            date_in_words(lot.expires_on, "j M Y"),
            *map(str, (lot.quantity, lot.used_then, lot.left)),
        ]
        for lot in stock(period)
    ]
    about = gettext("Cartridge lots that are in store, or were used in these months by anybody.")
    return Table("stock", gettext("Stock"), about, head, rows, gettext("There is no lot in store."))


def percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f}"
