"""What happened otherwise than it should: on the page of its session, and on a page of its own.

While a session is in progress, each finding that the caller may not override can be answered in its
form: how it came about, and what was done about it. Like a warning that is decided, it is known by
its code and subject; what the page has shown of it is sent along.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic.admin import ReadOnlyInline, ServiceAdmin
from clinic.errors import DomainError
from clinic.permissions import actor
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Deviation, TreatmentSession, kind_of_finding
from sessions.safety.assessment import assess_session

WHY, DONE = "came_about", "was_done"


class Stopped(NamedTuple):
    """An open finding that the caller may not override."""

    code: str
    subject: str
    message: str

    def name(self, part: str) -> str:
        return f"{part}:{self.code}:{self.subject}"


def stops_for(request: HttpRequest, session: TreatmentSession) -> list[Stopped]:
    """Those that stand in the form: read once for each request. What was typed for one that the
    chart no longer shows stays on the page."""
    known: list[Stopped] | None = getattr(request, "open_stops", None)
    if known is not None:
        return known
    found = {}
    if session.status == Status.IN_PROGRESS:
        role = actor(request).role
        loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
        found = {
            (entry.finding.code, entry.finding.subject): entry.finding.message
            for entry in assess_session(loaded, at=timezone.now())
            if entry.is_open and role not in entry.finding.overridable_by
        }
    for name in request.POST:
        part, _, key = name.partition(":")
        if part == WHY:
            code, _, subject = key.partition(":")
            found.setdefault((code, subject), gettext("It is not found any more."))
    listed = [Stopped(*key, message) for key, message in found.items()]
    request.open_stops = listed  # type: ignore[attr-defined]
    return listed


def rows_of(stopped: Iterable[Stopped]) -> list[Any]:
    return [(one.name(WHY), one.name(DONE)) for one in stopped]


def fields_of(stopped: Iterable[Stopped]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for one in stopped:
        for part, label in (
            (WHY, gettext("how it came about")),
            (DONE, gettext("what was done about it")),
        ):
            fields[one.name(part)] = forms.CharField(
                label=label,
                required=False,
                max_length=500,
                help_text=one.message if part == WHY else "",
                widget=UnfoldAdminTextInputWidget,
            )
    return fields


def check(form: forms.Form | Any, stopped: Iterable[Stopped]) -> None:
    """Both, or neither."""
    for one in stopped:
        why, done = (form.cleaned_data.get(one.name(part)) for part in (WHY, DONE))
        if why and not done:
            form.add_error(one.name(DONE), gettext("Say what was done about it."))
        if done and not why:
            form.add_error(one.name(WHY), gettext("Say how it came about."))


def record(request: HttpRequest, form: Any, stopped: Iterable[Stopped]) -> None:
    """One deviation for each that was told. Refusals name the field."""
    for one in stopped:
        if not form.cleaned_data.get(one.name(WHY)):
            continue
        try:
            services.record_deviation(
                session_id=form.instance.pk,
                kind=kind_of_finding(one.code),
                code=one.code,
                subject=one.subject,
                reason=form.cleaned_data[one.name(WHY)],
                action_taken=form.cleaned_data[one.name(DONE)],
                at=timezone.now(),
                by=actor(request),
            )
        except DomainError as error:
            error.field = one.name(WHY)
            raise


class DeviationInline(ReadOnlyInline):
    model = Deviation
    fields = ["at", "by", "kind", "zone", "reason", "action_taken"]
    readonly_fields = fields
    ordering = ["id"]


@admin.register(Deviation)
class DeviationAdmin(ServiceAdmin):
    """All of them, for whoever looks after incidents; and one that was learned of afterwards."""

    adds = staticmethod(services.record_deviation)
    by_id = "session"
    list_display = ["at", "session", "kind", "zone", "reason", "by"]
    list_filter = ["kind"]
    list_select_related = ["session__patient", "session__area", "session__clinic", "zone", "by"]
    search_fields = ["session__patient__family_name", "session__patient__given_name", "reason"]
    autocomplete_fields = ["session"]
    ordering = ["-id"]
    fields = ["session", "kind", "zone", "reason", "action_taken"]
