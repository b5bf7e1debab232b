"""What ships is sound: depths, questions, courses, products and consents."""

import hashlib
import re
from collections import Counter
from datetime import date, timedelta

import pytest
from django.conf import settings

from clinic.findings import Severity
from clinic.models import ClinicalRule, DeviceSpec, Role
from patients.models import (
    OFF_LABEL,
    Area,
    Concern,
    Condition,
    ConsentText,
    Scope,
    ScreeningRule,
    Zone,
)
from patients.screening import Answer, Situation, screen
from sessions.models import (
    MAX_DEPTH_MM,
    MAX_PASSES,
    MIN_DEPTH_MM,
    DeviceClearance,
    Endpoint,
    OutcomeScale,
    Product,
    ProtocolVersion,
    SideEffectExpectation,
    SideEffectKind,
    ZoneLimit,
    ZoneRange,
)
from tests.record.catalogue.test_sources import cited, keys
from tests.support.catalogue import every

# --- depths ----------------------------------------------------------------------------------


def test_all_depths_lie_in_the_band(catalogue: None) -> None:
    for model in (ZoneLimit, ProtocolVersion, ZoneRange):
        for row in every(model):
            assert MIN_DEPTH_MM <= row.depth_min_mm <= row.depth_max_mm <= MAX_DEPTH_MM, row
    for clearance in DeviceClearance.objects.exclude(depth_max_mm=None):
        assert MIN_DEPTH_MM <= clearance.depth_max_mm <= MAX_DEPTH_MM, clearance
    for spec in DeviceSpec.objects.all():
        assert MIN_DEPTH_MM <= spec.depth_max_mm <= MAX_DEPTH_MM, spec


def test_every_zone_has_a_limit_and_only_the_inside_of_the_orbital_rim_is_blocked(
    catalogue: None,
) -> None:
    assert Counter(ZoneLimit.objects.values_list("zone__code", flat=True)) == dict.fromkeys(
        Zone.objects.values_list("code", flat=True), 1
    )
    assert [limit.zone.code for limit in ZoneLimit.objects.filter(is_blocked=True)] == [
        "orbital-rim-inside"
    ]


def test_thin_zones_take_four_passes_and_the_others_eight(catalogue: None) -> None:
    for limit in ZoneLimit.objects.filter(is_blocked=False):
        assert limit.passes_max == (4 if limit.depth_max_mm <= 1 else 8), limit
    for version in ProtocolVersion.objects.all():
        assert version.passes_max <= 8 < MAX_PASSES, version


def test_a_depth_fits_on_every_zone_that_a_protocol_treats(catalogue: None) -> None:
    pairs = 0
    for version in ProtocolVersion.objects.select_related("protocol"):
        ranges = {own.zone_id: own for own in version.zone_ranges.all()}
        limits = ZoneLimit.objects.filter(zone__area=version.protocol.area_id, is_blocked=False)
        for limit in limits.select_related("zone"):
            usual = ranges.get(limit.zone_id, version)
            low = max(limit.depth_min_mm, usual.depth_min_mm)
            high = min(limit.depth_max_mm, usual.depth_max_mm)
            assert low <= high, f"{version} on {limit}"
            pairs += 1

    assert pairs > 60


def test_depths_of_a_protocol_on_single_zones_keep_to_the_caps(catalogue: None) -> None:
    for own in ZoneRange.objects.select_related("zone"):
        assert own.depth_max_mm <= own.zone.limits.get().depth_max_mm, own


def test_every_area_and_every_concern_has_a_protocol(catalogue: None) -> None:
    assert not Area.objects.filter(protocols=None).exists()
    assert not Concern.objects.filter(protocols=None).exists()


def test_bleeding_is_the_aim_of_scar_work_only(catalogue: None) -> None:
    deep = ClinicalRule.objects.get(code="bleeding-from").value
    for version in ProtocolVersion.objects.select_related("protocol__concern"):
        bleeds = version.expected_endpoint == Endpoint.PINPOINT_BLEEDING
        scars = {"acne-scars", "surgical-scar", "stretch-marks"}
        is_scar_work = version.protocol.concern.code in scars and version.depth_max_mm > deep
        assert bleeds == is_scar_work, version


# --- screening -------------------------------------------------------------------------------


def test_nobody_overrides_a_block_and_only_a_practitioner_a_warning(catalogue: None) -> None:
    expected = {Severity.BLOCK: [], Severity.WARN: [Role.PRACTITIONER], Severity.INFO: []}
    for rule in ScreeningRule.objects.all():
        assert rule.overridable_by == expected[Severity(rule.severity)], rule


