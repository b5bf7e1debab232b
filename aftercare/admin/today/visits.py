"""The visits of a day as whoever asks may see them: one statement for them, one for their areas."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from aftercare.admin.today.days import ClinicDay, within
from clinic.admin.words import Tone
from clinic.models import ClinicalRule, User
from clinic.permissions import seen_among, sees_some
from clinic.values.moments import date_in_words
from patients.models import ConsentHandout, ConsentText, Screening, TreatmentConsent
from sessions.admin.sessions import STATUS_COLOURS
from sessions.lifecycle import NEXT, OCCUPIES, PlanStatus, Status
from sessions.models import Kind, SideEffect, TreatmentSession
from sessions.safety.loading.record import age_on
from sessions.services.booking.moves import CHECK_IN_OPENS

NOT_THERE_YET = (Status.BOOKED, Status.CONFIRMED)
STILL_TO_COME = (*NOT_THERE_YET, Status.CHECKED_IN)
LATE, NEAR = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True)
class Chip:
    """A word or two beside a visit, and where what it says is mended."""

    words: str
    tone: Tone = ""
    address: str = ""


@dataclass
class Visit:
    """One visit, with what is to be done about it."""

    session: TreatmentSession
    begins: str
    ends: str
    progress: str = ""
    chips: list[Chip] = field(default_factory=list)
    alerts: list[Chip] = field(default_factory=list)
    moves: list[tuple[str, str]] = field(default_factory=list)
    may_end: bool = False
    may_treat: bool = False

    @property
    def tone(self) -> Tone:
        return STATUS_COLOURS[Status(self.session.status)]

    @property
    def is_over(self) -> bool:
        return not NEXT[self.session.status]


@dataclass(frozen=True)
class Seen:
    """What the caller's role lets them see and do."""

    medical: bool
    screenings: bool
    consents: bool
    handouts: bool
    patients: bool
    effects: bool
    changes: bool
    treats: bool

    @classmethod
    def by(cls, user: User) -> "Seen":
        return cls(
            medical=sees_some(user, "patients.view_medical"),
            screenings=sees_some(user, "patients.view_screening"),
            consents=user.has_perm("patients.view_treatmentconsent"),
            handouts=user.has_perm("patients.add_consenthandout"),
            patients=user.has_perm("patients.change_patient"),
            effects=sees_some(user, "treatment_sessions.view_sideeffect"),
            changes=user.has_perm("treatment_sessions.change_treatmentsession"),
            treats=user.has_perm("treatment_sessions.treat"),
        )


def visits_of(user: User, days: list[ClinicDay], *, at: datetime) -> list[Visit]:
    """In the order of the day. Those that are cancelled are not there: `cancelled_on` counts."""
    rows: Any = TreatmentSession.objects.visible_to(user).filter(within(days), sitting=None)
    rows = _with_facts(rows.exclude(status=Status.CANCELLED), at)
    seen, adult = Seen.by(user), age_of_consent(at)
    found = list(rows.order_by("starts_at", "id"))
    if not user.narrowed:
        return [_visit(row, seen, adult, at=at) for row in found]
    own = seen_among(user, "patients.view_medical", {row.patient_id for row in found})
    others = replace(seen, medical=False, screenings=False, effects=False, treats=False)
    return [_visit(row, seen if row.patient_id in own else others, adult, at=at) for row in found]


def cancelled_on(user: User, days: list[ClinicDay]) -> dict[Any, int]:
    """How many visits of the day are cancelled, by clinic."""
    rows = TreatmentSession.objects.visible_to(user).filter(within(days), sitting=None)
    counts = rows.filter(status=Status.CANCELLED).values("clinic").annotate(number=Count("pk"))
    return {row["clinic"]: row["number"] for row in counts}


def age_of_consent(at: datetime) -> int:
    rule = ClinicalRule.objects.in_effect(at).filter(code="age-of-consent").first()
    return int(rule.value) if rule else 18


def _with_facts(rows: Any, at: datetime) -> Any:
    """Each with what its chips tell, so that none of them asks again."""
    own: dict[str, Any] = {"patient": OuterRef("patient")}
    newest = Screening.objects.filter(**own).order_by("-taken_at", "-id")
    consents = TreatmentConsent.objects.filter(**own, revoked_at=None)
    effects = SideEffect.objects.unresolved().filter(session__patient=OuterRef("patient"))
    texts = ConsentText.objects.in_effect(at).values("pk")
    of_plan = TreatmentSession.objects.filter(
        plan=OuterRef("plan"), kind=Kind.TREATMENT, status__in=OCCUPIES
    )
    earlier = of_plan.filter(starts_at__lte=OuterRef("starts_at")).values("plan")
    areas = TreatmentSession.objects.select_related("area").exclude(status=Status.CANCELLED)
    return (
        rows.select_related(
            *("clinic", "patient", "area", "practitioner", "room", "visit_type", "plan")
        )
        .annotate(
            number=Coalesce(Subquery(earlier.annotate(n=Count("pk")).values("n")), 0),
            screened_until=Subquery(newest.values("valid_until")[:1]),
            screened_by=Subquery(newest.values("taken_by")[:1]),
            consent_until=Subquery(consents.order_by("-signed_at", "-id").values("expires_on")[:1]),
            has_read=Exists(ConsentHandout.objects.filter(**own, text__in=texts)),
            open_effects=Coalesce(
                Subquery(
                    effects.order_by()
                    .values("session__patient")
                    .annotate(n=Count("pk"))
                    .values("n")
                ),
                0,
            ),
        )
        .prefetch_related(Prefetch("further_areas", areas.order_by("pk")))
    )


