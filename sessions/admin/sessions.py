"""Sessions and their records, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import CharField, ChoiceField, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinic.accounts.signing import FIELD
from clinic.admin import OfTheirClinics, ServiceAdmin, StatusButtons
from clinic.admin.lists.filters import DaysFilter
from clinic.admin.reads import once_each
from clinic.admin.words import severity, status_badge
from clinic.permissions import actor, may_see
from clinic.values.moments import date_in_words
from clinic.values.wallclock import this_minute
from clinic.values.zones import suffix
from sessions import services
from sessions.admin.booking.cancel import CancelForm, CancelPages
from sessions.admin.booking.sittings import SittingPages, SkipForm, booking_form, has_several_areas
from sessions.admin.booking.visits import about
from sessions.admin.figures.healing import HealingPart
from sessions.admin.record import deviations
from sessions.admin.record.chart import (
    SCAN,
    AddendumInline,
    CartridgeUseInline,
    ProductUseInline,
    ScanForm,
    SessionEventInline,
    SessionFindingInline,
    ZoneTreatmentInline,
)
from sessions.admin.record.charting.page import NEVER, ChartPages
from sessions.admin.record.consultation import OutcomeList
from sessions.admin.record.cream import CREAM, CreamButtons
from sessions.admin.record.decisions import (
    TICK,
    Warned,
    check,
    decide,
    fields_of,
    rows_of,
    warnings_for,
)
from sessions.admin.record.phone import PhonePages
from sessions.admin.record.signer import (
    SIGNER,
    AsksWhoSigns,
    is_asked_when_booking,
    require_signer,
    require_signer_of_booking,
    signer_field,
)
from sessions.lifecycle import NEXT, AbortReason, Status
from sessions.models import Kind, TreatmentSession, tube_code
from sessions.safety.assessment import AssessedFinding, assess_session

ABORTED_BY = ("abort_why", "abort_words")


class RecordForm(ScanForm):
    abort_why = ChoiceField(
        required=False,
        choices=[("", "---------"), *AbortReason.choices],
        widget=UnfoldAdminSelectWidget,
        label=_("Why it ends here"),
        help_text=_("Then press Abort: the record is signed with what was done until now."),
    )
    abort_words = CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget, label=_("In words")
    )
    signed_with = signer_field()
    warned: list[Warned] = []
    stopped: list[deviations.Stopped] = []

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        check(self, self.warned)
        deviations.check(self, self.stopped)
        if not any(name.rpartition("_")[2] == "abort" for name in self.data):
            for name in ABORTED_BY:
                if data.get(name):
                    self.add_error(name, gettext("Press Abort as well, or take it out."))
        return data


STATUS_COLOURS = {
    Status.BOOKED: "info",
    Status.CONFIRMED: "success",
    Status.CHECKED_IN: "warning",
    Status.IN_PROGRESS: "warning",
    Status.COMPLETED: "success",
    Status.ABORTED: "danger",
    Status.CANCELLED: "",
    Status.NO_SHOW: "danger",
}

# button → the status it leads to
BUTTONS = {
    "confirm": Status.CONFIRMED,
    "check_in": Status.CHECKED_IN,
    "start_treatment": Status.IN_PROGRESS,
    "complete": Status.COMPLETED,
    "abort": Status.ABORTED,
    "skip": Status.CANCELLED,
    "cancel": Status.CANCELLED,
    "no_show": Status.NO_SHOW,
}


def _answer(entry: AssessedFinding) -> str:
    if entry.overridden_by:
        named = (
            gettext(" Signed off by {signed_off_by}.").format(signed_off_by=entry.signed_off_by)
            if entry.signed_off_by
            else ""
        )
        return gettext(" {overridden_by} goes on because: {override_reason}{named}").format(
            overridden_by=entry.overridden_by, override_reason=entry.override_reason, named=named
        )
    return (
        gettext(" It has happened: {reason}").format(reason=entry.deviation.reason)
        if entry.deviation
        else ""
    )


@admin.register(TreatmentSession)
class TreatmentSessionAdmin(
    AsksWhoSigns,
    ChartPages,
    PhonePages,
    CreamButtons,
    HealingPart,
    OutcomeList,
    SittingPages,
    CancelPages,
    StatusButtons,
    ServiceAdmin,
):
    adds = staticmethod(services.book_session)
    buttons = BUTTONS
    next_statuses = NEXT
    typed_as = {
        **SittingPages.typed_as,
        "code": "scanned_code",
        "abort_reason": "abort_why",
        "abort_note": "abort_words",
    }
    list_display = ["when", "patient", about, "practitioner", "room", "device", "shown_status"]
    list_filter = [
        *("kind", "status", ("starts_at", DaysFilter)),
        ("practitioner", OfTheirClinics),
        ("room", OfTheirClinics),
    ]
    list_select_related = ["clinic", "patient", "area", "practitioner", "room", "device__model"]
    page_select_related = ["plan__patient", "plan__protocol", "device__model"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["plan"]
    inlines = [
        ZoneTreatmentInline,
        ProductUseInline,
        CartridgeUseInline,
        SessionFindingInline,
        deviations.DeviationInline,
        AddendumInline,
        SessionEventInline,
    ]
    form = RecordForm
    ordering = ["-starts_at", "id"]
    actions_submit_line = [
        "confirm",
        "check_in",
        "start_treatment",
        "complete",
        *CREAM,
        "abort",
        "skip",
        "cancel",
        "no_show",
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            booking = ["plan", "further_plans", "starts_at", "practitioner", ("room", "device")]
            reasons = [*services.IN_SPITE, *([FIELD] if is_asked_when_booking(request) else [])]
            return [
                (None, {"fields": booking}),
                (gettext("In spite of a rule"), {"fields": reasons}),
            ]
        session = [
            *(("status", "when"), ("patient", "plan"), ("practitioner", "recovers_at")),
            *(("room", "device"), ("completed_at", "signed_by"), "rescheduled_from"),
            "spacing_override_reason",
        ]
        if has_several_areas(obj):
            session.append("areas_treated")
        left_out: list[Any] = []
        if self.may_skip(request, obj):
            left_out.append((gettext("If this area is left out"), {"fields": ["skip_reason"]}))
        if self.may_cancel(request, obj):
            left_out.append((gettext("If it is cancelled"), {"fields": ["patient_knows"]}))
        if not may_see(request.user, "treatment_sessions.view_zonetreatment", obj.patient_id):
            if request.user.has_perm("patients.add_breakglass"):
                left_out.append((gettext("Record"), {"fields": ["not_shown"]}))
            return [(None, {"fields": session}), *left_out]
        if obj.status == Status.ABORTED:
            session.append(("aborted_at", "abort_reason", "abort_note"))
        is_treatment = obj.kind == Kind.TREATMENT
        record: list[Any] = (
            [
                "rules_say",
                ("pain_score", "is_off_label"),
                ("sharps_disposed", "tube_labels"),
                "notes",
            ]
            if is_treatment
            else ["notes"]
        )
        if is_treatment and self.has_treat_permission(request) and obj.status not in NEVER:
            record.insert(0, "chart_page")
        if not is_treatment:
            session.append(("visit_type", "video_url"))
            record[:0] = ["to_measure"] if obj.kind == Kind.OUTCOME else []
            session.append(("side_effect", "task"))
        sets: list[Any] = [(None, {"fields": session}), (gettext("Record"), {"fields": record})]
        sets += self.healing_sets(request, obj)
        if self._is_open(request, obj):
            if obj.device:
                record.extend(["scanned_code", ("scan_reason", "scan_action")])
            if warned := warnings_for(request, obj):
                sets.append((gettext("Open warnings: decide each"), {"fields": rows_of(warned)}))
            if stopped := deviations.stops_for(request, obj):
                told = {"fields": deviations.rows_of(stopped)}
                sets.append(
                    (gettext("Nobody may override these: if it has happened, tell it"), told)
                )
            sets.append((gettext("If it ends before it is done"), {"fields": [ABORTED_BY]}))
            if obj.clinic.asks_who_signs:
                sets.append(SIGNER)
        return [*sets, *left_out]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        sets = self.get_fieldsets(request, obj)
        rows = [row for _, options in sets for row in options["fields"]]
        return [name for row in rows for name in ([row] if isinstance(row, str) else row)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        written = {"pain_score", "sharps_disposed", "notes", FIELD, *SCAN, *ABORTED_BY}
        is_open = self._is_open(request, obj)
        if is_open:
            written |= set(fields_of(warnings_for(request, obj)))
            written |= set(deviations.fields_of(deviations.stops_for(request, obj)))
        names = self.get_fields(request, obj)
        fixed = [name for name in names if name not in written or not is_open]
        return [name for name in fixed if name not in ("skip_reason", "patient_knows")]

    def _is_open(self, request: HttpRequest, session: TreatmentSession) -> bool:
        """Whether the caller may write the record now."""
        may_write = may_see(request.user, "treatment_sessions.treat", session.patient_id)
        is_open = session.patient.archived_at is None
        return may_write and is_open and session.status in (Status.CHECKED_IN, Status.IN_PROGRESS)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        if obj and obj.kind != Kind.TREATMENT:  # nothing is charted
            return [AddendumInline, SessionEventInline]
        return super().get_inlines(request, obj)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = booking_form(request)
        elif not self._is_open(request, obj):
            kwargs["form"] = ModelForm
        else:
            warned = warnings_for(request, obj)
            stopped = deviations.stops_for(request, obj)
            fields = {**fields_of(warned), **deviations.fields_of(stopped)}
            kwargs["form"] = type(
                "RecordForm", (RecordForm,), {**fields, "warned": warned, "stopped": stopped}
            )
        if obj and self.may_skip(request, obj):
            kwargs["form"] = type("SkipForm", (SkipForm, kwargs["form"]), {})
        if obj and self.may_cancel(request, obj):
            kwargs["form"] = type("CancelForm", (CancelForm, kwargs["form"]), {})
        return super().get_form(request, obj, change=change, **kwargs)

    @display(description=_("safety rules"))
    @once_each
    def rules_say(self, session: TreatmentSession) -> str:
        """Every finding of the rules as they are now, the gravest first."""
        loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
        assessed = assess_session(loaded, at=timezone.now())
        return format_html_join(
            "",
            '<p class="mb-2">{} {}{}</p>',
            (
                (
                    severity(entry.finding.severity),
                    entry.finding.message,
                    _answer(entry),
                )
                for entry in assessed
            ),
        ) or gettext("Nothing to say.")

    @display(description=_("labels of tubes of blood"))
    def tube_labels(self, session: TreatmentSession) -> str:
        return gettext("{tube_code}-1, -2 and so on: for this patient and visit only").format(
            tube_code=tube_code(session)
        )

    @display(description=_("what is clinical"))
    def not_shown(self, session: TreatmentSession) -> str:
        page = reverse("admin:patient-break-glass", args=[session.patient_id])
        return format_html('Not shown here: <a href="{}">open it with a reason</a>.', page)

    @display(description=_("starts at (clinic time)"), ordering="starts_at")
    def when(self, session: TreatmentSession) -> str:
        zone = session.clinic.zone
        return f"{date_in_words(session.starts_at_local, 'D j M Y, H:i')}{suffix(zone)}"

    @display(description=_("status"), ordering="status")
    def shown_status(self, session: TreatmentSession) -> str:
        return status_badge(session, STATUS_COLOURS)

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> Model:
        begins = data["starts_at"] or this_minute(timezone.now())
        data = require_signer_of_booking(request, data)
        booked = super().add_by_service(request, {**data, "starts_at": begins})
        if isinstance(booked, TreatmentSession) and booked.clear_on:
            messages.warning(
                request,
                gettext("A washout lasts until {clear_on}.").format(
                    clear_on=date_in_words(booked.clear_on, "j M Y")
                ),
            )
        return booked

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
        elif self._is_open(request, obj):
            obj.save(update_fields=["pain_score", "sharps_disposed", "notes"])

    def before_pressing(self, request: HttpRequest, form: Any) -> None:
        """Take in a scanned cartridge, and decide the warnings that were ticked."""
        session = form.instance
        if not self._is_open(request, session):
            return
        if code := form.cleaned_data.get("scanned_code"):
            services.use_cartridge(
                session_id=session.pk,
                code=code,
                reason=form.cleaned_data["scan_reason"],
                action_taken=form.cleaned_data["scan_action"],
                at=timezone.now(),
                by=actor(request),
            )
        if any(form.cleaned_data.get(one.name(TICK)) for one in form.warned):
            require_signer(request, session)
        decide(request, form, form.warned)
        deviations.record(request, form, form.stopped)

    def _move(self, request: HttpRequest, session: TreatmentSession, to: Status) -> None:
        self.press(request, services.move_session, session_id=session.pk, to=to, undoable=True)

    @action(description=_("Confirm"), permissions=["change"])
    def confirm(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.CONFIRMED)

    @action(description=_("Check in"), permissions=["change"])
    def check_in(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.CHECKED_IN)

    @action(description=_("Start"), permissions=["treat"])
    def start_treatment(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.IN_PROGRESS)

    @action(description=_("Complete"), permissions=["treat"])
    def complete(self, request: HttpRequest, obj: TreatmentSession) -> None:
        require_signer(request, obj)
        self._move(request, obj, Status.COMPLETED)

    @action(description=_("Abort"), permissions=["treat"])
    def abort(self, request: HttpRequest, obj: TreatmentSession) -> None:
        require_signer(request, obj)
        why, note = (request.POST.get(name, "") for name in ABORTED_BY)
        self.press(request, services.abort_session, session_id=obj.pk, why=why, note=note)

    @action(description=_("No-show"), permissions=["change"])
    def no_show(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.NO_SHOW)
