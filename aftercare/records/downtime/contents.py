"""What stands in a downtime pack: a fixed number of statements, however full the days are."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q
from django.utils.translation import gettext

from clinic.models import Clinic, OnCallShift, User
from clinic.values.moments import date_in_words
from clinic.values.wallclock import day_bounds
from sessions.lifecycle import PlanStatus, Status
from sessions.models import Kind, SideEffect, TreatmentSession, ZoneTreatment
from sessions.safety.loading.record import age_on

DAYS = 2
ADULT = 18
SHEETS = 2  # for whom nobody has booked


@dataclass
class PackVisit:
    session: Any
    begins: str
    ends: str
    areas: str
    alerts: list[str]
    depths: list[str]

    @property
    def is_treatment(self) -> bool:
        return bool(self.session.kind == Kind.TREATMENT)


@dataclass
class PackDay:
    day: date
    visits: list[PackVisit] = field(default_factory=list)


@dataclass(frozen=True)
class Contents:
    clinic: Clinic
    days: list[PackDay]
    on_call: list[Any]
    staff: list[User]

    @property
    def visits(self) -> list[PackVisit]:
        return [visit for day in self.days for visit in day.visits]

    @property
    def sheets(self) -> list[PackVisit | None]:
        return [*(visit for visit in self.visits if visit.is_treatment), *[None] * SHEETS]

    @property
    def patients(self) -> list[Any]:
        return [visit.session.patient for visit in self.visits]


def read_contents(clinic: Clinic, *, at: datetime) -> Contents:
    today = at.astimezone(clinic.zone).date()
    dates = [today + timedelta(days=n) for n in range(DAYS)]
    start, end = day_bounds(dates[0], clinic.zone)[0], day_bounds(dates[-1], clinic.zone)[1]
    sessions = list(_sessions(clinic, start, end))
    patients = {session.patient_id for session in sessions}
    depths, effects = _last_depths(patients), _open_effects(patients)
    days = {day: PackDay(day) for day in dates}
    for session in sessions:
        visit = _visit(session, depths, effects)
        days[session.starts_at.astimezone(clinic.zone).date()].visits.append(visit)
    shifts = OnCallShift.objects.filter(clinic=clinic, starts_at__lt=end, ends_at__gt=at)
    return Contents(
        clinic,
        list(days.values()),
        list(shifts.select_related("practitioner", "clinic").order_by("starts_at")),
        list(clinic.staff.filter(is_active=True).exclude(mobile="").order_by("last_name", "pk")),
    )


def _sessions(clinic: Clinic, start: datetime, end: datetime) -> Any:
    areas = TreatmentSession.objects.select_related("area").exclude(status=Status.CANCELLED)
    rows = TreatmentSession.objects.filter(
        clinic=clinic, starts_at__gte=start, starts_at__lt=end, sitting=None
    ).exclude(status=Status.CANCELLED)
    return (
        rows.select_related("clinic", "patient", "area", "practitioner", "room", "plan")
        .prefetch_related(Prefetch("further_areas", areas.order_by("pk")))
        .order_by("starts_at", "id")
    )


def _visit(row: Any, depths: dict[Any, list[str]], effects: dict[Any, list[str]]) -> PackVisit:
    zone = row.clinic.zone
    return PackVisit(
        row,
        f"{row.starts_at.astimezone(zone):%H:%M}",
        f"{row.ends_at.astimezone(zone):%H:%M}",
        ", ".join([row.about, *(further.about for further in row.further_areas.all())]),
        _alerts(row) + effects.get(row.patient_id, []),
        depths.get(row.patient_id, []),
    )


def _alerts(row: Any) -> list[str]:
    """What whoever treats must know before they begin."""
    patient, found = row.patient, []
    if allergies := " ".join(patient.allergies.split()):
        found.append(gettext("Allergies: {allergies}").format(allergies=allergies))
    if patient.keloid_history:
        found.append(gettext("Keloids"))
    if patient.cold_sore_history:
        found.append(gettext("Cold sores"))
    if row.plan and row.plan.status == PlanStatus.ON_HOLD:
        found.append(gettext("Plan on hold"))
    age = age_on(patient.date_of_birth, row.starts_at_local.date())
    if age is None:
        found.append(gettext("Birth date missing"))
    elif age < ADULT:
        found.append(gettext("Minor, {age}").format(age=age))
    return found


def _open_effects(patients: set[Any]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = {}
    rows = SideEffect.objects.unresolved().filter(session__patient__in=patients)
    for effect in rows.select_related("session").order_by("pk"):
        words = gettext("Side effect open: {kind}, grade {grade}").format(
            kind=effect.get_kind_display(), grade=effect.grade
        )
        found.setdefault(effect.session.patient_id, []).append(words)
    return found


def _last_depths(patients: set[Any]) -> dict[Any, list[str]]:
    """Of each zone, what was charted the last time that it was treated."""
    found: dict[Any, list[str]] = {}
    rows = ZoneTreatment.objects.filter(
        Q(session__patient__in=patients) & ~Q(session__status=Status.CANCELLED)
    )
    newest = ("session__patient", "zone__code", "side", "-session__starts_at", "pk")
    for row in (
        rows.select_related("zone", "session__clinic").order_by(*newest).distinct(*newest[:3])
    ):
        side = "" if row.side == "BOTH" else f" ({row.get_side_display().lower()})"
        on = date_in_words(row.session.starts_at_local, "j M Y")
        words = gettext("{zone}{side}: {depth_mm} mm × {passes}, {on}").format(
            zone=row.zone, side=side, depth_mm=row.depth_mm, passes=row.passes, on=on
        )
        found.setdefault(row.session.patient_id, []).append(words)
    return found
