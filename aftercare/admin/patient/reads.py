"""What the page of a patient shows beside its form: a statement for each kind of row, and of none
more than the newest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.admin.messages import STATUS_COLOURS as MESSAGE_COLOURS
from aftercare.admin.today.visits import Chip, age_of_consent, medical_alerts
from aftercare.models import InboundMessage, Message
from clinic.models import User
from clinic.permissions import may_see
from clinic.values.moments import date_in_words
from patients.admin.tasks import SEVERITY_COLOURS
from patients.models import BreakGlass, Patient, PhotoScope, Screening, StaffTask, TreatmentConsent
from sessions import services
from sessions.admin.sessions import STATUS_COLOURS
from sessions.lifecycle import OCCUPIES, UPCOMING, PlanStatus, Status
from sessions.models import CheckIn, Kind, Photo, SideEffect, TreatmentPlan, TreatmentSession
from sessions.safety.loading.record import age_on

SHOWN = 20
TASKS_SHOWN = 6


@dataclass(frozen=True)
class Tab:
    """A tab, if the caller's role sees anything in it."""

    slug: str
    title: str
    count: int | None = None


@dataclass
class Sheet:
    """All that is read of one patient, as far as the caller may see it."""

    alerts: list[Chip] = field(default_factory=list)
    tabs: list[Tab] = field(default_factory=list)
    adds: list[tuple[str, str]] = field(default_factory=list)
    upcoming: list[dict[str, Any]] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    effects: list[Any] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)
    photos: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    inbound: list[Any] = field(default_factory=list)
    photos_agreed: bool = False
    clinical: bool = False
    sees_story: bool = False
    watches: bool = False
    exports: bool = False
    erases: bool = False
    may_open: bool = False
    open_until: datetime | None = None
    glasses: list[BreakGlass] = field(default_factory=list)


def read_sheet(patient: Patient, user: User, *, at: datetime) -> Sheet:
    """Takes a fixed number of statements, however long the story is."""
    sheet = Sheet(
        clinical=may_see(user, "patients.view_medical", patient.pk),
        sees_story=may_see(user, "patients.view_history", patient.pk),
        watches=user.has_perm("clinic.watch_accesses"),
        exports=may_see(user, "patients.export", patient.pk) and patient.merged_into_id is None,
        erases=user.has_perm("patients.confirm_erasure") and patient.archived_at is not None,
    )
    sees = _Sees(user, patient)
    sheet.may_open = user.has_perm("patients.add_breakglass")
    if sees("patients.breakglass"):
        sheet.glasses = _glasses(patient)
        own = (one.until for one in sheet.glasses if one.by_id == user.pk and one.is_open(at))
        sheet.open_until = next(own, None)
    visits = _visits(patient, user) if sees("treatment_sessions.treatmentsession") else []
    plans = _plans(patient, user) if sees("treatment_sessions.treatmentplan") else []
    if sees("treatment_sessions.sideeffect"):
        rows = SideEffect.objects.visible_to(user).filter(session__patient=patient)
        related = rows.select_related("session__area", "session__clinic", "session__patient")
        sheet.effects = list(related.select_related("zone").order_by("-onset_at", "-id")[:SHOWN])
    if sees("treatment_sessions.checkin"):
        reports = CheckIn.objects.visible_to(user).filter(session__patient=patient)
        sheet.reports = _reports(reports)
    if sees("treatment_sessions.photo"):
        sheet.photos, sheet.photos_agreed = _photos(patient, user, at=at)
    if sees("aftercare.message"):
        sheet.messages = _messages(patient, user)
    if sees("aftercare.inboundmessage"):
        written = InboundMessage.objects.visible_to(user).filter(patient=patient)
        sheet.inbound = list(written.order_by("-id")[:SHOWN])
    if sees("patients.stafftask"):
        sheet.tasks = _tasks(patient, user)
    sheet.visits = [_visit(row) for row in visits]
    sheet.upcoming = [
        one
        for one in reversed(sheet.visits)
        if one["row"].status in UPCOMING and one["row"].ends_at > at
    ]
    sheet.plans = [_plan(plan) for plan in plans]
    sheet.alerts = _alerts(patient, user, plans, sheet.effects, at=at)
    sheet.adds = _adds(patient, user, plans, visits)
    sheet.tabs = _tabs(sheet, sees)
    return sheet


class _Sees:
    def __init__(self, user: User, patient: Patient) -> None:
        self.user, self.patient = user, patient

    def __call__(self, label: str) -> bool:
        app, model = label.split(".")
        return may_see(self.user, f"{app}.view_{model}", self.patient.pk)


def _glasses(patient: Patient) -> list[BreakGlass]:
    rows = patient.break_glasses.select_related("by").order_by("-id")[:SHOWN]
    return list(rows)