def test_the_questions_are_questions_in_an_order(catalogue: None) -> None:
    rules = list(ScreeningRule.objects.order_by("position"))

    positions = [rule.position for rule in rules]
    assert positions == sorted(set(positions))
    for rule in rules:
        assert "?" in rule.question, rule
        asks_when = re.search(r"\b[Ww]hen\b", rule.question) is not None
        assert asks_when == rule.asks_last_exposure, rule


def test_what_the_reference_lists_is_asked(catalogue: None) -> None:
    blocked = set(ScreeningRule.objects.filter(severity="BLOCK").values_list("code", flat=True))
    local = ScreeningRule.objects.exclude(scope=Scope.GLOBAL)
    on_the_zone = set(local.values_list("code", flat=True))

    assert blocked == {
        *("pregnancy", "isotretinoin-current", "bleeding-disorder", "steel-allergy"),
        *("anaesthetic-allergy", "scleroderma", "skin-cancer", "open-wound", "skin-infection"),
        "herpes-outbreak",
    }
    assert on_the_zone >= {
        *("skin-cancer", "open-wound", "skin-infection", "herpes-outbreak", "inflammatory-acne"),
        *("rosacea-flare", "eczema-psoriasis", "tattoo", "new-scar"),
    }
    assert dict(
        ScreeningRule.objects.exclude(condition=Condition.ALWAYS).values_list("code", "condition")
    ) == {
        "isotretinoin-current": Condition.DEVICE_LISTS_ISOTRETINOIN,
        "hsv-history": Condition.NEAR_MOUTH,
        "blood-borne": Condition.BLOOD_HANDLED,
    }
    spreads = ScreeningRule.objects.filter(scope=Scope.AREA).values_list("code", flat=True)
    assert set(spreads) == {"skin-cancer", "skin-infection", "herpes-outbreak"}
    assert "ever advise" in ScreeningRule.objects.get(code="anticoagulants").message


def test_what_may_have_changed_is_asked_again(catalogue: None) -> None:
    """All but what somebody has for life."""
    stays = {rule.code for rule in ScreeningRule.objects.filter(ask_again=False)}

    assert stays == {
        *("bleeding-disorder", "metal-allergy", "steel-allergy", "anaesthetic-allergy"),
        *("scleroderma", "keloid-tendency", "hsv-history", "tattoo", "methaemoglobin"),
        *("heart-disease", "radiotherapy-there", "koebner", "contact-granuloma"),
        *("fainting-seizures", "blood-borne", "body-image", "latex-cleansers"),
    }


def test_isotretinoin_blocks_while_it_is_taken_and_warns_for_180_days(catalogue: None) -> None:
    today = date(2030, 1, 7)

    def found(code: str, *, days_ago: int, on_label: bool) -> list[tuple[Severity, bool]]:
        rule = ScreeningRule.objects.get(code=code)
        answer = Answer(
            code=rule.code,
            answer=True,
            message=rule.message,
            severity=Severity(rule.severity),
            source=rule.source,
            condition=Condition(rule.condition),
            washout_days=rule.washout_days,
            overridable_by=tuple(rule.overridable_by),
            last_exposure_on=today - timedelta(days=days_ago) if rule.washout_days else None,
        )
        findings = screen([answer], Situation(on=today, device_lists_isotretinoin=on_label))
        return [(finding.severity, bool(finding.overridable_by)) for finding in findings]

    assert found("isotretinoin-current", days_ago=0, on_label=True) == [(Severity.BLOCK, False)]
    assert found("isotretinoin-current", days_ago=0, on_label=False) == []
    assert found("isotretinoin-stopped", days_ago=0, on_label=False) == [(Severity.WARN, True)]
    assert found("isotretinoin-stopped", days_ago=179, on_label=True) == [(Severity.WARN, True)]
    assert found("isotretinoin-stopped", days_ago=180, on_label=True) == []


# --- healing, results, products --------------------------------------------------------------


def test_every_kind_of_side_effect_has_a_course(catalogue: None) -> None:
    kinds = set(SideEffectExpectation.objects.values_list("kind", flat=True))

    assert kinds == set(SideEffectKind.values) - {SideEffectKind.OTHER}
    for course in SideEffectExpectation.objects.filter(is_red_flag=True):
        assert course.expected_until_hours is None, course
        assert re.search("always|emergency", course.act_when), course


