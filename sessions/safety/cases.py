"""Cases on paper: facts in a file of YAML instead of a patient, for whoever tries a rule.

A case names what differs from an unremarkable session: a woman of 34, skin type II, acne scars of
the face, SkinPen, screened and consented, whose questionnaire says no to everything. The format is
described in docs/clinical.md, “Trying cases”.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from clinic.findings import Finding, Severity
from clinic.models import CredentialKind, DeviceModel, Jurisdiction, Proof
from patients.models import (
    ConcernSubtype,
    OtherTreatment,
    OtherTreatmentKind,
    OtherTreatmentStatus,
    ScreeningRule,
)
from sessions.models import Endpoint, Product, ProductKind, ProtocolVersion
from sessions.safety import assess, facts
from sessions.safety.loading.answers import answer_facts
from sessions.safety.loading.chart import product_facts, zone_facts, zones_in_effect
from sessions.safety.loading.healing import PIGMENT, courses_in_effect, open_side_effect
from sessions.safety.loading.label import device_facts, poor_response
from sessions.safety.loading.other_treatments import with_questions
from sessions.safety.loading.record import (
    area_facts,
    protocol_facts,
    rules_in_effect,
)
from sessions.safety.loading.response import stop_after

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DEVICE, PROTOCOL = "skinpen-precision", "acne-scars-face"
KNOWN = {
    *("age", "skin", "device", "protocol", "yes", "patient", "previous", "effects", "chart"),
    *("products", "consent", "expectations", "cartridge", "other_area", "asks", "scenario"),
    *("good_health", "planned", "screening", "cooling_off", "response", "credentials", "asks_for"),
    *("jurisdiction", "subtype", "weight", "alternatives", "others"),
}


class BadCase(ValueError):
    """A case that cannot be read, and why."""


def assess_case(inputs: Mapping[str, Any], *, at: datetime) -> list[Finding]:
    """What the rules in effect say about a case. Raises BadCase."""
    try:
        return assess(case_facts(inputs, at=at))
    except ObjectDoesNotExist as error:
        raise BadCase(str(error)) from error
    except (InvalidOperation, KeyError, TypeError, ValueError) as error:
        raise BadCase(f"cannot be read: {type(error).__name__} {error}") from error


def ignored_inputs(inputs: Mapping[str, Any]) -> list[str]:
    """What no rule reads, or what was mistyped."""
    return sorted(set(inputs) - KNOWN)


def questions_about(pattern: str, *, at: datetime) -> list[Finding]:
    """The questions of the questionnaire that match, as the findings that a yes would be."""
    asked = re.compile(pattern, re.IGNORECASE)
    return [
        Finding(
            code=f"screening_{rule.code.replace('-', '_')}",
            severity=Severity(rule.severity),
            message=f"{rule.question} {rule.message}",
            rule=f"{rule.name}, version {rule.version} of the question",
            source=rule.cited,
            overridable_by=tuple(rule.overridable_by),
            sign_off=rule.sign_off,
        )
        for rule in _questionnaire(at)
        if asked.search(rule.question)
    ]


def _questionnaire(at: datetime) -> list[ScreeningRule]:
    return sorted(ScreeningRule.objects.in_effect(at), key=lambda rule: rule.position)


def case_facts(inputs: Mapping[str, Any], *, at: datetime) -> facts.Facts:
    code = inputs.get("protocol", PROTOCOL)
    versions = ProtocolVersion.objects.in_effect(at).filter(protocol__code=code)
    version = versions.select_related("protocol__concern", "protocol__area").get()
    named = inputs.get("device", DEVICE)
    models = DeviceModel.objects.filter(code__in=(named, f"{named}-precision"))
    device = device_facts(models.get(), at, Jurisdiction(inputs.get("jurisdiction", "US")))
    treated = _treated(inputs, version, at)
    previous = inputs.get("previous") or []
    rules = rules_in_effect(at)
    forms = _forms(inputs)
    limit = stop_after(version, rules)
    return facts.Facts(
        starts_at=at,
        on=at.date(),
        needled_at=at,
        protocol=protocol_facts(version),
        device=device,
        rules=rules,
        skin_type=inputs.get("skin", 2),
        age=inputs.get("age", 34),
        weight_kg=Decimal(str(inputs["weight"])) if "weight" in inputs else None,
        area=area_facts(version.protocol.area),
        record=_record(inputs),
        screening=_screening(inputs, at),
        other_treatments=_other_treatments(inputs, version, at),
        consent=_consent(inputs, device, treated, at),
        cooling_off_days=inputs.get("cooling_off", 0),
        subtypes={form.code: form.name for form in forms},
        responds_poorly=poor_response(version.protocol.concern, forms),
        alternatives_told=inputs.get("alternatives", False),
        previous=_previous(previous, inputs, at),
        sessions_before=len(previous),
        sessions_planned=inputs.get("planned", version.planned_sessions),
        stop_after=limit,
        response=_response(inputs) if limit and len(previous) >= limit.value else None,
        standing=_standing(inputs, device, at),
        side_effects=_open_side_effects(inputs, at),
        past_side_effects=_past_side_effects(inputs),
        treated=treated,
        products=tuple(_product(use, at) for use in inputs.get("products") or []),
        cartridges=1 if inputs.get("cartridge", True) else 0,
    )


def _forms(inputs: Mapping[str, Any]) -> list[ConcernSubtype]:
    return [ConcernSubtype.objects.get(code=inputs["subtype"])] if "subtype" in inputs else []


def _other_treatments(
    inputs: Mapping[str, Any], version: ProtocolVersion, at: datetime
) -> tuple[facts.OtherTreatment, ...]:
    """On the area of the protocol, on all of it unless zones are named."""
    rows = [
        OtherTreatment(
            kind=OtherTreatmentKind(other["kind"]),
            area=version.protocol.area,
            zones=other.get("zones", []),
            status=OtherTreatmentStatus.PLANNED if other["days"] < 0 else OtherTreatmentStatus.DONE,
            treated_on=at.date() - other["days"] * DAY,
            place_name=other.get("place", ""),
        )
        for other in inputs.get("others") or []
    ]
    return with_questions(rows, at) if rows else ()


def _response(inputs: Mapping[str, Any]) -> facts.Response:
    """The skin is better, unless the case says that it is not; null: nobody has measured it."""
    said = inputs.get("response", True)
    return facts.Response(is_measured=said is not None, is_better=bool(said))


def _standing(inputs: Mapping[str, Any], device: facts.Device, at: datetime) -> facts.Standing:
    """Credentials by kind, with the days until they end; a training is on the device."""
    held = inputs.get("credentials") or {}
    return facts.Standing(
        credentials=tuple(
            facts.Credential(
                kind=CredentialKind(kind),
                name=str(CredentialKind(kind).label),
                expires_on=None if days is None else at.date() + days * DAY,
                device=device.code if kind == CredentialKind.TRAINING else "",
            )
            for kind, days in held.items()
        ),
        asked=frozenset(Proof(proof) for proof in inputs.get("asks_for") or []),
    )


def _record(inputs: Mapping[str, Any]) -> facts.Record:
    known = inputs.get("patient") or {}
    return facts.Record(
        keloids=known.get("keloid_history"),
        cold_sores=known.get("cold_sore_history"),
        allergies=known.get("allergies", ""),
    )


def _screening(inputs: Mapping[str, Any], at: datetime) -> facts.Screening | None:
    if inputs.get("screening", True) is None:
        return None
    said = inputs.get("yes") or {}
    rules = {rule.code: rule for rule in _questionnaire(at)}
    if unknown := sorted(set(said) - set(rules)):
        raise BadCase(f"no such question: {', '.join(unknown)}")
    answers = []
    for code, rule in rules.items():
        detail = said.get(code)
        days = detail if isinstance(detail, int) else (detail or {}).get("days")
        answers.append(
            answer_facts(
                rule,
                code in said,
                last_exposure_on=None if days is None else at.date() - days * DAY,
                zones=detail.get("zones", ()) if isinstance(detail, dict) else (),
            )
        )
    return facts.Screening(
        taken_at=at - timedelta(hours=1),
        valid_until=at.date() + 180 * DAY,
        good_health=inputs.get("good_health", True),
        expectations_discussed=inputs.get("expectations", True),
        answers=tuple(answers),
        pigment_checked=True,
    )


def _consent(
    inputs: Mapping[str, Any],
    device: facts.Device,
    treated: tuple[facts.TreatedZone, ...],
    at: datetime,
) -> facts.Consent | None:
    signed = inputs.get("consent", {})
    if signed is None:
        return None
    zones = signed.get("zones", [entry.zone.code for entry in treated])
    return facts.Consent(
        is_current_text=signed.get("current", True),
        expires_on=at.date() + signed.get("ends", 365) * DAY,
        zones=frozenset(zones),
        device_models=frozenset(signed.get("devices", [device.code])),
        off_label_accepted=signed.get("off_label", False),
        known_on=at.date() - signed.get("days", 0) * DAY,
        signer_relation=signed.get("relation", ""),
        patient_assented=signed.get("assent", bool(signed.get("relation"))),
    )


def _previous(
    sessions: list[dict[str, Any]], inputs: Mapping[str, Any], at: datetime
) -> facts.Previous | None:
    if not sessions:
        return None
    last = min(sessions, key=lambda session: session["days"])
    return facts.Previous(
        started_at=at - last["days"] * DAY,
        days_before=last["days"],
        deepest_mm=Decimal(last["depth"]) if last.get("depth") else None,
        left_pigment=any(effect["kind"] in PIGMENT for effect in inputs.get("effects") or []),
    )


def _open_side_effects(inputs: Mapping[str, Any], at: datetime) -> tuple[facts.OpenSideEffect, ...]:
    courses = courses_in_effect(at)
    return tuple(
        open_side_effect(
            effect["kind"],
            effect["grade"],
            hours=24 * _days_ago(effect, inputs),
            is_here=effect.get("on") != "other",
            course=courses.get(effect["kind"]),
            began_after=effect.get("began"),
        )
        for effect in inputs.get("effects") or []
        if not effect.get("resolved")
    )


def _days_ago(effect: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    """How long a side effect has been there: since its session, unless its `days` say otherwise."""
    if "days" in effect:
        return int(effect["days"])
    if effect.get("on") == "other":
        return int((inputs.get("other_area") or {}).get("days", 0))
    return min((int(session["days"]) for session in inputs.get("previous") or []), default=0)


def _past_side_effects(inputs: Mapping[str, Any]) -> tuple[facts.PastSideEffect, ...]:
    return tuple(
        facts.PastSideEffect(
            kind=effect["kind"],
            name=open_side_effect(effect["kind"], 1, hours=0, is_here=True, course=None).name,
            grade=effect["grade"],
            is_same_area=effect.get("on") != "other",
        )
        for effect in inputs.get("effects") or []
        if effect.get("resolved")
    )


def _treated(
    inputs: Mapping[str, Any], version: ProtocolVersion, at: datetime
) -> tuple[facts.TreatedZone, ...]:
    chart = inputs.get("chart") or []
    known = zones_in_effect(version, at).filter(code__in=[row[0] for row in chart])
    zones = zone_facts(known, version)
    return tuple(
        facts.TreatedZone(
            zone=zones[code],
            depth_mm=Decimal(str(depth)),
            passes=int(passes),
            endpoint=Endpoint(endpoint[0]) if endpoint else Endpoint.ERYTHEMA,
        )
        for code, depth, passes, *endpoint in chart
    )


def _product(use: Mapping[str, Any], at: datetime) -> facts.ProductUse:
    code = use["code"]
    details = {
        "grams": Decimal(str(use["grams"])) if "grams" in use else None,
        "area_cm2": use.get("area"),
        "on_at": at - use["on"] * MINUTE if "on" in use else None,
        "off_at": at - use["off"] * MINUTE if "off" in use else None,
        "is_occluded": use.get("occluded", False),
        "prescriber": use.get("prescriber", ""),
        "tube_label": "scanned" if use.get("tube") else "",
    }
    if code.startswith("+"):  # one that the clinic has entered by itself
        name = code.removeprefix("+")
        own = Product(code=name.lower(), name=name, kind=ProductKind.SERUM, for_dermis=True)
        return product_facts(own, **details)
    known = product_facts(Product.objects.in_effect(at).get(code=code), **details)
    return replace(known, subject=code)