def _visit(row: Any, seen: Seen, adult: int, *, at: datetime) -> Visit:
    zone = row.clinic.zone
    visit = Visit(
        row, f"{row.starts_at.astimezone(zone):%H:%M}", f"{row.ends_at.astimezone(zone):%H:%M}"
    )
    if row.kind == Kind.TREATMENT:
        visit.progress = gettext("{number} of {planned_sessions}").format(
            number=row.number, planned_sessions=row.plan.planned_sessions
        )
    if row.status in STILL_TO_COME:
        visit.chips = _missing(row, seen)
        if row.status in NOT_THERE_YET and at > row.starts_at + LATE:
            minutes = (at - row.starts_at) // timedelta(minutes=1)
            visit.chips.insert(
                0, Chip(gettext("{minutes} min late").format(minutes=minutes), "warning")
            )
        if row.delayed_minutes:
            begins = (row.starts_at + timedelta(minutes=row.delayed_minutes)).astimezone(zone)
            visit.chips.insert(
                0,
                Chip(
                    gettext("Begins at about {begins}").format(begins=date_in_words(begins, "H:i")),
                    "info",
                ),
            )
    visit.alerts = _alerts(row, seen, adult)
    if seen.changes and row.patient.archived_at is None:
        visit.moves = [(to, label) for to, label in _moves(row, at) if to in NEXT[row.status]]
    visit.may_end = seen.changes and Status.CANCELLED in NEXT[row.status]
    visit.may_treat = seen.treats and row.status in (Status.CHECKED_IN, Status.IN_PROGRESS)
    return visit


def _moves(row: Any, at: datetime) -> list[tuple[str, str]]:
    """What is most likely done now comes first."""
    found = [(str(Status.CONFIRMED), gettext("Confirm"))]
    if at >= row.starts_at - CHECK_IN_OPENS:
        is_near = at >= row.starts_at - NEAR
        found.insert(0 if is_near else 1, (str(Status.CHECKED_IN), gettext("Check in")))
    if at >= row.starts_at:
        found.append((str(Status.NO_SHOW), gettext("No-show")))
    return found


def _add(name: str, row: Any) -> str:
    return f"{reverse(f'admin:{name}_add')}?{urlencode({'patient': row.patient_id})}"


def _missing(row: Any, seen: Seen) -> list[Chip]:
    """What stands in the way of the needle, each with the form that brings it. Who does not see
    what is clinical is told that something is, and whom to ask."""
    on, found, hidden = row.starts_at_local.date(), [], False
    if row.patient.date_of_birth is None:
        found.append(Chip(gettext("Birth date missing"), "warning", _page_of(row.patient)))
    if row.kind != Kind.TREATMENT:
        return found
    lacks = {
        "consent": row.consent_until is None or row.consent_until < on,
        "screening": row.screened_until is None or row.screened_until < on,
        "unconfirmed": row.screened_until is not None and row.screened_by is None,
        "skin": row.patient.skin_type is None,
    }
    if seen.consents and lacks["consent"]:
        words = gettext("Consent expired") if row.consent_until else gettext("Consent missing")
        found.append(Chip(words, "warning", _add("patients_treatmentconsent", row)))
    if seen.screenings and lacks["screening"]:
        words = gettext("Screening expired") if row.screened_until else gettext("Screening missing")
        found.append(Chip(words, "warning", _add("patients_screening", row)))
    elif seen.screenings and lacks["unconfirmed"]:
        found.append(
            Chip(gettext("Answers to confirm"), "warning", _page_of(row.patient, "#record"))
        )
    if seen.medical and lacks["skin"]:
        found.append(
            Chip(gettext("Skin type missing"), "warning", _add("patients_skintypeassessment", row))
        )
    hidden = any(lacks.values()) and not (seen.consents and seen.screenings and seen.medical)
    if hidden and not row.has_read and lacks["consent"] and seen.handouts:
        found.append(
            Chip(gettext("Consent to read: give"), "info", _add("patients_consenthandout", row))
        )
    if hidden:
        found.append(Chip(gettext("Not ready: see practitioner"), "warning"))
    return found


def _alerts(row: Any, seen: Seen, adult: int) -> list[Chip]:
    """What whoever treats must know before they begin."""
    found = []
    if row.plan and row.plan.status == PlanStatus.ON_HOLD:
        found.append(Chip(gettext("Plan on hold"), "danger"))
    age = age_on(row.patient.date_of_birth, row.starts_at_local.date())
    if age is not None and age < adult:
        found.append(Chip(gettext("Minor, {age}").format(age=age), "warning"))
    if seen.medical:
        found += medical_alerts(row.patient)
    if seen.effects and row.open_effects:
        words = (
            gettext("Side effect open") if row.open_effects == 1 else gettext("Side effects open")
        )
        found.append(Chip(words, "danger", _page_of(row.patient, "#healing")))
    return found


def medical_alerts(patient: Any) -> list[Chip]:
    """From the record, for whoever may see it."""
    found = []
    if allergies := " ".join(patient.allergies.split()):
        short = allergies if len(allergies) <= 60 else f"{allergies[:59]}…"
        found.append(Chip(gettext("Allergies: {short}").format(short=short), "danger"))
    if patient.keloid_history:
        found.append(Chip(gettext("Keloids"), "danger"))
    if patient.cold_sore_history:
        found.append(Chip(gettext("Cold sores"), "warning"))
    return found


def _page_of(patient: Any, tab: str = "") -> str:
    return f"{reverse('admin:patients_patient_change', args=[patient.pk])}{tab}"


def charts_to_sign(user: User) -> Any:
    """What the caller has begun and not signed, of whatever day, the oldest first."""
    begun = Q(status=Status.IN_PROGRESS)
    rows = TreatmentSession.objects.visible_to(user).filter(begun, practitioner=user, sitting=None)
    return rows.select_related("clinic", "patient", "area").order_by(F("starts_at"), "id")
