"""The facts that the safety rules look at, from the rows of the database."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Exists,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext

from clinic.models import ClinicalRule
from clinic.values.names import shipped
from patients.models import (
    OFF_LABEL,
    Area,
    ConsentHandout,
    ConsentText,
    Patient,
    TreatmentConsent,
)
from sessions.lifecycle import SIGNED, Status
from sessions.models import (
    Candidacy,
    CartridgeUse,
    Kind,
    ProductUse,
    ProtocolVersion,
    SessionEvent,
    SideEffect,
    TreatmentSession,
    of_treatment,
)
from sessions.safety import facts
from sessions.safety.facts import Facts, Number
from sessions.safety.loading.answers import newest_screening, screening_facts
from sessions.safety.loading.chart import Typed, product_uses, treated_zones, uses_of_the_day
from sessions.safety.loading.credentials import standing
from sessions.safety.loading.healing import (
    PIGMENT,
    gravest_side_effects,
    open_side_effects,
    past_side_effects,
    unreviewed_reports,
)
from sessions.safety.loading.label import (
    alternatives_told,
    concern_forms,
    device_facts,
    poor_response,
)
from sessions.safety.loading.other_treatments import other_treatments
from sessions.safety.loading.response import response, stop_after


def load_facts(
    session: TreatmentSession,
    *,
    at: datetime,
    typed: Typed | None = None,
    zones: Mapping[str, facts.Zone] | None = None,
    uses: list[ProductUse] | None = None,
) -> Facts:
    """The facts of a session whose clinic, patient, device and protocol version are loaded; with
    what is `typed` in the place of its chart. `zones`, as in `treated_zones`, and the
    `uses_of_the_day` are what a caller has loaded already."""
    on = session.starts_at_local.date()
    age = age_on(session.patient.date_of_birth, on)
    to_think = session.clinic.cooling_off_days(age)
    rules = rules_in_effect(at)
    counted = _counted(session)
    effects = gravest_side_effects(session)
    uses = uses_of_the_day(session) if uses is None else uses
    plan = of_treatment(session.plan)
    forms = concern_forms(plan)
    poor = poor_response(plan.concern, forms)
    limit = stop_after(of_treatment(session.protocol_version), rules)
    return Facts(
        starts_at=session.starts_at_local,
        on=on,
        protocol=protocol_facts(of_treatment(session.protocol_version)),
        device=device_facts(of_treatment(session.device).model, at, session.clinic.jurisdiction),
        rules=rules,
        skin_type=session.patient.skin_type,
        age=age,
        weight_kg=weight_on(session.patient, on, rules),
        needled_at=counted["needled_at"],
        area=area_facts(of_treatment(session.area)),
        record=facts.Record(
            keloids=session.patient.keloid_history,
            cold_sores=session.patient.cold_sore_history,
            allergies=session.patient.allergies,
        ),
        standing=standing(session),
        candidacy=candidacy_facts(session),
        screening=screening_facts(newest_screening(session.patient)),
        other_treatments=other_treatments(session.patient_id, [of_treatment(session.area).pk], at),
        consent=_consent(session, at, to_think),
        cooling_off_days=to_think,
        subtypes={form.code: form.name for form in forms},
        responds_poorly=poor,
        alternatives_told=bool(poor) and counted["told"],
        previous=_previous(session, on),
        sessions_before=counted["done"],
        stop_after=limit,
        response=response(session) if limit and counted["done"] >= limit.value else None,
        sessions_planned=plan.planned_sessions,
        side_effects=open_side_effects(session, effects, at),
        past_side_effects=past_side_effects(effects),
        unreviewed=frozenset(counted["unreviewed"]),
        treated=treated_zones(session, at, typed, zones),
        products=product_uses(use for use in uses if use.session_id == session.pk),
        same_day_products=product_uses(use for use in uses if use.session_id != session.pk),
        sharps_due=_sharps_due(session, typed),
        cartridges=counted["cartridges"],
    )


def _sharps_due(session: TreatmentSession, typed: Typed | None) -> bool:
    """Once for all areas of a sitting."""
    is_asked = session.clinic.asks_sharps_disposal and session.sitting_id is None
    is_told = typed.sharps_disposed if typed else session.sharps_disposed
    return is_asked and not is_told


def protocol_facts(version: ProtocolVersion) -> facts.Protocol:
    return facts.Protocol(
        name=str(version.protocol),
        concern=version.protocol.concern.code,
        passes_max=version.passes_max,
        expected_endpoint=version.expected_endpoint,
        hard_min_days=version.hard_min_days,
        soft_min_days=version.soft_min_days,
        source=version.cited,
    )


def age_on(born: date | None, on: date) -> int | None:
    if born is None:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def weight_on(patient: Patient, on: date, rules: Mapping[str, Number]) -> Decimal | None:
    """As far as it was weighed within the days of the rule."""
    if (
        patient.weighed_on is None
        or (on - patient.weighed_on).days > rules["weight-valid-days"].value
    ):
        return None
    return patient.weight_kg


def rules_in_effect(at: datetime) -> Mapping[str, Number]:
    return {
        rule.code: Number(
            rule.value,
            gettext("{title}, version {version}").format(
                title=shipped(rule.title), version=rule.version
            ),
            rule.cited,
        )
        for rule in ClinicalRule.objects.in_effect(at)
    }


def candidacy_facts(session: TreatmentSession) -> facts.Candidacy | None:
    concern = of_treatment(session.plan).concern.code
    decided = Candidacy.objects.binding(session.patient_id, concern).first()
    if decided is None:
        return None
    return facts.Candidacy(
        outcome=decided.outcome,
        at=decided.decided_at.astimezone(session.clinic.zone),
        until=decided.until,
    )


def newest_consent(session: TreatmentSession) -> TreatmentConsent | None:
    newest: TreatmentConsent | None = _consents(session).first()
    return newest


def _consents(session: TreatmentSession) -> Any:
    consents = session.patient.treatment_consents.filter(revoked_at__isnull=True)
    return consents.select_related("text").order_by("-signed_at", "-id")


def _counted(session: TreatmentSession) -> dict[str, Any]:
    """When it began, how many of its plan came before, its cartridges, and the levels of reports
    that nobody has reviewed, and whether alternatives were told of: in one statement."""
    begun = SessionEvent.objects.filter(session=session.pk, new_status=Status.IN_PROGRESS)
    earlier = TreatmentSession.objects.filter(
        plan=session.plan_id,
        kind=Kind.TREATMENT,
        status=Status.COMPLETED,
        starts_at__lt=session.starts_at,
    )
    cartridges = CartridgeUse.objects.filter(session=session.leading_id)
    rows: Any = TreatmentSession.objects.filter(pk=session.pk).values(
        needled_at=Subquery(begun.order_by("id").values("at")[:1]),
        done=_number_of(earlier),
        cartridges=_number_of(cartridges),
        told=Exists(alternatives_told(of_treatment(session.plan))),
        unreviewed=ArraySubquery(unreviewed_reports(session).values("severity")),
    )
    return dict(rows.get())


def _number_of(rows: QuerySet[Any]) -> Subquery:
    """How many there are, as a column of another statement."""
    counted = rows.order_by().annotate(number=Func("pk", function="COUNT")).values("number")
    return Subquery(counted, output_field=IntegerField())


def area_facts(area: Area) -> facts.Area:
    zones = list(area.zones.all())
    return facts.Area(
        code=area.code,
        zones=frozenset(zone.code for zone in zones),
        names={zone.code: str(zone) for zone in zones},
        near_mouth=any(zone.near_mouth for zone in zones),
        keloid_prone=frozenset(zone.code for zone in zones if zone.keloid_prone),
    )


def _consent(
    session: TreatmentSession, at: datetime, cooling_off_days: int
) -> facts.Consent | None:
    """The newest one, with whether its text is still in use and when it was handed out."""
    current = ConsentText.objects.in_effect(at).values("pk")
    handed = ConsentHandout.objects.filter(patient=OuterRef("patient"), text=OuterRef("text"))
    consent = (
        _consents(session)
        .annotate(
            is_current=Q(text__in=current),
            handed_at=Subquery(handed.order_by("handed_at").values("handed_at")[:1]),
        )
        .first()
    )
    if consent is None:
        return None
    known_at = consent.signed_at
    if cooling_off_days:
        known_at = min(consent.handed_at or known_at, known_at)
    return facts.Consent(
        is_current_text=consent.is_current,
        expires_on=consent.expires_on,
        zones=frozenset(consent.zones),
        device_models=frozenset(consent.device_models),
        off_label_accepted=OFF_LABEL in consent.clauses,
        signer_relation=consent.signer_relation,
        known_on=known_at.astimezone(session.clinic.zone).date(),
        patient_assented=consent.patient_assented,
    )


def _previous(session: TreatmentSession, on: date) -> facts.Previous | None:
    last: Any = (
        TreatmentSession.objects.filter(
            patient=session.patient_id,
            area=session.area_id,
            status__in=SIGNED,
            starts_at__lt=session.starts_at,
        )
        .recovering()  # what was aborted before it needled anything is no treatment
        .annotate(
            deepest_mm=Max("zone_treatments__depth_mm"),
            left_pigment=Exists(
                SideEffect.objects.filter(session=OuterRef("pk"), kind__in=PIGMENT)
            ),
        )
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
        left_pigment=last.left_pigment,
    )
