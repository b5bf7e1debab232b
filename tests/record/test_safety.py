"""The safety rules on one session after another: who, where, how deep, how soon, with what.

A row names what differs from an unremarkable session, and exactly what the rules say about it.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clinic.findings import Finding, Severity
from patients.models import Condition, Scope
from patients.screening import Answer
from sessions import safety
from sessions.models import Endpoint, ProductKind
from sessions.safety import assess, facts, off_label_reasons
from sessions.safety.facts import Clearance, Credential, Facts, Limit, Number, Standing, Zone
from tests.factories import DAY, HOUR, NINE

BLOCK, WARN, INFO = Severity.BLOCK, Severity.WARN, Severity.INFO
NOBODY, PRACTITIONER = (), ("PRACTITIONER",)
TODAY = NINE.date()
MINUTE, SECOND = HOUR / 60, HOUR / 3600

# How grave each finding is, and who may decide to go on.
CODES = {
    code: (severity, roles)
    for severity, roles, codes in [
        (BLOCK, NOBODY, "screening_missing screening_expired rescreen_due zone_blocked"),
        (BLOCK, NOBODY, "screening_unconfirmed"),
        (BLOCK, NOBODY, "depth_out_of_band depth_above_device cartridge_missing"),
        (BLOCK, NOBODY, "consent_missing consent_outdated consent_expired consent_zone_missing"),
        (BLOCK, NOBODY, "consent_device_missing consent_off_label_missing minor_without_guardian"),
        (BLOCK, NOBODY, "minor_without_assent"),
        (BLOCK, NOBODY, "credential_expired credential_missing depth_above_credential"),
        (BLOCK, NOBODY, "examination_due"),
        (BLOCK, NOBODY, "birth_date_missing"),
        (BLOCK, NOBODY, "screening_isotretinoin_current"),
        (BLOCK, PRACTITIONER, "interval_hard open_side_effect not_a_candidate"),
        (BLOCK, PRACTITIONER, "consent_too_recent"),
        (BLOCK, NOBODY, "unreviewed_report"),
        (WARN, PRACTITIONER, "not_in_good_health expectations_not_discussed skin_type_unknown"),
        (WARN, PRACTITIONER, "screening_after_session interval_soft pigment_not_reviewed"),
        (WARN, PRACTITIONER, "depth_above_range depth_below_range no_depth_fits"),
        (WARN, PRACTITIONER, "passes_above_limit endpoint_excessive serum_not_for_dermis"),
        (WARN, PRACTITIONER, "anaesthetic_needs_prescriber anaesthetic_not_removed"),
        (WARN, PRACTITIONER, "anaesthetic_too_long anaesthetic_too_much anaesthetic_occluded"),
        (WARN, PRACTITIONER, "anaesthetic_large_area anaesthetic_dose_of_day"),
        (WARN, PRACTITIONER, "anaesthetic_on_open_skin anaesthetic_near_eyes weight_needed"),
        (WARN, PRACTITIONER, "anaesthetic_too_young"),
        (BLOCK, NOBODY, "anaesthetic_contraindicated"),
        (BLOCK, NOBODY, "blood_tube_missing sharps_not_confirmed"),
        (WARN, PRACTITIONER, "blood_product_identity side_effect_history minor_with_guardian"),
        (WARN, PRACTITIONER, "screening_keloid_tendency"),
        (INFO, NOBODY, "no_clearance_on_file alternatives_not_discussed allergies_on_record"),
        (INFO, NOBODY, "on_label off_label interval_approved depth_within_tolerance"),
        (INFO, NOBODY, "endpoint_unexpected course_exceeded anaesthetic_not_comparable"),
        (INFO, NOBODY, "treated_too_soon_after"),
        (WARN, PRACTITIONER, "planned_too_soon_after"),
        (INFO, NOBODY, "consent_leaves_out no_response response_not_measured"),
    ]
    for code in codes.split()
}
# What decides how grave they are is tested below.
VARIES = {
    *("open_side_effect", "screening_keloid_tendency", "unreviewed_report"),
    *("anaesthetic_too_much", "anaesthetic_dose_of_day", "anaesthetic_contraindicated"),
    "anaesthetic_not_comparable",
}
MEASURED = ("depth_", "no_depth_fits", "passes_", "interval_", "anaesthetic_")
NOT_MEASURED = {
    "anaesthetic_on_open_skin",
    "anaesthetic_near_eyes",
    "anaesthetic_not_removed",
    "anaesthetic_not_comparable",
    "anaesthetic_occluded",
    "anaesthetic_contraindicated",
}

RULES = {
    code: Number(Decimal(value), f"{code}, version 1", "clinical.md")
    for code, value in {
        "rescreen-hours": "72.00",
        "skin-iv-vi-first-depth": "1.00",
        "skin-iv-vi-step": "0.50",
        "age-of-consent": "18.00",
        "skin-iv-vi-extra-days": "14.00",
        "deep-from": "2.00",
        "deep-soft-days": "42.00",
        "side-effect-grade": "2.00",
        "pigment-check-weeks": "8.00",
        "erythema-below": "1.00",
        "anaesthetic-otc-percent": "4.00",
        "anaesthetic-large-area": "400.00",
        "light-weight": "50.00",
        "skin-treated-after": "28.00",
        "injected-after": "14.00",
        "actives-pause-after-to": "7.00",
    }.items()
}


def zone(
    code: str,
    most: str,
    protocol: tuple[str, str] = ("0.50", "2.50"),
    *,
    passes_max: int = 8,
    is_blocked: bool = False,
) -> Zone:
    low, high = (Decimal(depth) for depth in protocol)
    return Zone(
        code=code,
        name=code.title(),
        limit=Limit(f"limit of {code}", Decimal("0.50"), Decimal(most), "zones"),
        protocol_range=Limit("Acne scars, version 2", low, high, "Fabbrocini 2014"),
        passes_max=passes_max,
        is_blocked=is_blocked,
    )


CHEEKS = zone("cheeks", "2.50", ("1.50", "2.50"))
CHIN = zone("chin", "2.50")
FOREHEAD = zone("forehead", "1.00")
EYELID = zone("eyelid", "0.50", is_blocked=True)
EYES = zone("periorbital", "0.50")
THIN = zone("thin", "2.50", passes_max=4)
NOSE = zone("nose", "0.75", ("1.50", "2.50"))  # a cap beats the protocol
ZONES = frozenset({"cheeks", "chin", "forehead", "lip", "eyelid", "thin", "nose", "periorbital"})
FACE = facts.Area("face", ZONES, near_mouth=True)
CHEST = facts.Area("chest", frozenset({"chest"}), keloid_prone=frozenset({"chest"}))
BREASTBONE = zone("chest", "1.00")

PROTOCOL = facts.Protocol(
    name="Acne scars of the face",
    concern="acne-scars",
    passes_max=8,
    expected_endpoint=Endpoint.PINPOINT_BLEEDING,
    hard_min_days=14,
    soft_min_days=28,
    source="Fabbrocini 2014",
)
SLOW = replace(PROTOCOL, soft_min_days=56)
SCALP = replace(PROTOCOL, hard_min_days=7, soft_min_days=7)
GENTLE = replace(PROTOCOL, passes_max=4)
WRINKLES = replace(PROTOCOL, concern="wrinkles")

SCARS_CLEARED = Clearance(
    reference="DEN160029",
    concerns=frozenset({"acne-scars"}),
    zones=ZONES,
    skin_types=frozenset(range(1, 7)),
    min_age=22,
    depth_max_mm=Decimal("2.50"),
    source="FDA DEN160029",
)
WRINKLES_CLEARED = replace(SCARS_CLEARED, reference="K180778", concerns=frozenset({"wrinkles"}))
LIGHT_CLEARED = replace(SCARS_CLEARED, skin_types=frozenset({2, 3, 4}))
NECK_CLEARED = replace(SCARS_CLEARED, zones=frozenset({"neck"}))
SHALLOW_CLEARED = replace(SCARS_CLEARED, depth_max_mm=Decimal("1.00"))
RAISED_CLEARED = replace(SCARS_CLEARED, subtypes=frozenset({"raised"}))
ANY_DEPTH_CLEARED = replace(SCARS_CLEARED, depth_max_mm=None)
PEN = facts.Device(
    code="pen",
    name="Pen",
    depth_max_mm=Decimal("2.50"),
    tolerance_mm=Decimal("0.15"),
    source="specification",
    clearances=(SCARS_CLEARED,),
    jurisdiction="United States",
)
FOR_ALL_DEPTHS = replace(PEN, clearances=(ANY_DEPTH_CLEARED,))
EXACT = replace(PEN, tolerance_mm=Decimal("0.00"))
SHORT = replace(  # 1.50 mm, and its label does not mention isotretinoin
    PEN, name="Short", depth_max_mm=Decimal("1.50"), lists_isotretinoin=False
)

TOO_SHORT = replace(PEN, depth_max_mm=Decimal("1.00"), tolerance_mm=Decimal("0.05"))
FOR_THE_CHEST = replace(PEN, clearances=(replace(SCARS_CLEARED, zones=frozenset({"chest"})),))

SCREENING = facts.Screening(
    taken_at=NINE - HOUR,
    valid_until=TODAY + 90 * DAY,
    good_health=True,
    expectations_discussed=True,
)
CONSENT = facts.Consent(
    is_current_text=True,
    expires_on=TODAY + 365 * DAY,
    zones=ZONES,
    device_models=frozenset({"pen"}),
    off_label_accepted=False,
)
WITH_CLAUSE = replace(CONSENT, off_label_accepted=True)
CREAM = facts.ProductUse(
    name="Cream",
    kind=ProductKind.ANAESTHETIC,
    strength_percent=Decimal("4.00"),
    minutes_max=60,
    grams_per_cm2_max=Decimal("0.125"),
    grams=Decimal("50.00"),
    area_cm2=400,
    on_at=NINE - HOUR,
    off_at=NINE,
    source="label",
    subject="cream",
)
SERUM = facts.ProductUse(name="Serum", kind=ProductKind.SERUM, source="label", subject="serum")


def on(where: Zone, depth: str = "1.50", passes: int = 6, **more: Any) -> tuple[Any, ...]:
    return (facts.TreatedZone(where, Decimal(depth), passes, **more),)


def before(days: int, **more: Any) -> facts.Previous:
    return facts.Previous(started_at=NINE - days * DAY, days_before=days, **more)


def says(code: str = "peel", **more: Any) -> facts.Screening:
    """A screening with a yes to one question."""
    answer = Answer(code, True, "Wait.", WARN, "clinical.md", overridable_by=PRACTITIONER)
    return replace(SCREENING, answers=(replace(answer, **more),))


def ill(grade: int, kind: str = "ITCH", **more: Any) -> tuple[Any, ...]:
    return (facts.OpenSideEffect(kind, kind.title(), grade, **more),)


def used(product: facts.ProductUse = CREAM, **more: Any) -> tuple[Any, ...]:
    return (replace(product, **more),)


def peel(
    days: int, zones: Iterable[str] = ("cheeks",), **more: Any
) -> tuple[facts.OtherTreatment, ...]:
    """A peel by the record, so many days ago."""
    on_day = TODAY - timedelta(days=days)
    answer = Answer("chemical-peel", True, "Wait.", WARN, "§1.3", scope=Scope.ZONE, washout_days=21)
    said = replace(
        answer, last_exposure_on=on_day, zones=frozenset(zones), overridable_by=PRACTITIONER
    )
    return (facts.OtherTreatment("Chemical peel", on_day, "Dr. Sol", said, **more),)


def session(**changes: Any) -> Facts:
    """The cheeks of a grown-up of skin type III, on-label, screened, with consent and cartridge."""
    usual: dict[str, Any] = {
        "starts_at": NINE,
        "on": TODAY,
        "protocol": PROTOCOL,
        "device": PEN,
        "rules": RULES,
        "skin_type": 3,
        "age": 39,
        "screening": SCREENING,
        "consent": CONSENT,
        "treated": on(CHEEKS),
        "cartridges": 1,
    }
    return Facts(**{**usual, **changes})


def names(found: Iterable[Finding]) -> set[str]:
    return {"/".join(filter(None, (finding.code, finding.subject))) for finding in found}


def the(code: str, **changes: Any) -> Finding:
    """The one finding of that code."""
    (found,) = [finding for finding in assess(session(**changes)) if finding.code == code]
    return found


def test_an_unremarkable_session_is_on_label_and_nothing_else() -> None:
    (found,) = assess(session())

    assert (found.code, found.severity) == ("on_label", INFO)
    assert not found.needs_decision


def row(what: str, expected: str = "", **changes: Any) -> Any:
    """`code` or `code/subject`, all of them; `on_label` goes without saying."""
    codes = set(expected.split())
    labels = {"off_label", "no_clearance_on_file"}
    return pytest.param(changes, codes if codes & labels else codes | {"on_label"}, id=what)


def at(what: str, where: Zone, depth: str, code: str = "", **more: Any) -> Any:
    found = f"{code}/{where.code}" if code else ""
    return row(what, found, **{"treated": on(where, depth), **more})


def after(days: int, what: str, expected: str = "", **more: Any) -> Any:
    seen = {key: more.pop(key) for key in ("deepest_mm", "spacing_approved") if key in more}
    return row(f"{what} ({days} days)", expected, previous=before(days, **seen), **more)


def asked(what: str, expected: str = "", **screening: Any) -> Any:
    return row(what, expected, screening=replace(SCREENING, **screening))


def signed(what: str, expected: str = "", **consent: Any) -> Any:
    return row(f"consent: {what}", expected, consent=replace(CONSENT, **consent))


def cleared(what: str, expected: str, *clearances: Clearance, **more: Any) -> Any:
    device = replace(PEN, clearances=clearances)
    return row(f"cleared {what}", expected, device=device, consent=WITH_CLAUSE, **more)


def numbed(what: str, code: str = "", **cream: Any) -> Any:
    return row(f"cream {what}", f"{code}/cream" if code else "", products=used(**cream))


SINCE = replace(SCREENING, pigment_checked=True)
ISOTRETINOIN = says("isotretinoin-now", condition=Condition.DEVICE_LISTS_ISOTRETINOIN)
HSV = says("hsv", condition=Condition.NEAR_MOUTH)
MARKS = says("marks", condition=Condition.SKIN_IV_TO_VI)
SORE = says("sore", scope=Scope.ZONE, zones=frozenset({"chin"}))
PUS = says("pus", scope=Scope.AREA, zones=frozenset({"chin"}), severity=BLOCK, overridable_by=())
RAISED = says("keloid-tendency")
KELOIDS, SORES = facts.Record(keloids=True), facts.Record(cold_sores=True)
CAPSULE = says("isotretinoin-stopped", washout_days=180, last_exposure_on=TODAY)
CAPSULE_BEFORE = says("isotretinoin-stopped", washout_days=180, last_exposure_on=TODAY - DAY)
HEALED = {
    kind: (facts.PastSideEffect(kind, kind.title(), 3),)
    for kind in (
        *("ANAESTHETIC_REACTION", "GRANULOMA", "SCARRING", "HSV_REACTIVATION"),
        *("URTICARIA", "ANAPHYLAXIS", "SYNCOPE", "PERSISTENT_ERYTHEMA"),
    )
}
THREE = facts.Number(Decimal(3), "stop rule", "test")
NOT_MEASURED_YET = facts.Response(is_measured=False, is_better=False)
STOPPED = says("isotretinoin", washout_days=180, last_exposure_on=TODAY - 180 * DAY)
NOT_YET = says("isotretinoin", washout_days=180, last_exposure_on=TODAY - 179 * DAY)
ONCE = says("isotretinoin", washout_days=180)
DARKER = {"skin_type": 4, "treated": on(CHIN, "1.00")}
MARKS_OF_NOBODY = {"skin_type": None, "screening": MARKS}
NOBODY_ASKED = {"skin_type": 4, "screening": None}
ITCH_AND_MILIA = ill(1) + ill(3, "MILIA")
EXCESSIVE, DOTS = Endpoint.EXCESSIVE_BLEEDING, Endpoint.PINPOINT_BLEEDING
ONE, DEEP = Decimal("1.00"), Decimal("2.00")
LATER: dict[str, Any] = {"skin_type": 4, "screening": SINCE}
NONE: frozenset[str] = frozenset()
STRONG = {"strength_percent": Decimal("23.00")}
TWO_TUBES = used(off_at=NINE + MINUTE) + used(off_at=NINE + 2 * MINUTE)

DEPTHS = [
    at("as deep as the zone allows", FOREHEAD, "1.00"),
    at("0.01 deeper than the zone", FOREHEAD, "1.01", "depth_above_range"),
    at("deeper by the tolerance: a cap is read exactly", FOREHEAD, "1.15", "depth_above_range"),
    at("deeper than the zone by more", FOREHEAD, "1.16", "depth_above_range"),
    at("0.01 deeper, an exact device", FOREHEAD, "1.01", "depth_above_range", device=EXACT),
    at("the deepest of the band", CHEEKS, "2.50"),
    at("deeper than the band", CHEEKS, "2.51", "depth_out_of_band", device=FOR_ALL_DEPTHS),
    at("the shallowest of the band", FOREHEAD, "0.50"),
    at("shallower than the band", FOREHEAD, "0.49", "depth_out_of_band"),
    at("as shallow as the protocol begins", CHEEKS, "1.50"),
    at("0.01 shallower than the protocol", CHEEKS, "1.49", "depth_within_tolerance"),
    at("shallower by the tolerance", CHEEKS, "1.35", "depth_within_tolerance"),
    at("shallower by more than the tolerance", CHEEKS, "1.34", "depth_below_range"),
    at("as deep as a short device goes", CHEEKS, "1.50", device=SHORT),
    at("deeper by its tolerance", CHEEKS, "1.65", "depth_within_tolerance", device=SHORT),
    at("deeper than a short device can", CHEEKS, "1.66", "depth_above_device", device=SHORT),
    at("above zone and device", FOREHEAD, "2.00", "depth_above_device", device=SHORT),
    at("a cap below the protocol: at the cap", NOSE, "0.75"),
    at("a cap below the protocol: the shallowest", NOSE, "0.50"),
    at("a cap below the protocol: too deep by the tolerance", NOSE, "0.90", "depth_above_range"),
    at("a cap below the protocol: as the protocol likes", NOSE, "1.50", "depth_above_range"),
    at("none fits: the device is too short", CHEEKS, "1.00", "no_depth_fits", device=TOO_SHORT),
    at("darker skin at first", CHIN, "1.00", skin_type=4),
    at("darker skin at first, 0.01 deeper", CHIN, "1.01", "depth_above_range", skin_type=4),
    at("lighter skin at first", CHIN, "1.16", skin_type=3),
    at("darker skin, one step", CHIN, "1.50", **LATER, previous=before(42, deepest_mm=ONE)),
    at(
        *("darker skin, more than a step", CHIN, "1.51", "depth_above_range"),
        **LATER,
        previous=before(42, deepest_mm=ONE),
    ),
    at(
        *("darker skin, a step after patches", CHIN, "1.01", "depth_above_range"),
        **LATER,
        previous=before(42, deepest_mm=ONE, left_pigment=True),
    ),
    at("darker skin, nobody knows how deep it was", CHIN, "1.50", **LATER, previous=before(42)),
    at("darkest skin, a deep protocol", CHEEKS, "1.00", skin_type=6),
    at("a zone that is never needled", EYELID, "0.50", "zone_blocked"),
    row(
        "a zone that is never needled, and everything else wrong too",
        "zone_blocked/eyelid",
        treated=on(EYELID, "2.00", 9, endpoint=Endpoint.EXCESSIVE_BLEEDING),
    ),
    row(
        "two zones, two findings",
        "depth_above_range/forehead depth_below_range/cheeks",
        treated=on(FOREHEAD, "1.50") + on(CHEEKS, "1.00"),
    ),
    row(
        "two zones, one of them fine",
        "depth_above_range/forehead",
        treated=on(CHEEKS) + on(FOREHEAD, "1.50"),
    ),
    row(
        "both sides of a zone, one of them fine",
        "depth_above_range/forehead",
        treated=on(FOREHEAD, "0.80") + on(FOREHEAD, "1.50"),
    ),
    row("as many passes as the zone allows", treated=on(THIN, passes=4)),
    row("more passes than the zone allows", "passes_above_limit/thin", treated=on(THIN, passes=5)),
    row("as many passes as the protocol allows", treated=on(CHEEKS, passes=8)),
    row(
        "more passes than the protocol allows",
        "passes_above_limit/cheeks",
        treated=on(CHEEKS, passes=5),
        protocol=GENTLE,
    ),
    row("excessive bleeding", "endpoint_excessive/cheeks", treated=on(CHEEKS, endpoint=EXCESSIVE)),
    row("bleeding below 1 mm", "endpoint_unexpected/chin", treated=on(CHIN, "0.99", endpoint=DOTS)),
    row("bleeding from 1 mm on", treated=on(CHIN, "1.00", endpoint=DOTS)),
    row(
        "bleeding on darker skin",
        "endpoint_unexpected/chin",
        treated=on(CHIN, "1.00", endpoint=DOTS),
        skin_type=6,
    ),
    row("no endpoint", treated=on(CHIN, "0.50", endpoint=Endpoint.NONE)),
]

INTERVALS = [
    after(28, "the soft minimum"),
    after(27, "a day less than the soft minimum", "interval_soft"),
    after(14, "the hard minimum", "interval_soft"),
    after(13, "a day less than the hard minimum", "interval_hard"),
    after(0, "the same day", "interval_hard"),
    after(-3, "a clock that runs backwards", "interval_hard"),
    after(13, "sooner, as approved", "interval_approved", spacing_approved=True),
    after(0, "the same day, as approved", "interval_approved", spacing_approved=True),
    after(14, "approved, but only the soft is undercut", "interval_soft", spacing_approved=True),
    after(28, "approved, but nothing is undercut", spacing_approved=True),
    after(42, "after a deep one", deepest_mm=DEEP),
    after(41, "after a deep one, a day less", "interval_soft", deepest_mm=DEEP),
    after(28, "after one not quite deep", deepest_mm=DEEP - Decimal("0.01")),
    after(56, "after a deep one, the protocol waits longer anyway", deepest_mm=DEEP, protocol=SLOW),
    after(55, "a day less than a slow protocol", "interval_soft", protocol=SLOW),
    after(7, "the scalp after a week", protocol=SCALP),
    after(6, "the scalp, a day less", "interval_hard", protocol=SCALP),
    after(42, "darker skin, two weeks more", skin_type=5, screening=SINCE),
    after(41, "darker skin, a day less", "interval_soft", skin_type=5, screening=SINCE),
    after(42, "darker skin, deep: no sum", deepest_mm=DEEP, skin_type=5, screening=SINCE),
    after(60, "darker skin, nobody looked for pigment", "pigment_not_reviewed", skin_type=4),
    after(
        60,
        "darker skin, somebody looked before the last session",
        "pigment_not_reviewed rescreen_due",
        skin_type=4,
        screening=replace(SINCE, taken_at=NINE - 61 * DAY),
    ),
    after(
        60, "darker skin, never screened", "pigment_not_reviewed screening_missing", **NOBODY_ASKED
    ),
    row(
        "darker skin, looked at when the last session began",
        "pigment_not_reviewed rescreen_due",
        skin_type=4,
        treated=on(CHIN, "1.00"),
        previous=before(60),
        screening=replace(SINCE, taken_at=NINE - 60 * DAY),
    ),
    row(
        "darker skin, looked at a second later",
        "rescreen_due",
        skin_type=4,
        treated=on(CHIN, "1.00"),
        previous=before(60),
        screening=replace(SINCE, taken_at=NINE - 60 * DAY + SECOND),
    ),
    after(60, "lighter skin needs no look for pigment"),
    row("grade 1 is not healed", "open_side_effect/ITCH", side_effects=ill(1)),
    row("grade 2 is not healed", "open_side_effect/ITCH", side_effects=ill(2)),
    row("dry on another area", "open_side_effect/DRYNESS", side_effects=ill(2, "DRYNESS")),
    row("two kinds", "open_side_effect/ITCH open_side_effect/MILIA", side_effects=ITCH_AND_MILIA),
]

SCREENINGS = [
    row("never screened", "screening_missing", screening=None),
    asked("the last valid day", valid_until=TODAY),
    asked("the day after it was valid", "screening_expired", valid_until=TODAY - DAY),
    asked("72 hours ago", taken_at=NINE - 72 * HOUR),
    asked("a second more than 72 hours ago", "rescreen_due", taken_at=NINE - 72 * HOUR - SECOND),
    asked("came late, was asked then", taken_at=NINE + HOUR),
    asked("a second less than a day late", taken_at=NINE + DAY - SECOND),
    asked("asked the day after", "screening_after_session", taken_at=NINE + DAY),
    asked("not in good health", "not_in_good_health", good_health=False),
    asked("hopes for too much", "expectations_not_discussed", expectations_discussed=False),
    asked("answered at home", "screening_unconfirmed", is_confirmed=False),
    row("a yes", "screening_peel", screening=says()),
    row("a no", screening=says(answer=False)),
    row("isotretinoin, the label lists it", "screening_isotretinoin_now", screening=ISOTRETINOIN),
    row("isotretinoin, the label does not", screening=ISOTRETINOIN, device=SHORT),
    row("isotretinoin stopped, the clear day", screening=STOPPED),
    row("isotretinoin stopped, the day before", "screening_isotretinoin", screening=NOT_YET),
    row("a peel by the record, its last day", "screening_chemical_peel", other_treatments=peel(20)),
    row("a peel by the record, washed out", other_treatments=peel(21)),
    row("a peel elsewhere on the area", other_treatments=peel(1, zones={"forehead"})),
    row("a peel after the session", other_treatments=peel(-1)),
    row(
        "a peel planned on the last day of the pause after the session",
        "planned_too_soon_after",
        other_treatments=peel(-27, is_planned=True),
    ),
    row("a peel planned for after the pause", other_treatments=peel(-28, is_planned=True)),
    row(
        "a peel planned for the day of the session",
        "screening_chemical_peel",
        other_treatments=peel(0, is_planned=True),
    ),
    row(
        "a peel planned, of which nobody has said what became of it",
        "screening_chemical_peel",
        other_treatments=peel(20, is_planned=True),
        previous=facts.Previous(started_at=NINE - 40 * DAY, days_before=40),
    ),
    row(
        "a peel planned, after its washout",
        other_treatments=peel(21, is_planned=True),
    ),
    row(
        "a peel on the last day of the pause after needling",
        "treated_too_soon_after",
        other_treatments=peel(33),
        previous=facts.Previous(started_at=NINE - 60 * DAY, days_before=60),
    ),
    row(
        "a peel after the pause",
        other_treatments=peel(32),
        previous=facts.Previous(started_at=NINE - 60 * DAY, days_before=60),
    ),
    row("isotretinoin stopped, nobody knows when", "screening_isotretinoin", screening=ONCE),
    at("cold sores, an area without a mouth", CHEEKS, "1.50", screening=HSV),
    row("cold sores, the cheeks of a face", "screening_hsv", screening=HSV, area=FACE),
    row("cold sores, nothing charted", "screening_hsv", screening=HSV, area=FACE, treated=()),
    row("a sore on the zone", "screening_sore", screening=SORE, treated=on(CHIN)),
    row("a sore on another zone", screening=SORE),
    row("a sore somewhere, nothing charted", "screening_sore", screening=SORE, treated=()),
    row("asked of darker skin, type III", screening=MARKS),
    row("asked of darker skin, type IV", "screening_marks", screening=MARKS, **DARKER),
    row("asked of darker skin, unknown", "screening_marks skin_type_unknown", **MARKS_OF_NOBODY),
    row("skin type unknown", "skin_type_unknown", skin_type=None),
    row("an infection on the zone", "screening_pus", screening=PUS, area=FACE, treated=on(CHIN)),
    row("an infection elsewhere on the area", "screening_pus", screening=PUS, area=FACE),
    row("an infection of another area", screening=replace(PUS), area=CHEST),
    row("the record has keloids", "screening_keloid_tendency", record=KELOIDS),
    row("both have keloids", "screening_keloid_tendency", record=KELOIDS, screening=RAISED),
    row("the record has cold sores", "screening_hsv_history", record=SORES, area=FACE),
    row("the record has cold sores, no mouth", record=SORES, area=CHEST),
    row("allergic to nuts", "allergies_on_record", record=facts.Record(allergies="Nuts")),
    row(
        "last capsule today",
        "screening_isotretinoin_stopped screening_isotretinoin_current",
        screening=CAPSULE,
    ),
    row("last capsule yesterday", "screening_isotretinoin_stopped", screening=CAPSULE_BEFORE),
    row(
        "last capsule today, no matter for the label",
        "screening_isotretinoin_stopped",
        screening=CAPSULE,
        device=SHORT,
    ),
]

NURSE = Credential("NURSE", "Nurse 1")
CANDIDATE = facts.Candidacy("CANDIDATE", NINE - DAY)
NOT_NOW = facts.Candidacy("NOT_NOW", NINE - DAY, until=TODAY)
READ_TODAY = replace(CONSENT, known_on=TODAY)
COURSES = [
    row("the same day", consent=READ_TODAY),
    row("not slept on it", "consent_too_recent", consent=READ_TODAY, cooling_off_days=1),
    row("slept on it", consent=replace(READ_TODAY, known_on=TODAY - DAY), cooling_off_days=1),
    row("a later session", consent=READ_TODAY, cooling_off_days=1, sessions_before=1),
    row("the last planned session", sessions_before=3, sessions_planned=4),
    row("one more than planned", "course_exceeded", sessions_before=4, sessions_planned=4),
    row("no better", "no_response", stop_after=THREE, response=facts.Response(True, False)),
    row("nobody knows", "response_not_measured", stop_after=THREE, response=NOT_MEASURED_YET),
    row("better", stop_after=THREE, response=facts.Response(True, True)),
    row("too early to say", stop_after=THREE),
    row("a child signs", "minor_without_guardian off_label", age=17, consent=WITH_CLAUSE),
    row(
        "a mother signs",
        "minor_with_guardian off_label",
        age=17,
        consent=replace(WITH_CLAUSE, signer_relation="mother", patient_assented=True),
    ),
    row(
        "a mother signs, the child was not asked",
        "minor_without_assent off_label",
        age=17,
        consent=replace(WITH_CLAUSE, signer_relation="mother"),
    ),
    row("a red report that is open", "unreviewed_report", unreviewed=frozenset({"AMBER", "RED"})),
    row("an emergency", "unreviewed_report", unreviewed=frozenset({"EMERGENCY"})),
    row("an amber report", "unreviewed_report", unreviewed=frozenset({"AMBER"})),
    row("a candidate", candidacy=CANDIDATE),
    row(
        "licence over",
        "credential_expired/licence",
        standing=Standing((replace(NURSE, expires_on=TODAY - DAY),)),
    ),
    row(
        "licence asked", "credential_missing/licence", standing=Standing((), frozenset({"LICENCE"}))
    ),
    row(
        "licence to 0.60",
        "depth_above_credential/licence",
        standing=Standing((replace(NURSE, depth_max_mm=Decimal("0.60")),)),
    ),
    row("not examined", "examination_due", standing=Standing((), frozenset({"EXAMINATION"}))),
    row("declined", "not_a_candidate", candidacy=replace(CANDIDATE, outcome="DECLINED")),
    row("not now", "not_a_candidate", candidacy=replace(NOT_NOW, until=TODAY + DAY)),
    row("now", candidacy=NOT_NOW),
    row("of age", "off_label", age=18, consent=WITH_CLAUSE),
    row("of no known age", "birth_date_missing off_label", age=None, consent=WITH_CLAUSE),
    row(
        "numb again",
        "side_effect_history/ANAESTHETIC_REACTION",
        products=used(),
        past_side_effects=HEALED["ANAESTHETIC_REACTION"],
    ),
    row("not numb again", past_side_effects=HEALED["ANAESTHETIC_REACTION"]),
    row(
        "a serum again",
        "side_effect_history/GRANULOMA",
        products=used(SERUM, for_dermis=True),
        past_side_effects=HEALED["GRANULOMA"],
    ),
    row("scars there", "side_effect_history/SCARRING", past_side_effects=HEALED["SCARRING"]),
    row("scars elsewhere", past_side_effects=(replace(HEALED["SCARRING"][0], is_same_area=False),)),
    row(
        "blisters, a mouth",
        "side_effect_history/HSV_REACTIVATION",
        area=FACE,
        past_side_effects=HEALED["HSV_REACTIVATION"],
    ),
    *(
        row(
            f"{kind.lower()}, a cream again",
            f"side_effect_history/{kind}",
            products=used(),
            past_side_effects=HEALED[kind],
        )
        for kind in ("URTICARIA", "ANAPHYLAXIS")
    ),
    row("hives, nothing put on", past_side_effects=HEALED["URTICARIA"]),
    row(
        "hives, nothing charted yet",
        "side_effect_history/URTICARIA",
        past_side_effects=HEALED["URTICARIA"],
        treated=(),
    ),
    row(
        "an anaesthetic reaction, nothing charted yet",
        "side_effect_history/ANAESTHETIC_REACTION",
        past_side_effects=HEALED["ANAESTHETIC_REACTION"],
        treated=(),
    ),
    row(
        "anaphylaxis, nothing put on",
        "side_effect_history/ANAPHYLAXIS",
        past_side_effects=HEALED["ANAPHYLAXIS"],
    ),
    row("has fainted", "side_effect_history/SYNCOPE", past_side_effects=HEALED["SYNCOPE"]),
    row(
        "stayed red there",
        "side_effect_history/PERSISTENT_ERYTHEMA",
        past_side_effects=HEALED["PERSISTENT_ERYTHEMA"],
    ),
    row(
        "own blood, called a serum",
        "blood_product_identity/serum",
        products=used(SERUM, name="PRP of the patient", for_dermis=True),
    ),
    row("own blood", "blood_tube_missing/serum", products=used(SERUM, kind=ProductKind.BLOOD)),
    row(
        "own blood, scanned",
        products=used(SERUM, kind=ProductKind.BLOOD, tube_label="3FA29C01-7B2E04-1"),
    ),
    row("sharps, asked for", "sharps_not_confirmed", sharps_due=True),
    row("sharps, nothing needled", sharps_due=True, treated=()),
    row(
        "cream kept off the eyes, eyes treated",
        "anaesthetic_near_eyes/cream",
        products=used(not_near_eyes=True),
        treated=on(EYES, "0.50", 4),
    ),
    numbed("kept off the eyes", not_near_eyes=True),
    row(
        "cream that an answer rules out",
        "screening_g6pd anaesthetic_contraindicated/cream",
        products=used(not_with=frozenset({"g6pd"})),
        screening=says("g6pd"),
    ),
    row(
        "another cream",
        "screening_g6pd",
        products=used(not_with=frozenset({"liver"})),
        screening=says("g6pd"),
    ),
    row(
        "cream that a no rules in",
        products=used(not_with=frozenset({"g6pd"})),
        screening=says("g6pd", answer=False),
    ),
    numbed("for his age", age_min=39),
    numbed("for older people", "anaesthetic_too_young", age_min=40),
    row("a dose for anybody's weight", products=used(mg_per_kg_max=Decimal(40))),
    row(
        "a dose that may be too much for somebody light",
        "weight_needed",
        products=used(mg_per_kg_max=Decimal("39.99")),
    ),
    row(
        "somebody light, who says so",
        "weight_needed screening_low_weight",
        products=used(mg_per_kg_max=Decimal(400)),
        screening=says("low-weight", severity=INFO, overridable_by=NOBODY),
    ),
    row("half of the day's cream", products=used(grams_max=Decimal(100))),
    row(
        "four fifths of the day's cream",
        "anaesthetic_dose_of_day",
        products=used(grams_max=Decimal("62.50")),
    ),
    row(
        "more in two sessions of a day",
        "anaesthetic_dose_of_day",
        products=used(grams_max=Decimal(60), grams=Decimal(30)),
        same_day_products=used(grams_max=Decimal(60), grams=Decimal(31)),
    ),
]

LABELS = [
    row("old enough for the label", age=22),
    row("too young for the label", "off_label consent_off_label_missing", age=21),
    row("too young, clause signed", "off_label", age=21, consent=WITH_CLAUSE),
    row("another indication", "off_label", protocol=WRINKLES, consent=WITH_CLAUSE),
    cleared("for nothing known", "no_clearance_on_file"),
    cleared("for this form", "", RAISED_CLEARED, subtypes={"raised": "Raised"}),
    cleared("for another form", "off_label", RAISED_CLEARED, subtypes={"plain": "Plain"}),
    cleared("for a form, which is not known", "off_label", RAISED_CLEARED),
    cleared("for another zone", "off_label", NECK_CLEARED),
    cleared("for another zone, nothing charted yet", "", NECK_CLEARED, treated=()),
    cleared("for this skin type", "", LIGHT_CLEARED, skin_type=2),
    cleared("not for this skin type", "off_label", LIGHT_CLEARED, skin_type=1),
    cleared("for some types", "off_label skin_type_unknown", LIGHT_CLEARED, skin_type=None),
    cleared("for all skin types", "skin_type_unknown", SCARS_CLEARED, skin_type=None),
    cleared("as deep", "", SHALLOW_CLEARED, treated=on(CHIN, "1.00")),
    cleared("less deep, by the letter", "off_label", SHALLOW_CLEARED, treated=on(CHIN, "1.01")),
    cleared("for any depth", "", ANY_DEPTH_CLEARED, treated=on(CHIN, "2.50")),
    cleared("by the second of two", "", WRINKLES_CLEARED, SCARS_CLEARED),
    row("ice-pick scars", "alternatives_not_discussed", responds_poorly="Ice-pick"),
    row("ice-pick scars, told of peels", responds_poorly="Ice-pick", alternatives_told=True),
    row("no consent", "consent_missing", consent=None),
    signed("the last day", expires_on=TODAY),
    signed("the day after", "consent_expired", expires_on=TODAY - DAY),
    signed("a text that has changed", "consent_outdated", is_current_text=False),
    signed("for another zone", "consent_zone_missing", zones=frozenset({"chin"})),
    signed("for another device", "consent_device_missing", device_models=frozenset({"roller"})),
    row("signed for the area, nothing charted", treated=(), area=FACE),
    row(
        "signed for one zone of the area, nothing charted",
        "consent_leaves_out",
        treated=(),
        area=FACE,
        consent=replace(CONSENT, zones=frozenset({"chin"})),
    ),
    row("signed for no zone, nothing charted", consent=replace(CONSENT, zones=NONE), treated=()),
]

PRODUCTS = [
    numbed("exactly as the label says"),
    numbed("of 4.01 %", "anaesthetic_needs_prescriber", strength_percent=Decimal("4.01")),
    numbed("of 4.01 %, prescribed", strength_percent=Decimal("4.01"), prescriber="Dr Ng"),
    numbed(
        "of 23 %, prescribed by a blank", "anaesthetic_needs_prescriber", **STRONG, prescriber="  "
    ),
    numbed("of unknown strength", strength_percent=None),
    numbed("on a second too long", "anaesthetic_too_long", off_at=NINE + SECOND),
    numbed("on a minute too long", "anaesthetic_too_long", on_at=NINE - HOUR - MINUTE),
    numbed("with a label without a time", minutes_max=None, on_at=None),
    numbed("on, nobody knows since when", "anaesthetic_not_comparable", on_at=None),
    numbed("still on", "anaesthetic_not_removed", off_at=None),
    numbed("by 0.01 g too much", "anaesthetic_too_much", grams=Decimal("50.01")),
    numbed("with a label without a dose", grams_per_cm2_max=None, grams=None),
    numbed("on, nobody knows how much", "anaesthetic_not_comparable", grams=None),
    numbed("on, nobody knows on what", "anaesthetic_not_comparable", area_cm2=None),
    numbed("on 401 cm²", "anaesthetic_large_area", area_cm2=401),
    row("cream before the needles", products=used(), needled_at=NINE),
    row(
        "cream again after needling began",
        "anaesthetic_on_open_skin/cream",
        products=used(on_at=NINE + MINUTE, off_at=NINE + 2 * MINUTE),
        needled_at=NINE,
    ),
    numbed("covered", "anaesthetic_occluded", is_occluded=True),
    numbed("covered, as its label allows", is_occluded=True, may_be_occluded=True),
    row("two tubes", "anaesthetic_too_long/cream", products=TWO_TUBES),
    row("a serum for the dermis", products=used(SERUM, for_dermis=True)),
    row("any serum", "serum_not_for_dermis/serum", products=used(SERUM)),
    row("a dressing", products=used(SERUM, kind=ProductKind.DRESSING)),
    row("no cartridge", "cartridge_missing", cartridges=0),
    row("no cartridge, nothing charted", cartridges=0, treated=()),
    row("two cartridges", cartridges=2),
    row(
        "all at once",
        "off_label interval_hard screening_expired screening_peel consent_expired "
        "consent_off_label_missing skin_type_unknown open_side_effect/ITCH cartridge_missing "
        "depth_above_range/forehead passes_above_limit/forehead serum_not_for_dermis/serum",
        age=18,
        skin_type=None,
        previous=before(3),
        side_effects=ill(2),
        screening=replace(says(), valid_until=TODAY - DAY),
        consent=replace(CONSENT, expires_on=TODAY - DAY),
        treated=on(FOREHEAD, "2.00", 9),
        products=used(SERUM),
        cartridges=0,
    ),
]
TABLE = DEPTHS + INTERVALS + SCREENINGS + LABELS + PRODUCTS + COURSES


@pytest.mark.parametrize(("changes", "expected"), TABLE)
def test_the_rules_find(changes: dict[str, Any], expected: set[str]) -> None:
    found = assess(session(**changes))

    assert names(found) == expected
    assert len(found) == len(expected)
    order = [list(Severity).index(finding.severity) for finding in found]
    assert order == sorted(order)
    for finding in found:
        is_explained(finding)


def is_explained(finding: Finding) -> None:
    """What every finding owes to its reader."""
    assert finding.message.strip()
    assert finding.rule.strip()
    assert finding.source.strip()
    assert finding.as_dict()["overridable_by"] == list(finding.overridable_by)
    if finding.code in set(CODES) - VARIES:
        assert (finding.severity, finding.overridable_by) == CODES[finding.code]
    if not finding.overridable_by:
        assert "overrid" not in finding.message.lower()
    if finding.severity == INFO:
        assert finding.overridable_by == NOBODY
    if finding.code.startswith(MEASURED) and finding.code not in NOT_MEASURED:
        assert finding.numbers
    for figures in finding.numbers.values():
        assert all(Decimal(figure).is_finite() for figure in figures.split(", "))


def sources() -> str:
    folder = Path(safety.__file__).parent
    others = {"assessment.py", "cases.py", "consultation.py", "outcome_visit.py"}  # no rules
    rules = (path for path in folder.rglob("*.py") if path.name not in others)
    return "\n".join(path.read_text() for path in rules if path.parent.name != "loading")


def test_the_table_finds_every_code_of_the_rules() -> None:
    """A code is a quoted word_with_underscores that is no key; a new one needs a row."""
    codes = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"(?!:)', sources())) - set(safety.__all__)
    found = {name.split("/")[0] for param in TABLE for name in param.values[1]}

    assert codes == set(CODES)
    assert codes <= found


def test_the_tables_rules_are_those_that_are_read() -> None:
    assert set(re.findall(r'rules\["([a-z-]+)"\]', sources())) == set(RULES)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"AMBER"}, (WARN, PRACTITIONER)),
        ({"AMBER", "RED"}, (BLOCK, NOBODY)),
        ({"EMERGENCY"}, (BLOCK, NOBODY)),
    ],
)
def test_a_red_report_stops_and_an_amber_one_needs_a_reason(
    levels: set[str], expected: tuple[Severity, tuple[str, ...]]
) -> None:
    finding = the("unreviewed_report", unreviewed=frozenset(levels))

    assert (finding.severity, finding.overridable_by) == expected


@pytest.mark.parametrize("depth", ["0.50", "0.94"])
def test_where_no_depth_fits_both_limits_are_named(depth: str) -> None:
    message = the("no_depth_fits", treated=on(CHEEKS, depth), device=TOO_SHORT).message

    assert "no depth fits: at least 1.50 mm by Acne scars, version 2" in message
    assert "at most 1.00 mm by Pen" in message


@pytest.mark.parametrize(
    ("depth", "limit"), [("1.44", "Acne scars, version 2"), ("1.45", "Pen"), ("1.46", "Pen")]
)
def test_where_no_depth_fits_too_deep_is_said_first(depth: str, limit: str) -> None:
    """The pen reaches 1.40 mm and the protocol begins at 1.50: 1.45 is as far from both."""
    pen = replace(PEN, depth_max_mm=Decimal("1.40"))

    assert the("depth_within_tolerance", treated=on(CHEEKS, depth), device=pen).rule == limit


def test_a_depth_is_explained_by_all_limits_and_its_figures() -> None:
    found = the("depth_above_range", treated=on(FOREHEAD, "1.50"), skin_type=3)

    assert found.message.startswith("Forehead: 1.50 mm is deeper than 1.00 mm (")
    for limit in ("band of the product", "limit of forehead", "Acne scars, version 2", "Pen"):
        assert limit in found.message
    assert (found.rule, found.source) == ("limit of forehead", "zones")
    assert found.numbers == {
        "depth_mm": "1.50",
        "low_mm": "0.50",
        "high_mm": "1.00",
        "device_max_mm": "2.50",
        "tolerance_mm": "0.15",
    }


def test_the_first_session_on_darker_skin_is_the_rule_that_is_named() -> None:
    found = the("depth_above_range", treated=on(CHIN, "2.00"), skin_type=5)

    assert found.rule == "first session on skin types IV–VI"


def test_both_sides_of_a_zone_are_one_decision_that_ends_when_either_changes() -> None:
    left, right = on(FOREHEAD, "1.50"), on(FOREHEAD, "1.80")

    both = the("depth_above_range", treated=left + right)
    again = the("depth_above_range", treated=left + on(FOREHEAD, "1.50"))
    alone = the("depth_above_range", treated=left)

    assert both.numbers["depth_mm"] == "1.50, 1.80"
    assert "1.50 mm is deeper" in both.message
    assert "1.80 mm is deeper" in both.message
    assert again.numbers["depth_mm"] == "1.50, 1.50"
    assert again.message == alone.message
    assert alone.numbers["depth_mm"] == "1.50"


def test_the_graver_of_two_findings_of_one_name_decides() -> None:
    found = the("open_side_effect", side_effects=ill(1) + ill(3))

    assert (found.severity, found.overridable_by) == (BLOCK, PRACTITIONER)


@pytest.mark.parametrize(
    ("grade", "is_pigment_change", "severity"),
    [(1, False, INFO), (2, False, BLOCK), (5, False, BLOCK), (1, True, BLOCK)],
)
def test_from_grade_2_on_and_for_pigment_a_practitioner_decides(
    grade: int, is_pigment_change: bool, severity: Severity
) -> None:
    found = the("open_side_effect", side_effects=ill(grade, is_pigment_change=is_pigment_change))

    assert found.severity == severity
    assert found.overridable_by == (PRACTITIONER if severity == BLOCK else NOBODY)
    assert found.numbers == {"grade": str(grade), "limit_grade": "2"}


def test_the_soft_minimum_says_why_it_is_longer() -> None:
    found = the("interval_soft", previous=before(30, deepest_mm=Decimal("2.00")), skin_type=3)
    darker = the("interval_soft", previous=before(30), skin_type=4)

    assert found.message == (
        "The last session on this area was 30 days before; "
        "42 days are better (protocol 28, 42 after 2 mm or deeper)."
    )
    assert "(protocol 28, skin types IV–VI 14 more)" in darker.message
    assert darker.numbers == {"days": "30", "hard_min_days": "14", "soft_min_days": "42"}


@pytest.mark.parametrize(
    ("days", "words"), [(0, "on the same day;"), (1, "1 day before;"), (2, "2 days before;")]
)
def test_the_interval_is_said_in_words(days: int, words: str) -> None:
    assert words in the("interval_hard", previous=before(days)).message


def test_a_washout_says_when_it_is_over() -> None:
    found = the("screening_isotretinoin", screening=NOT_YET)

    assert found.clear_on == TODAY + timedelta(days=1)
    assert found.message == "Wait. Clear on 8 Jan 2030."
    assert found.numbers == {"washout_days": "180"}


def test_record_and_screening_of_one_treatment_are_one_decision() -> None:
    """It ends with the later of the two; a no within the washout is a contradiction."""
    denied = says("chemical-peel", answer=False)
    admitted = says("chemical-peel", washout_days=21, last_exposure_on=TODAY - 9 * DAY)
    code, found = "screening_chemical_peel", peel(10)

    recorded = the(code, other_treatments=found)
    contradicted = the(code, other_treatments=found, screening=denied)
    both = the(code, other_treatments=found, screening=admitted)
    two = the(code, other_treatments=(*found, *peel(3)))

    assert (recorded.clear_on, recorded.severity) == (TODAY + 11 * DAY, WARN)
    assert recorded.message == (
        "Chemical peel on 28 Dec 2029 (Dr. Sol): 21 days are waited before needling there. "
        "Clear on 18 Jan 2030."
    )
    assert recorded.numbers == {"washout_days": "21"}
    assert contradicted.message == (
        f"{recorded.message} The record names “Chemical peel” of 28 Dec 2029, the questionnaire "
        "does not: ask, and correct one."
    )
    assert contradicted.clear_on == recorded.clear_on
    assert both.clear_on == TODAY + 12 * DAY
    assert (two.clear_on, two.numbers) == (TODAY + 18 * DAY, {"washout_days": "21, 21"})
    assert the(code, other_treatments=found, screening=says(code="peel")) == recorded
    unnamed = peel(10, is_asked_by_name=False)
    assert the(code, other_treatments=unnamed, screening=denied) == recorded
    since = peel(10)[0]
    before = replace(denied, taken_at=NINE - 11 * DAY)
    assert the(code, other_treatments=(since,), screening=before).message == recorded.message


def test_a_cream_that_is_ruled_out_needs_the_sign_off_that_its_question_asks_for() -> None:
    """All of its questions: one without is for nobody to decide."""
    said = says("liver", message="Ask.", sign_off="PHYSICIAN", severity=WARN)
    cream = used(not_with=frozenset({"liver", "g6pd"}))
    never = says("g6pd", message="Not this one.").answers

    signed = the("anaesthetic_contraindicated", products=cream, screening=said)
    both = the(
        "anaesthetic_contraindicated",
        products=cream,
        screening=replace(said, answers=(*said.answers, *never)),
    )

    assert (signed.overridable_by, signed.sign_off) == (PRACTITIONER, "PHYSICIAN")
    assert (both.overridable_by, both.sign_off) == (NOBODY, "")
    assert both.message == "Cream is not for this patient. Ask. Not this one."


def test_what_is_little_above_a_label_reads_so() -> None:
    dose = the("anaesthetic_too_much", products=used(grams=Decimal("50.01")))
    time = the("anaesthetic_too_long", products=used(off_at=NINE + SECOND))

    assert dose.message == (
        "Cream: 0.126 g/cm²; the clinic's own limit, not a label's, is 0.125 g/cm²."
    )
    assert dose.numbers["grams"] == "50.01"
    assert time.message == "Cream was on for 61 minutes; its limit here is 60."


def test_a_limit_names_the_rule_that_it_comes_from() -> None:
    strength = the("anaesthetic_needs_prescriber", products=used(strength_percent=Decimal("7.00")))
    area = the("anaesthetic_large_area", products=used(area_cm2=401))
    cover = the("anaesthetic_occluded", products=used(is_occluded=True))

    assert strength.rule == "anaesthetic-otc-percent, version 1"
    assert strength.message == "Cream has 7 %; above 4 %, name the prescriber."
    assert area.rule == "anaesthetic-large-area, version 1"
    assert (cover.rule, cover.source) == ("limits of Cream", "label")


def test_what_the_consent_leaves_out_is_named_before_the_first_pass() -> None:
    nose = replace(FACE, zones=frozenset({"chin", "nose"}), names={"nose": "Nose"})
    consent = replace(CONSENT, zones=frozenset({"chin"}))

    found = the("consent_leaves_out", treated=(), area=nose, consent=consent)

    assert found.message == "Before the first pass: the consent leaves out Nose."


def test_the_closest_clearance_is_one_for_the_same_indication() -> None:
    """Cleared for wrinkles here looks like one step away, for scars of the neck like two."""
    neck = replace(SCARS_CLEARED, zones=frozenset({"neck"}), min_age=65, source="FDA scars")
    device = replace(PEN, clearances=(WRINKLES_CLEARED, neck))

    found = the("off_label", device=device)

    assert off_label_reasons(session(device=device)) == ["zone cheeks", "age 39, cleared from 65"]
    assert "Pen (DEN160029, United States, from age 65): zone cheeks" in found.message
    assert found.source == "FDA scars"
    assert found.rule == "clearances of Pen: K180778, DEN160029"


def test_of_clearances_for_the_same_indication_the_one_with_fewest_reasons_is_closest() -> None:
    young = replace(SCARS_CLEARED, min_age=65)
    both = replace(young, reference="A", zones=frozenset({"neck"}))

    reasons = off_label_reasons(session(device=replace(PEN, clearances=(both, young))))

    assert reasons == ["age 39, cleared from 65"]


def test_every_reason_to_be_off_label_is_told() -> None:
    other = Clearance("K1", frozenset(), frozenset(), frozenset({1}), 65, Decimal("1.00"), "FDA")

    assert off_label_reasons(session(device=replace(PEN, clearances=(other,)))) == [
        "another indication",
        "zone cheeks",
        "skin type 3",
        "age 39, cleared from 65",
        "1.50 mm, cleared to 1.00 mm",
    ]


@pytest.mark.parametrize(("by_label", "severity"), [(True, BLOCK), (False, WARN)])
def test_a_labels_limit_stops_and_our_own_warns(by_label: bool, severity: Severity) -> None:
    """Either is for a practitioner to decide: what was done can always be signed."""
    cream = used(grams=Decimal("60.01"), grams_max=Decimal(60), limits_by_label=by_label)
    dose, day = (
        the(code, products=cream) for code in ("anaesthetic_too_much", "anaesthetic_dose_of_day")
    )

    assert (dose.code, day.code) == ("anaesthetic_too_much", "anaesthetic_dose_of_day")
    for found in (dose, day):
        assert (found.severity, found.overridable_by) == (severity, PRACTITIONER)
        assert ("label allows" in found.message or "labels allow" in found.message) == by_label


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"is_red_flag": True}, BLOCK),
        ({"hours": 72, "expected_until_hours": 72}, INFO),
        ({"hours": 73, "expected_until_hours": 72}, WARN),
        ({"hours": 168, "review_after_hours": 168}, INFO),
        ({"began_late": True}, WARN),
        ({"began_late": True, "is_elsewhere": True}, INFO),
        ({"hours": 169, "review_after_hours": 168}, BLOCK),
        ({"hours": 999, "review_after_hours": 1, "is_elsewhere": True}, INFO),
        ({"is_red_flag": True, "is_elsewhere": True}, INFO),
    ],
)
def test_what_lasts_too_long_or_is_a_red_flag_is_decided(
    more: dict[str, Any], severity: Severity
) -> None:
    found = the("open_side_effect", side_effects=ill(1, **more))

    assert (found.severity, bool(found.overridable_by)) == (severity, severity != INFO)


def test_a_severe_one_on_another_area_stops_too() -> None:
    found = the("open_side_effect", side_effects=ill(3, is_elsewhere=True))
    mild = the("open_side_effect", side_effects=ill(2, is_elsewhere=True))

    assert (found.severity, mild.severity) == (BLOCK, INFO)


@pytest.mark.parametrize(
    ("skin_type", "area", "severity"), [(6, CHEST, BLOCK), (3, CHEST, WARN), (6, FACE, WARN)]
)
@pytest.mark.parametrize("known", [{"record": KELOIDS}, {"screening": RAISED}])
def test_keloids_on_the_chest_of_darker_skin_are_declined(
    skin_type: int, area: facts.Area, severity: Severity, known: dict[str, Any]
) -> None:
    where = BREASTBONE if area is CHEST else CHIN
    found = the(
        "screening_keloid_tendency",
        **{"screening": SCREENING, **known},
        skin_type=skin_type,
        area=area,
        treated=on(where, "0.75"),
    )

    assert found.severity == severity
    assert found.overridable_by == (NOBODY if severity == BLOCK else PRACTITIONER)