def test_scores_of_grades_have_words_in_each_language(catalogue: None) -> None:
    """Each of them where they are few, else the ends if any."""
    languages = {language for language, _ in settings.LANGUAGES}
    for scale in OutcomeScale.objects.prefetch_related("labels"):
        said = {(label.score, label.language) for label in scale.labels.all()}
        scores = {score for score, _ in said}
        steps = (scale.score_max - scale.score_min) / scale.score_step

        assert said == {(score, language) for score in scores for language in languages}, scale
        if scale.code in {"goodman-baron-qualitative", "gais", "lemperle"}:
            assert len(scores) == steps + 1, scale
        assert not scores or {scale.score_min, scale.score_max} <= scores, scale


def test_a_difference_that_matters_cites_who_says_so(catalogue: None) -> None:
    known = OutcomeScale.objects.exclude(minimal_important_difference=None)

    assert {scale.code for scale in known} == {"vas-pain", "vas-scar"}
    assert all(cited(scale.difference_source) <= keys() for scale in known)
    assert all(cited(scale.difference_source) for scale in known)
    assert [scale.code for scale in OutcomeScale.objects.exclude(no_change_score=None)] == ["gais"]


def test_a_strong_anaesthetic_needs_a_prescription_and_only_serums_with_a_label_go_deep(
    catalogue: None,
) -> None:
    free = ClinicalRule.objects.get(code="anaesthetic-otc-percent").value
    for product in Product.objects.filter(kind="ANAESTHETIC"):
        assert product.strength_percent is not None
        assert product.is_prescription == (product.strength_percent > free), product
        assert product.minutes_max, product
        drugs = product.named_drugs
        assert sum(drug.percent for drug in drugs) == product.strength_percent, product
        for drug in drugs:  # as it is called
            assert str(drug).lower() in product.name.lower()

    assert set(Product.objects.filter(for_dermis=True).values_list("code", flat=True)) == {
        "hyaluronic-acid-dermal",
        "saline-sterile",
    }


# --- consent ---------------------------------------------------------------------------------


def test_every_consent_exists_in_every_language_with_the_same_clauses(catalogue: None) -> None:
    languages = {code for code, _ in settings.LANGUAGES}

    for kind in ("TREATMENT", "PHOTO"):
        texts = ConsentText.objects.filter(kind=kind)
        clauses = {
            text.language: sorted(text.clauses.values_list("code", "is_required")) for text in texts
        }
        headings = {text.body.count("\n## ") for text in texts}
        assert set(clauses) == languages
        assert clauses["es"] == clauses["en"]
        assert len(headings) == 1, kind


def test_the_treatment_consent_has_all_clauses_and_off_label_is_free(catalogue: None) -> None:
    english = ConsentText.objects.get(kind="TREATMENT", language="en")

    assert dict(english.clauses.values_list("code", "is_required")) == {
        "procedure": True,
        "no-guarantee": True,
        "risks": True,
        "contraindications-truthful": True,
        "aftercare": True,
        "questions-answered": True,
        "voluntary": True,
        OFF_LABEL: False,
    }


def test_the_hash_of_a_text_is_that_of_its_words(catalogue: None) -> None:
    for text in ConsentText.objects.all():
        assert text.sha256 == hashlib.sha256(text.body.encode()).hexdigest()


@pytest.mark.parametrize(
    ("kind", "language", "words"),
    [
        (
            "TREATMENT",
            "en",
            "what else no guarantee 3 to 6 sessions infection herpes hyperpigmentation "
            "hypopigmentation track marks granulomas redness that lasts anaesthetic pregnant "
            "isotretinoin do not stop off-label 12 months withdraw witness emergency blood "
            "hepatitis fainting eye guardian agrees who treats you name days off lips throat",
        ),
        (
            "TREATMENT",
            "es",
            "otras opciones sin garantía 3 a 6 sesiones infección herpes hiperpigmentación "
            "hipopigmentación marcas en línea granulomas rojez que dura anestésico embarazada "
            "isotretinoína no deje de tomar off-label 12 meses retirarlo testigo emergencias "
            "hepatitis desmayo ojo tutor quién le trata días de baja labios garganta",
        ),
        (
            "PHOTO",
            "en",
            "clinical record teaching marketing does not depend any time hidden list camera 45° "
            "90° whole face until the date",
        ),
        (
            "PHOTO",
            "es",
            "historia clínica docencia publicidad no depende cualquier momento ocultan lista "
            "cámara 45° 90° toda la cara hasta la fecha",
        ),
    ],
)
def test_a_consent_says_what_it_must(catalogue: None, kind: str, language: str, words: str) -> None:
    body = ConsentText.objects.get(kind=kind, language=language).body.lower()

    assert [word for word in words.split() if word not in body] == []