def _visits(patient: Patient, user: User) -> list[TreatmentSession]:
    rows = TreatmentSession.objects.visible_to(user).filter(patient=patient)
    related = rows.select_related("clinic", "area", "practitioner", "room", "visit_type")
    return list(related.order_by("-starts_at", "-id")[:SHOWN])


def _visit(row: TreatmentSession) -> dict[str, Any]:
    return {
        "row": row,
        "when": date_in_words(row.starts_at_local, "D j M Y, H:i"),
        "about": str(row.area) if row.area else str(row.visit_type),
        "tone": STATUS_COLOURS[Status(row.status)],
    }


def _plans(patient: Patient, user: User) -> list[Any]:
    rows = TreatmentPlan.objects.visible_to(user).filter(patient=patient)
    treatments = Q(sessions__kind=Kind.TREATMENT)
    return list(
        rows.select_related("area", "protocol", "concern")
        .annotate(
            done=Count("sessions", filter=treatments & Q(sessions__status=Status.COMPLETED)),
            booked=Count("sessions", filter=treatments & Q(sessions__status__in=OCCUPIES)),
        )
        .order_by("-id")[:SHOWN]
    )


def _reports(rows: Any) -> list[CheckIn]:
    """The last page of each report has all that the earlier ones have."""
    newest = rows.select_related("session__area", "session__clinic", "session__visit_type")
    found: dict[Any, CheckIn] = {}
    for row in newest.order_by("-reported_at", "-id")[: 4 * SHOWN]:
        found.setdefault(row.report_id or row.pk, row)
    return list(found.values())[:SHOWN]


TONES = {
    PlanStatus.ACTIVE: "success",
    PlanStatus.ON_HOLD: "danger",
    PlanStatus.DRAFT: "info",
}


def _plan(plan: Any) -> dict[str, Any]:
    ahead = plan.booked - plan.done
    left = max(plan.planned_sessions - plan.booked, 0)
    is_open = plan.status in (PlanStatus.ACTIVE, PlanStatus.ON_HOLD, PlanStatus.DRAFT)
    return {
        "row": plan,
        "tone": TONES.get(plan.status, ""),
        "percent": min(100, round(100 * plan.done / plan.planned_sessions)),
        "ahead": ahead,
        "left": left if is_open else 0,
        "is_open": is_open,
    }


def _photos(patient: Patient, user: User, *, at: datetime) -> tuple[list[dict[str, Any]], bool]:
    """The newest of each view beside the first of it, as far as the patient agrees to them now."""
    rows = Photo.objects.visible_to(user).filter(services.shown_photos(at=at), patient=patient)
    by_view: dict[str, list[Photo]] = {}
    for photo in rows.order_by("-taken_at", "-id"):
        by_view.setdefault(photo.get_view_display(), []).append(photo)
    today = timezone.localdate(at, patient.clinic.zone)
    agreed = patient.photo_consents.valid(today).filter(scope=PhotoScope.CLINICAL).exists()
    views = [
        {
            "view": view,
            "before": photos[-1] if len(photos) > 1 else None,
            "after": photos[0],
            "number": len(photos),
        }
        for view, photos in by_view.items()
    ]
    return views, agreed


def _messages(patient: Patient, user: User) -> list[dict[str, Any]]:
    rows = Message.objects.visible_to(user).filter(patient=patient).select_related("step")
    return [
        {"row": row, "tone": MESSAGE_COLOURS.get(row.status, "")}  # type: ignore[call-overload]
        for row in rows.order_by("-due_at", "-id")[:SHOWN]
    ]


def _tasks(patient: Patient, user: User) -> list[dict[str, Any]]:
    rows = StaffTask.objects.visible_to(user).open().filter(patient=patient).order_by("urgency")
    return [{"row": row, "tone": SEVERITY_COLOURS[row.severity]} for row in rows[:TASKS_SHOWN]]


def _alerts(
    patient: Patient, user: User, plans: list[Any], effects: list[Any], *, at: datetime
) -> list[Chip]:
    """What nobody may overlook, the gravest first."""
    today = at.astimezone(patient.clinic.zone).date()
    found = medical_alerts(patient) if may_see(user, "patients.view_medical", patient.pk) else []
    found += [
        Chip(
            gettext("Open: {effect}").format(effect=effect),
            "danger",
            _page("treatment_sessions_sideeffect", effect),
        )
        for effect in effects
        if effect.resolved_at is None
    ]
    found += [
        Chip(
            gettext("Plan on hold: {area}").format(area=plan.area),
            "danger",
            _page("treatment_sessions_treatmentplan", plan),
        )
        for plan in plans
        if plan.status == PlanStatus.ON_HOLD
    ]
    age = age_on(patient.date_of_birth, today)
    if age is None:
        found.append(Chip(gettext("Birth date missing"), "warning"))
    elif age < age_of_consent(at):
        found.append(Chip(gettext("Minor, {age}").format(age=age), "warning"))
    return [*found, *_expired(patient, user, today)]


