"""From the database to findings: loads the facts of a session and asks the safety rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from clinic.findings import Finding, Severity
from clinic.models import ClinicalRule, DeviceSpec, User
from patients.models import (
    OFF_LABEL,
    Condition,
    ConsentText,
    Scope,
    Screening,
    TreatmentConsent,
)
from patients.screening import Answer
from sessions.lifecycle import Status
from sessions.models import (
    MIN_DEPTH_MM,
    DeviceClearance,
    SessionFinding,
    SideEffect,
    SideEffectKind,
    TreatmentSession,
    ZoneLimit,
)
from sessions.safety import assess, check_side_effects, facts
from sessions.safety.facts import Facts, Limit, Number

PIGMENT = {SideEffectKind.HYPERPIGMENTATION, SideEffectKind.HYPOPIGMENTATION}
PIGMENT_CHECK = "pigment-change"  # the screening rule that asks for it


@dataclass(frozen=True)
class AssessedFinding:
    """A finding, and who has decided to go on in spite of it."""

    finding: Finding
    overridden_by: User | None = None
    overridden_at: datetime | None = None
    override_reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.finding.needs_decision and self.overridden_by is None


def assess_session(session: TreatmentSession, *, at: datetime) -> list[AssessedFinding]:
    """What the rules say about a session now, or said when it was signed; gravest first.

    An override holds for the numbers that it was given for: a depth that is changed afterwards
    needs a new one. Takes a fixed number of queries.
    """
    stored = {(row.code, row.subject): row for row in stored_findings(session)}
    if session.status == Status.COMPLETED:
        order = list(Severity)
        rows = sorted(stored.values(), key=lambda row: order.index(Severity(row.severity)))
        return [_stored(row, _finding_of(row)) for row in rows]
    found = assess(load_facts(session, at=at))
    return [
        _stored(row, finding)
        if (row := stored.get((finding.code, finding.subject)))
        and row.numbers == dict(finding.numbers)
        else AssessedFinding(finding)
        for finding in found
    ]


def stored_findings(session: TreatmentSession) -> list[SessionFinding]:
    return list(session.findings.select_related("overridden_by"))


def _stored(row: SessionFinding, finding: Finding) -> AssessedFinding:
    return AssessedFinding(finding, row.overridden_by, row.overridden_at, row.override_reason)


def _finding_of(row: SessionFinding) -> Finding:
    return Finding(
        code=row.code,
        subject=row.subject,
        severity=Severity(row.severity),
        message=row.message,
        rule=row.rule,
        source=row.source,
        clear_on=row.clear_on,
        numbers=row.numbers,
    )


def load_facts(session: TreatmentSession, *, at: datetime) -> Facts:
    """The facts of a session whose clinic, patient, device and protocol version are loaded."""
    on = session.starts_at_local.date()
    protocol = session.protocol_version
    return Facts(
        starts_at=session.starts_at,
        on=on,
        protocol=facts.Protocol(
            name=protocol.protocol.name,
            concern=protocol.protocol.concern.code,
            passes_max=protocol.passes_max,
            expected_endpoint=protocol.expected_endpoint,
            hard_min_days=protocol.hard_min_days,
            soft_min_days=protocol.soft_min_days,
            source=protocol.source,
        ),
        device=_device(session, at),
        rules=rules_in_effect(at),
        skin_type=session.patient.skin_type,
        age=age_on(session.patient.date_of_birth, on),
        screening=_screening(newest_screening(session)),
        consent=_consent(newest_consent(session), at),
        previous=_previous(session, on),
        side_effects=_side_effects(session),
        treated=_treated(session, at),
        products=_products(session),
        cartridges=session.cartridge_uses.count(),
    )


def side_effect_findings(session: TreatmentSession, *, at: datetime) -> list[Finding]:
    """What is not healed yet, for a session that is about to be booked."""
    unhealed = _side_effects(session)
    return check_side_effects(unhealed, rules_in_effect(at)) if unhealed else []


def override_row(
    session: TreatmentSession, finding: Finding, *, reason: str, at: datetime, by: User
) -> SessionFinding:
    """The row that says who goes on in spite of a finding; not saved."""
    return SessionFinding(
        session=session,
        overridden_by=by,
        overridden_at=at,
        override_reason=reason,
        **stored_values(finding),
    )


def stored_values(finding: Finding) -> dict[str, Any]:
    """A finding as SessionFinding keeps it."""
    return {
        "code": finding.code,
        "subject": finding.subject,
        "severity": finding.severity,
        "message": finding.message[:500],
        "rule": finding.rule[:120],
        "source": finding.source,
        "numbers": dict(finding.numbers),
        "clear_on": finding.clear_on,
    }


def age_on(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def rules_in_effect(at: datetime) -> Mapping[str, Number]:
    return {
        rule.code: Number(rule.value, f"{rule.title}, version {rule.version}", rule.source)
        for rule in ClinicalRule.objects.in_effect(at)
    }


def newest_screening(session: TreatmentSession) -> Screening | None:
    screenings = session.patient.screenings.prefetch_related("answers__rule")
    return screenings.order_by("-taken_at", "-id").first()


def newest_consent(session: TreatmentSession) -> TreatmentConsent | None:
    consents = session.patient.treatment_consents.filter(revoked_at__isnull=True)
    return consents.select_related("text").order_by("-signed_at", "-id").first()


def _device(session: TreatmentSession, at: datetime) -> facts.Device:
    model = session.device.model
    spec = DeviceSpec.objects.in_effect(at).filter(model=model).first()
    clearances = DeviceClearance.objects.in_effect(at).filter(model=model)
    device = facts.Device(
        code=model.code,
        name=model.name,
        depth_max_mm=MIN_DEPTH_MM,
        tolerance_mm=MIN_DEPTH_MM - MIN_DEPTH_MM,
        source="no specification of this device is recorded",
        clearances=tuple(
            facts.Clearance(
                reference=clearance.reference,
                concerns=frozenset(clearance.concerns),
                zones=frozenset(clearance.zones),
                skin_types=frozenset(clearance.skin_types),
                min_age=clearance.min_age,
                depth_max_mm=clearance.depth_max_mm,
                source=clearance.source,
            )
            for clearance in clearances
        ),
    )
    if spec is None:
        return device
    return replace(
        device,
        depth_max_mm=spec.depth_max_mm,
        tolerance_mm=spec.tolerance_mm,
        source=spec.source,
        lists_isotretinoin=spec.lists_isotretinoin,
    )


def _screening(screening: Screening | None) -> facts.Screening | None:
    if screening is None:
        return None
    answers = sorted(screening.answers.all(), key=lambda answer: answer.rule.position)
    return facts.Screening(
        taken_at=screening.taken_at,
        valid_until=screening.valid_until,
        good_health=screening.good_health,
        expectations_discussed=screening.expectations_discussed,
        pigment_checked=any(answer.rule.code == PIGMENT_CHECK for answer in answers),
        answers=tuple(
            Answer(
                code=answer.rule.code,
                answer=answer.answer,
                message=answer.rule.message,
                severity=Severity(answer.rule.severity),
                source=answer.rule.source,
                version=answer.rule.version,
                scope=Scope(answer.rule.scope),
                condition=Condition(answer.rule.condition),
                washout_days=answer.rule.washout_days,
                overridable_by=tuple(answer.rule.overridable_by),
                last_exposure_on=answer.last_exposure_on,
                zones=frozenset(answer.zones),
            )
            for answer in answers
        ),
    )


def _consent(consent: TreatmentConsent | None, at: datetime) -> facts.Consent | None:
    if consent is None:
        return None
    current = ConsentText.objects.in_effect(at).filter(
        kind=consent.text.kind, language=consent.text.language
    )
    return facts.Consent(
        is_current_text=any(text.pk == consent.text_id for text in current),
        expires_on=consent.expires_on,
        zones=frozenset(consent.zones),
        device_models=frozenset(consent.device_models),
        off_label_accepted=OFF_LABEL in consent.clauses,
    )


def _previous(session: TreatmentSession, on: date) -> facts.Previous | None:
    last: Any = (
        TreatmentSession.objects.filter(
            patient=session.patient_id,
            area=session.area_id,
            status=Status.COMPLETED,
            starts_at__lt=session.starts_at,
        )
        .annotate(deepest_mm=Max("zone_treatments__depth_mm"))
        .select_related("clinic")
        .order_by("-starts_at")
        .first()
    )
    if last is None:
        return None
    return facts.Previous(
        started_at=last.starts_at,
        days_before=(on - last.starts_at_local.date()).days,
        deepest_mm=last.deepest_mm,
        spacing_approved=bool(session.spacing_override_reason),
    )


def _side_effects(session: TreatmentSession) -> tuple[facts.OpenSideEffect, ...]:
    return tuple(
        facts.OpenSideEffect(
            kind=effect.kind,
            name=effect.get_kind_display(),
            grade=effect.grade,
            is_pigment_change=effect.kind in PIGMENT,
        )
        for effect in open_side_effects(session.patient_id)
    )


def open_side_effects(patient_id: UUID) -> list[SideEffect]:
    """The gravest open side effect of each kind."""
    unresolved = SideEffect.objects.unresolved().filter(session__patient=patient_id)
    return list(unresolved.order_by("kind", "-grade").distinct("kind"))


def _treated(session: TreatmentSession, at: datetime) -> tuple[facts.TreatedZone, ...]:
    charted = list(session.zone_treatments.select_related("zone").order_by("id"))
    ids = {treatment.zone_id for treatment in charted}
    limits = {
        limit.zone_id: limit for limit in ZoneLimit.objects.in_effect(at).filter(zone__in=ids)
    }
    ranges = {r.zone_id: r for r in session.protocol_version.zone_ranges.filter(zone__in=ids)}
    return tuple(
        facts.TreatedZone(
            zone=_zone(treatment.zone, limits.get(treatment.zone_id), session, ranges),
            depth_mm=treatment.depth_mm,
            passes=treatment.passes,
            endpoint=treatment.endpoint,
        )
        for treatment in charted
    )


def _zone(
    zone: Any, limit: ZoneLimit | None, session: TreatmentSession, ranges: Mapping[UUID, Any]
) -> facts.Zone:
    version = session.protocol_version
    usual = ranges.get(zone.pk, version)
    cap = Limit(f"no limit is recorded for {zone.name}", MIN_DEPTH_MM, MIN_DEPTH_MM, "none")
    if limit:
        name = f"{zone.name}, limit version {limit.version}"
        cap = Limit(name, limit.depth_min_mm, limit.depth_max_mm, limit.source)
    return facts.Zone(
        code=zone.code,
        name=zone.name,
        limit=cap,
        protocol_range=Limit(str(version), usual.depth_min_mm, usual.depth_max_mm, version.source),
        passes_max=limit.passes_max if limit else 1,
        is_blocked=limit.is_blocked if limit else False,
        near_mouth=zone.near_mouth,
    )


def _products(session: TreatmentSession) -> tuple[facts.ProductUse, ...]:
    return tuple(
        facts.ProductUse(
            name=use.product.name,
            kind=use.product.kind,
            strength_percent=use.product.strength_percent,
            for_dermis=use.product.for_dermis,
            minutes_max=use.product.minutes_max,
            grams_per_cm2_max=use.product.grams_per_cm2_max,
            may_be_occluded=use.product.may_be_occluded,
            grams=use.grams,
            area_cm2=use.area_cm2,
            on_at=use.on_at,
            off_at=use.off_at,
            is_occluded=use.is_occluded,
            prescriber=use.prescriber,
            source=use.product.source,
            subject=use.product.code,
        )
        for use in session.product_uses.select_related("product").order_by("id")
    )
