"""The safety rules where one step more or less decides: what mutants of them had left untold."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from clinic.findings import Severity
from patients.models import Scope
from patients.screening import Situation, screen
from sessions.safety import assess, facts, off_label_reasons
from sessions.safety.treatment.doses import most_grams, part_of_most
from tests.factories import NINE
from tests.record.test_safety import (
    CHEEKS,
    CHIN,
    NOBODY,
    PEN,
    PRACTITIONER,
    SHALLOW_CLEARED,
    names,
    on,
    says,
    session,
    the,
    used,
    zone,
)

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("depths", [("1.00", "1.01"), ("1.01", "1.00")])
def test_the_deepest_of_all_zones_decides_about_the_label(depths: tuple[str, str]) -> None:
    pen = replace(PEN, clearances=(SHALLOW_CLEARED,))
    first, second = depths

    reasons = off_label_reasons(session(device=pen, treated=on(CHEEKS, first) + on(CHIN, second)))

    assert reasons == ["1.01 mm, cleared to 1.00 mm"]


@pytest.mark.parametrize(
    ("grams", "percent", "severity"),
    [
        ("47.99", "", None),  # just less than four fifths
        ("48", "80", Severity.WARN),
        ("60", "100", Severity.WARN),
        ("60.01", "101", Severity.BLOCK),
    ],
)
def test_the_dose_of_a_day_warns_near_the_limit_and_stops_above_it(
    grams: str, percent: str, severity: Severity | None
) -> None:
    cream = used(grams=Decimal(grams), grams_max=Decimal(60), limits_by_label=True)
    found = [f for f in assess(session(products=cream)) if f.code == "anaesthetic_dose_of_day"]

    assert [f.severity for f in found] == [severity] * (severity is not None)
    assert [f.numbers["percent_of_limit"] for f in found] == [percent] * (severity is not None)


def test_a_day_of_one_label_and_one_limit_of_ours_is_not_stopped_as_by_labels() -> None:
    label = used(grams=Decimal(40), grams_max=Decimal(60), limits_by_label=True)
    ours = used(grams=Decimal(40), grams_max=Decimal(60), name="Other", subject="other")

    found = the("anaesthetic_dose_of_day", products=label + ours)

    assert found.severity == Severity.WARN
    assert "40 g of Cream and 40 g of Other is 134 % of what the clinic's own" in found.message


@pytest.mark.parametrize(
    ("more", "kg", "told"),
    [
        ("0", None, "117 % of what their labels allow"),
        ("5", None, "of what the clinic's own limits, not labels, allow, and 117 % of what labels"),
        ("0", "30", "allow at 30 kg, and 117 % of what labels alone allow"),
    ],
)
def test_above_a_label_it_stops_whatever_else_there_is(
    more: str, kg: str | None, told: str
) -> None:
    """Neither a little of another cream nor a lighter patient makes less of it."""
    weighed: dict[str, Any] = {"mg_per_kg_max": Decimal(50), "strength_percent": Decimal(4)}
    label = used(grams=Decimal(70), grams_max=Decimal(60), limits_by_label=True, **weighed)
    other = used(grams=Decimal(more) or None, grams_max=Decimal(60), name="Own", subject="own")

    found = the("anaesthetic_dose_of_day", products=label + other, weight_kg=kg and Decimal(kg))

    assert found.severity == Severity.BLOCK
    assert told in found.message


@pytest.mark.parametrize(
    ("missing", "severity", "words"),
    [
        ({"grams": None}, Severity.WARN, "without grams"),
        ({"area_cm2": None}, Severity.WARN, "without area"),
        ({"grams": None, "on_at": None}, Severity.WARN, "when it was put on and grams"),
        ({"on_at": None}, Severity.INFO, "without when it was put on"),
        ({"area_cm2": None, "grams_per_cm2_max": None}, None, ""),
        ({"grams": None, "grams_per_cm2_max": None, "grams_max": Decimal(60)}, Severity.WARN, ""),
        ({"grams": None, "grams_per_cm2_max": None, "mg_per_kg_max": 40}, Severity.WARN, ""),
        ({"grams": None, "grams_per_cm2_max": None}, None, ""),
    ],
)
def test_how_much_it_was_must_be_said_where_a_limit_needs_it(
    missing: dict[str, Any], severity: Severity | None, words: str
) -> None:
    found = [
        finding
        for finding in assess(session(products=used(**missing)))
        if finding.code == "anaesthetic_not_comparable"
    ]

    assert [finding.severity for finding in found] == [severity] * bool(severity)
    assert all(words in finding.message for finding in found)


def test_what_is_no_cream_or_has_no_figures_adds_nothing_to_the_dose() -> None:
    none = used(grams=None, grams_max=Decimal(60)) + used(grams=Decimal(99), grams_max=None)
    gel = used(kind="DRESSING", grams=Decimal(99), grams_max=Decimal(60))

    assert "anaesthetic_dose_of_day" not in names(assess(session(products=none + gel)))


@pytest.mark.parametrize(
    ("kg", "percent", "severity"),
    [
        (None, "", None),
        ("62.5", "80", Severity.WARN),
        ("62.6", "", None),
        ("50", "100", Severity.WARN),
        ("45", "112", Severity.WARN),  # too much for the weight is no label's word
    ],
)
def test_the_dose_of_a_day_is_weighed(
    kg: str | None, percent: str, severity: Severity | None
) -> None:
    """20 g of 4 % are 800 mg, 16 mg a kg at 50 kg."""
    cream = used(
        grams=Decimal(20), grams_max=Decimal(60), mg_per_kg_max=Decimal(16), limits_by_label=True
    )
    facts = session(products=cream, weight_kg=kg and Decimal(kg))

    found = [f for f in assess(facts) if f.code == "anaesthetic_dose_of_day"]

    assert [f.severity for f in found] == [severity] * bool(severity)
    assert all(f.numbers["percent_of_limit"] == percent for f in found)
    assert all(f"at {kg} kg" in f.message for f in found)


LIDOCAINE = facts.Drug("lidocaine", Decimal(6))
BENZOCAINE, TETRACAINE = facts.Drug("benzocaine", Decimal(20)), facts.Drug("tetracaine", Decimal(4))
TRIPLE = (BENZOCAINE, LIDOCAINE, TETRACAINE)


@pytest.mark.parametrize(
    ("strength", "drugs", "percent", "told"),
    [
        (
            "30",
            TRIPLE,
            30,
            "4000 mg of benzocaine and 1200 mg of lidocaine and 800 mg of tetracaine",
        ),
        ("7", (LIDOCAINE,), 7, "1200 mg of lidocaine and 200 mg of unnamed drugs"),
        ("6", (LIDOCAINE, TETRACAINE), 10, "1200 mg of lidocaine and 800 mg of tetracaine"),
        (None, (LIDOCAINE,), 6, "1200 mg of lidocaine"),
        ("4", (), 4, "800 mg of unnamed drugs"),
        (None, (), None, ""),
        ("0", (), 0, ""),
    ],
)
def test_grams_times_percent_are_the_milligrams_of_each_drug(
    strength: str | None, drugs: tuple[facts.Drug, ...], percent: int | None, told: str
) -> None:
    """Of 20 g. What is named is never less than the strength says, and the other way round."""
    (cream,) = used(
        grams=Decimal(20),
        grams_max=Decimal(20),
        strength_percent=None if strength is None else Decimal(strength),
        drugs=drugs,
    )

    found = the("anaesthetic_dose_of_day", products=(cream,))

    assert cream.percent == percent
    assert cream.mg == (None if percent is None else 200 * percent)
    assert found.message.endswith(f"allow. In it: {told}." if told else "allow.")


@pytest.mark.parametrize(
    ("first", "second", "kg", "percent"),
    [
        ("10", None, "50", "100"),  # 500 mg, or 10 mg/kg
        ("12.5", None, "50", "80"),
        ("12.51", None, "50", None),
        ("10", None, None, None),
        ("40", "20", "50", "100"),  # the least that one of them allows, of both
        (None, "20", "50", "100"),
        ("40", "40", "50", None),
    ],
)
def test_a_drug_with_a_limit_of_its_own_adds_up_over_all_creams(
    first: str | None, second: str | None, kg: str | None, percent: str | None
) -> None:
    """10 g of 5 % lidocaine each; alone if nothing is said of the second."""

    def cream(limit: str | None, subject: str) -> tuple[facts.ProductUse, ...]:
        most = Decimal(limit) if limit else None
        drug = facts.Drug("lidocaine", Decimal(5), most)
        known: dict[str, Any] = {
            "strength_percent": Decimal(5),
            "drugs": (drug,),
            "subject": subject,
        }
        return used(grams=Decimal(10), grams_per_cm2_max=None, name=subject, **known)

    creams = cream(first, "One") + (cream(second, "Two") if second else ())

    found = [
        f
        for f in assess(session(products=creams, weight_kg=kg and Decimal(kg)))
        if f.code == "anaesthetic_dose_of_day"
    ]

    assert [f.numbers["percent_of_limit"] for f in found] == ([percent] if percent else [])
    for f in found:
        assert f.severity == Severity.WARN
        assert "the clinic's own limits, not labels, allow at 50 kg" in f.message
        total = "1000 mg of lidocaine (20 mg/kg)" if second else "500 mg of lidocaine (10 mg/kg)"
        assert f"In it: {total}." in f.message
        assert ("One and 10 g of Two" in f.message) is bool(second)


def test_a_limit_of_one_drug_asks_for_grams_and_weight() -> None:
    drug = facts.Drug("lidocaine", Decimal(5), Decimal(10))
    unsaid = used(grams=None, grams_per_cm2_max=None, drugs=(drug,))
    much = used(grams=Decimal(11), grams_per_cm2_max=None, drugs=(drug,))

    assert the("anaesthetic_not_comparable", products=unsaid).severity == Severity.WARN
    assert "weight_needed" in names(assess(session(products=much)))
    assert "weight_needed" not in names(assess(session(products=used(grams=Decimal(11)))))
    assert most_grams(much[0], Decimal(50)) == Decimal(10)
    assert part_of_most(much[0], Decimal(50)) == Decimal("1.1")


def test_a_cream_without_limits_counts_for_the_drug_that_another_one_limits() -> None:
    """500 mg each: too much at 50 kg only together, so the weight is asked for."""
    limited = facts.Drug("lidocaine", Decimal(5), Decimal(15))
    one = used(grams=Decimal(10), grams_per_cm2_max=None, drugs=(limited,))
    free = replace(limited, mg_per_kg_max=None)
    two = used(grams=Decimal(10), grams_per_cm2_max=None, drugs=(free,), subject="two")

    assert "weight_needed" not in names(assess(session(products=one)))
    assert "weight_needed" in names(assess(session(products=one + two)))


def test_different_drugs_add_up_as_parts_of_their_own_most() -> None:
    lidocaine = facts.Drug("lidocaine", Decimal(5), Decimal(20))  # half of it in 10 g, at 50 kg
    creams = [
        used(grams=Decimal(10), grams_per_cm2_max=None, drugs=(drug,), subject=drug.name)
        for drug in (lidocaine, replace(lidocaine, name="tetracaine"))
    ]

    found = the("anaesthetic_dose_of_day", products=creams[0] + creams[1], weight_kg=Decimal(50))

    assert found.numbers["percent_of_limit"] == "100"


@pytest.mark.parametrize(
    ("age", "kg", "is_asked"), [(17, None, True), (18, None, False), (17, 40, False)]
)
def test_a_minor_is_weighed_for_any_dose(age: int, kg: int | None, is_asked: bool) -> None:
    cream = used(grams=Decimal(1), mg_per_kg_max=Decimal(40))

    found = names(assess(session(products=cream, age=age, weight_kg=kg and Decimal(kg))))

    assert ("weight_needed" in found) is is_asked


@pytest.mark.parametrize(("later", "is_open"), [(0 * SECOND, False), (SECOND, True)])
def test_a_cream_goes_on_intact_skin_until_the_needling_begins(
    later: timedelta, is_open: bool
) -> None:
    cream = used(on_at=NINE + later, off_at=NINE + 2 * SECOND)

    found = names(assess(session(products=cream, needled_at=NINE)))

    assert ("anaesthetic_on_open_skin/cream" in found) is is_open


@pytest.mark.parametrize(
    ("grade", "is_same_area", "is_told"), [(3, True, True), (2, True, False), (3, False, False)]
)
def test_a_severe_infection_of_the_same_area_is_remembered(
    grade: int, is_same_area: bool, is_told: bool
) -> None:
    past = facts.PastSideEffect("INFECTION", "Infection", grade, is_same_area)

    found = names(assess(session(past_side_effects=(past,))))

    assert ("side_effect_history/INFECTION" in found) is is_told


def test_a_granuloma_is_no_reason_against_a_cream() -> None:
    """But before the needles a serum may still follow."""
    past = facts.PastSideEffect("GRANULOMA", "Granuloma", 3)

    found = names(assess(session(past_side_effects=(past,), products=used())))
    before = names(assess(session(past_side_effects=(past,), products=used(), treated=())))

    assert "side_effect_history/GRANULOMA" in before

    assert "side_effect_history/GRANULOMA" not in found


@pytest.mark.parametrize(
    ("severity", "zones", "becomes", "roles"),
    [
        (Severity.BLOCK, {"cheeks"}, Severity.BLOCK, NOBODY),
        (Severity.BLOCK, {"chin"}, Severity.WARN, PRACTITIONER),
        (Severity.INFO, {"chin"}, Severity.INFO, NOBODY),
    ],
)
def test_elsewhere_on_the_area_a_block_is_for_a_practitioner_to_decide(
    severity: Severity, zones: set[str], becomes: Severity, roles: Any
) -> None:
    answers = says(scope=Scope.AREA, zones=frozenset(zones), severity=severity, overridable_by=())
    situation = Situation(
        on=NINE.date(),
        zones=frozenset({"cheeks"}),
        area_zones=frozenset({"cheeks", "chin"}),
    )

    (found,) = screen(answers.answers, situation)

    assert (found.severity, found.overridable_by) == (becomes, roles)
    assert ("carry it along" in found.message) is (zones == {"chin"})


ONE_DEPTH = zone("one", "1.00", ("1.00", "2.50"))  # the cap and the protocol meet
CAPPED = zone("capped", "1.50")
LATE = zone("late", "2.50", ("1.50", "2.50"))
SHORT_PEN, SHORTER_PEN = (replace(PEN, depth_max_mm=Decimal(most)) for most in ("1.40", "1.00"))


@pytest.mark.parametrize(
    ("where", "depth", "device", "codes"),
    [
        (ONE_DEPTH, "1.00", PEN, set()),
        (ONE_DEPTH, "0.84", PEN, {"depth_below_range/one"}),
        (CAPPED, "1.50", SHORT_PEN, {"depth_within_tolerance/capped"}),
        (LATE, "1.15", SHORTER_PEN, {"no_depth_fits/late"}),  # as deep as it can tell
    ],
)
def test_where_limits_meet(
    where: facts.Zone, depth: str, device: facts.Device, codes: set[str]
) -> None:
    found = names(assess(session(treated=on(where, depth), device=device)))

    assert {name for name in found if "depth" in name} == codes


def test_a_device_that_leaves_out_one_skin_type_needs_to_know_the_type() -> None:
    most = replace(SHALLOW_CLEARED, depth_max_mm=None, skin_types=frozenset(range(2, 7)))

    reasons = off_label_reasons(session(device=replace(PEN, clearances=(most,)), skin_type=None))

    assert reasons == ["skin type not recorded"]


CHEST, BELLY = zone("chest", "1.00"), zone("belly", "1.00")
TRUNK = facts.Area("trunk", frozenset({"chest", "belly"}), keloid_prone=frozenset({"chest"}))


@pytest.mark.parametrize(
    ("treated", "severity"),
    [((), Severity.BLOCK), (on(BELLY, "1.00"), Severity.WARN), (on(CHEST, "1.00"), Severity.BLOCK)],
)
def test_keloids_on_the_chest_are_declined_where_it_is_or_may_be_treated(
    treated: Any, severity: Severity
) -> None:
    found = the(
        "screening_keloid_tendency",
        screening=says("keloid-tendency"),
        skin_type=5,
        area=TRUNK,
        treated=treated,
    )

    assert found.severity == severity


@pytest.mark.parametrize(
    ("skin_type", "is_same_area", "is_said"),
    [(3, True, False), (4, True, True), (6, True, True), (5, False, False)],
)
def test_dark_patches_that_went_are_remembered_on_darker_skin(
    skin_type: int, is_same_area: bool, is_said: bool
) -> None:
    past = facts.PastSideEffect("HYPERPIGMENTATION", "Dark patches", 2, is_same_area)

    found = names(assess(session(skin_type=skin_type, past_side_effects=(past,))))

    assert ("side_effect_history/HYPERPIGMENTATION" in found) == is_said
