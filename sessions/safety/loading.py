"""The facts that the safety rules look at, from the rows of the database."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from clinic.findings import Severity
from clinic.models import ClinicalRule, DeviceModel, DeviceSpec
from clinic.values.wallclock import day_bounds
from patients.models import (
    OFF_LABEL,
    Area,
    Condition,
    ConsentText,
    Scope,
    Screening,
    ScreeningRule,
    TreatmentConsent,
    Zone,
)
from patients.screening import Answer
from sessions.lifecycle import Status
from sessions.models import (
    MIN_DEPTH_MM,
    DeviceClearance,
    Product,
    ProductUse,
    ProtocolVersion,
    SideEffect,
    SideEffectExpectation,
    SideEffectKind,
    TreatmentSession,
    ZoneLimit,
)
from sessions.safety import facts
from sessions.safety.facts import Facts, Limit, Number

PIGMENT = {SideEffectKind.HYPERPIGMENTATION, SideEffectKind.HYPOPIGMENTATION}
PIGMENT_CHECK = "pigment-change"  # the screening rule that asks for it
# What goes through the body, or is carried along by hands: it counts wherever it began.
NOT_LOCAL = {
    SideEffectKind.ANAESTHETIC_REACTION,
    SideEffectKind.INFECTION,
    SideEffectKind.HSV_REACTIVATION,
    SideEffectKind.OTHER,
}
HOUR = timedelta(hours=1)


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
        device=device_facts(session.device.model, at),
        rules=rules_in_effect(at),
        skin_type=session.patient.skin_type,
        age=age_on(session.patient.date_of_birth, on),
        area=area_facts(session.area),
        record=facts.Record(
            keloids=session.patient.keloid_history,
            cold_sores=session.patient.cold_sore_history,
            allergies=session.patient.allergies,
        ),
        screening=_screening(newest_screening(session)),
        consent=_consent(newest_consent(session), at),
        previous=_previous(session, on),
        sessions_before=_sessions_before(session),
        sessions_planned=session.plan.planned_sessions,
        side_effects=open_side_effects(session, at),
        past_side_effects=_past_side_effects(session),
        treated=_treated(session, at),
        products=_products(session.product_uses),
        same_day_products=_products(_uses_of_the_day(session)),
        cartridges=session.cartridge_uses.count(),
    )


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


def area_facts(area: Area) -> facts.Area:
    zones = list(area.zones.all())
    return facts.Area(
        code=area.code,
        zones=frozenset(zone.code for zone in zones),
        near_mouth=any(zone.near_mouth for zone in zones),
        keloid_prone=frozenset(zone.code for zone in zones if zone.keloid_prone),
    )


def device_facts(model: DeviceModel, at: datetime) -> facts.Device:
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
            answer_facts(
                answer.rule,
                answer.answer,
                last_exposure_on=answer.last_exposure_on,
                zones=answer.zones,
            )
            for answer in answers
        ),
    )


def answer_facts(
    rule: ScreeningRule,
    answer: bool,
    *,
    last_exposure_on: date | None = None,
    zones: Iterable[str] = (),
) -> Answer:
    return Answer(
        code=rule.code,
        answer=answer,
        message=rule.message,
        severity=Severity(rule.severity),
        source=rule.source,
        version=rule.version,
        scope=Scope(rule.scope),
        condition=Condition(rule.condition),
        washout_days=rule.washout_days,
        overridable_by=tuple(rule.overridable_by),
        last_exposure_on=last_exposure_on,
        zones=frozenset(zones),
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
        signer_relation=consent.signer_relation,
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


def _sessions_before(session: TreatmentSession) -> int:
    return TreatmentSession.objects.filter(
        plan=session.plan_id, status=Status.COMPLETED, starts_at__lt=session.starts_at
    ).count()


def open_side_effects(session: TreatmentSession, at: datetime) -> tuple[facts.OpenSideEffect, ...]:
    """The gravest open side effect of each kind, on this area and elsewhere."""
    unresolved = SideEffect.objects.unresolved().filter(session__patient=session.patient_id)
    gravest: Any = (
        unresolved.annotate(is_here=Q(session__area=session.area_id))
        .order_by("kind", "-is_here", "-grade", "onset_at")
        .distinct("kind", "is_here")
    )
    courses = courses_in_effect(at) if gravest else {}
    return tuple(
        open_side_effect(
            effect.kind,
            effect.grade,
            hours=(min(at, session.starts_at) - effect.onset_at) // HOUR,
            is_here=effect.is_here,
            course=courses.get(effect.kind),
        )
        for effect in gravest
    )


def courses_in_effect(at: datetime) -> dict[str, SideEffectExpectation]:
    return {course.kind: course for course in SideEffectExpectation.objects.in_effect(at)}


def open_side_effect(
    kind: str, grade: int, *, hours: int, is_here: bool, course: SideEffectExpectation | None
) -> facts.OpenSideEffect:
    return facts.OpenSideEffect(
        kind=kind,
        name=str(SideEffectKind(kind).label),
        grade=grade,
        is_pigment_change=kind in PIGMENT,
        is_red_flag=bool(course and course.is_red_flag),
        is_elsewhere=not is_here and kind not in NOT_LOCAL,
        hours=hours,
        expected_until_hours=course.expected_until_hours if course else None,
        review_after_hours=course.review_after_hours if course else None,
    )


def _past_side_effects(session: TreatmentSession) -> tuple[facts.PastSideEffect, ...]:
    """The gravest of each kind that has healed, on this area first."""
    resolved = SideEffect.objects.filter(
        session__patient=session.patient_id, resolved_at__isnull=False
    )
    gravest: Any = (
        resolved.annotate(is_here=Q(session__area=session.area_id))
        .order_by("kind", "-is_here", "-grade")
        .distinct("kind")
    )
    return tuple(
        facts.PastSideEffect(
            kind=effect.kind,
            name=effect.get_kind_display(),
            grade=effect.grade,
            is_same_area=effect.is_here,
        )
        for effect in gravest
    )


def _treated(session: TreatmentSession, at: datetime) -> tuple[facts.TreatedZone, ...]:
    charted = list(session.zone_treatments.select_related("zone").order_by("id"))
    zones = zone_facts([entry.zone for entry in charted], session.protocol_version, at)
    return tuple(
        facts.TreatedZone(
            zone=zones[treatment.zone.code],
            depth_mm=treatment.depth_mm,
            passes=treatment.passes,
            endpoint=treatment.endpoint,
        )
        for treatment in charted
    )


def zone_facts(
    zones: Iterable[Zone], version: ProtocolVersion, at: datetime
) -> dict[str, facts.Zone]:
    """By code: what each of these zones takes, at all and by the protocol."""
    ids = {zone.pk for zone in zones}
    limits = {
        limit.zone_id: limit for limit in ZoneLimit.objects.in_effect(at).filter(zone__in=ids)
    }
    ranges = {r.zone_id: r for r in version.zone_ranges.filter(zone__in=ids)}
    return {
        zone.code: _zone(zone, limits.get(zone.pk), version, ranges.get(zone.pk, version))
        for zone in zones
    }


def _zone(zone: Zone, limit: ZoneLimit | None, version: ProtocolVersion, usual: Any) -> facts.Zone:
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
    )


def _uses_of_the_day(session: TreatmentSession) -> Any:
    """What the patient's other sessions of that day have put on the skin."""
    begins, ends = day_bounds(session.starts_at_local.date(), session.clinic.zone)
    return ProductUse.objects.filter(
        session__patient=session.patient_id,
        session__starts_at__gte=begins,
        session__starts_at__lt=ends,
    ).exclude(session=session)


def _products(uses: Any) -> tuple[facts.ProductUse, ...]:
    return tuple(
        product_facts(
            use.product,
            grams=use.grams,
            area_cm2=use.area_cm2,
            on_at=use.on_at,
            off_at=use.off_at,
            is_occluded=use.is_occluded,
            prescriber=use.prescriber,
        )
        for use in uses.select_related("product").order_by("id")
    )


def product_facts(product: Product, **use: Any) -> facts.ProductUse:
    return facts.ProductUse(
        name=product.name,
        kind=product.kind,
        strength_percent=product.strength_percent,
        for_dermis=product.for_dermis,
        minutes_max=product.minutes_max,
        grams_per_cm2_max=product.grams_per_cm2_max,
        grams_max=product.grams_max,
        limits_by_label=product.limits_by_label,
        may_be_occluded=product.may_be_occluded,
        source=product.source,
        subject=product.code,
        **use,
    )