def _expired(patient: Patient, user: User, today: Any) -> list[Chip]:
    newest = Screening.objects.filter(patient=OuterRef("pk")).order_by("-taken_at", "-id")
    consents = TreatmentConsent.objects.filter(patient=OuterRef("pk"), revoked_at=None)
    until: Any = (
        Patient.objects.filter(pk=patient.pk)
        .annotate(
            screened=Subquery(newest.values("valid_until")[:1]),
            agreed=Subquery(consents.order_by("-signed_at", "-id").values("expires_on")[:1]),
        )
        .values("screened", "agreed")
        .get()
    )
    found = []
    for name, model, title in (
        ("agreed", "treatmentconsent", gettext("Consent")),
        ("screened", "screening", gettext("Screening")),
    ):
        if (
            until[name]
            and until[name] < today
            and may_see(user, f"patients.view_{model}", patient.pk)
        ):
            address = _add(f"patients_{model}", patient=patient.pk)
            words = gettext("{title} expired on {until}").format(
                title=title, until=date_in_words(until[name], "j M Y")
            )
            found.append(Chip(words, "warning", address if _may_add(user, model) else ""))
    return found


def _may_add(user: User, model: str) -> bool:
    return user.has_perm(f"patients.add_{model}")


def _page(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


def _add(name: str, **asked: Any) -> str:
    return f"{reverse(f'admin:{name}_add')}?{urlencode(asked)}"


# what can be added for a patient, in the order of a course of treatment
ADDS = [
    ("treatment_sessions", "candidacy", _("Candidacy")),
    ("treatment_sessions", "treatmentplan", _("Treatment plan")),
    ("patients", "screening", _("Screening")),
    ("patients", "skintypeassessment", _("Skin type")),
    ("patients", "consenthandout", _("Consent to read")),
    ("patients", "treatmentconsent", _("Treatment consent")),
    ("patients", "photoconsent", _("Photo consent")),
    ("treatment_sessions", "photo", _("Photograph")),
    ("patients", "othertreatment", _("Other treatment")),
    ("patients", "contactconsent", _("Contact consent")),
]


def _adds(
    patient: Patient, user: User, plans: list[Any], visits: list[TreatmentSession]
) -> list[tuple[str, str]]:
    """The forms that bring it, with the patient filled in: what the caller may add."""
    if patient.archived_at:
        return []
    found = []
    if user.has_perm("treatment_sessions.add_treatmentsession"):
        found += [
            (
                gettext("Treatment, {area}").format(area=plan.area),
                _add("treatment_sessions_treatmentsession", plan=plan.pk),
            )
            for plan in plans
            if plan.status == PlanStatus.ACTIVE
        ]
        visit = reverse("admin:patients_patient_book_visit", args=[patient.pk])
        found.append((gettext("Visit"), visit))
    if may_see(user, "treatment_sessions.add_treatmentplan", patient.pk):
        page = reverse("admin:planning-of", args=[patient.pk])
        found.append((gettext("Plan a course with its sessions"), page))
    found += [
        (str(title), _add(f"{app}_{model}", patient=patient.pk))
        for app, model, title in ADDS
        if may_see(user, f"{app}.add_{model}", patient.pk)
    ]
    treated = next(
        (row for row in visits if row.status in (Status.COMPLETED, Status.ABORTED)), None
    )
    if treated and may_see(user, "treatment_sessions.add_sideeffect", patient.pk):
        address = _add("treatment_sessions_sideeffect", session=treated.pk)
        found.append((gettext("Side effect"), address))
    return found


def _tabs(sheet: Sheet, sees: _Sees) -> list[Tab]:
    tabs = [Tab("general", gettext("Overview"))]
    if sees("treatment_sessions.treatmentsession"):
        tabs.append(Tab("sessions", gettext("Sessions"), len(sheet.visits)))
    if sees("treatment_sessions.sideeffect"):
        tabs.append(Tab("healing", gettext("Healing"), len(sheet.effects) + len(sheet.reports)))
    if sees("treatment_sessions.photo"):
        tabs.append(Tab("photos", gettext("Photos"), sum(one["number"] for one in sheet.photos)))
    if sees("aftercare.message"):
        tabs.append(Tab("messages", gettext("Messages"), len(sheet.messages) + len(sheet.inbound)))
    return [*tabs, Tab("record", gettext("Record"))]
