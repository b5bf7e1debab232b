"""What holds for every session, whatever the limits, the depths, the skin and the dates are."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.findings import Finding, Severity
from patients.models import Condition, OtherTreatmentKind, Scope
from patients.screening import Answer
from sessions.models import MAX_DEPTH_MM, MIN_DEPTH_MM, Endpoint, ProductKind, SideEffectKind
from sessions.safety import DepthRange, assess, depth_range, facts
from sessions.safety.facts import Area, Clearance, Device, Facts, Limit, OtherTreatment, Zone
from sessions.safety.treatment.depth import check_depth
from tests.factories import DAY, NINE
from tests.record.test_safety import (
    CHEST,
    CREAM,
    FACE,
    PEN,
    PROTOCOL,
    RULES,
    before,
    is_explained,
    session,
)

THOROUGH = settings(max_examples=200)
ONE_NOTCH = Decimal("0.01")
TODAY = NINE.date()
CODES = ("cheeks", "chin", "lip")


def hundredths(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-2))


depths = hundredths(50, 250)
tolerances = hundredths(0, 30)
skin_types = st.sampled_from([None, 1, 2, 3, 4, 5, 6])
dates = st.dates(date(2029, 1, 1), date(2031, 1, 1))
times = st.integers(-500, 500).map(lambda hours: NINE + timedelta(hours=hours))
amounts = hundredths(1, 100_00)
code_sets = st.frozensets(st.sampled_from(CODES))


@st.composite
def limits(draw: st.DrawFn, name: str) -> Limit:
    low, high = sorted([draw(depths), draw(depths)])
    return Limit(name, low, high, f"source of {name}")


zones = st.builds(
    Zone,
    code=st.sampled_from(CODES),
    name=st.just("Zone"),
    limit=limits("zone"),
    protocol_range=limits("protocol"),
    passes_max=st.integers(1, 10),
    is_blocked=st.booleans(),
)
clearances = st.builds(
    Clearance,
    reference=st.sampled_from(["K1", "K2"]),
    concerns=st.frozensets(st.sampled_from(["acne-scars", "wrinkles"])),
    zones=code_sets,
    skin_types=st.integers(0, 6).map(lambda most: frozenset(range(1, most + 1))),
    min_age=st.integers(0, 30),
    depth_max_mm=st.none() | depths,
    source=st.just("FDA"),
)
devices = st.builds(
    Device,
    code=st.sampled_from(["pen", "roller"]),
    name=st.just("device"),
    depth_max_mm=depths,
    tolerance_mm=tolerances,
    source=st.just("specification"),
    lists_isotretinoin=st.booleans(),
    clearances=st.lists(clearances, max_size=2).map(tuple),
)
answers = st.builds(
    Answer,
    code=st.sampled_from(["peel", "hsv"]),
    answer=st.booleans(),
    message=st.just("Wait."),
    severity=st.sampled_from(Severity),
    source=st.just("test"),
    scope=st.sampled_from(Scope),
    condition=st.sampled_from(Condition),
    washout_days=st.none() | st.integers(0, 400),
    last_exposure_on=st.none() | dates,
    zones=code_sets,
)
others = st.builds(
    OtherTreatment,
    name=st.just("Peel"),
    on=dates | st.integers(-40, 40).map(lambda days: TODAY + days * DAY),
    where=st.just("here"),
    answer=answers,
    is_asked_by_name=st.booleans(),
    kind=st.sampled_from(OtherTreatmentKind.values),
    is_planned=st.booleans(),
).map(
    lambda other: replace(
        other,
        answer=replace(
            other.answer,
            answer=True,
            last_exposure_on=other.on,
            washout_days=other.answer.washout_days or 21,
        ),
    )
)
treatments = st.builds(
    facts.TreatedZone,
    zone=zones,
    depth_mm=hundredths(0, 300),
    passes=st.integers(1, 10),
    endpoint=st.sampled_from(Endpoint.values),
)
drugs = st.builds(
    facts.Drug,
    name=st.sampled_from(["lidocaine", "prilocaine", "tetracaine"]),
    percent=hundredths(1, 40_00),
    mg_per_kg_max=st.none() | amounts,
)
products = st.builds(
    facts.ProductUse,
    name=st.just("Cream"),
    kind=st.sampled_from(ProductKind.values),
    strength_percent=st.none() | hundredths(0, 100_00),
    drugs=st.lists(drugs, max_size=3, unique_by=lambda drug: drug.name).map(tuple),
    for_dermis=st.booleans(),
    minutes_max=st.none() | st.integers(0, 600),
    grams_per_cm2_max=st.none() | amounts,
    grams_max=st.none() | amounts,
    mg_per_kg_max=st.none() | amounts,
    age_min=st.none() | st.just(18),
    not_near_eyes=st.booleans(),
    not_with=st.sampled_from([frozenset(), frozenset({"methaemoglobin"})]),
    limits_by_label=st.booleans(),
    tube_label=st.sampled_from(["", "T-1"]),
    may_be_occluded=st.booleans(),
    grams=st.none() | amounts,
    area_cm2=st.none() | st.integers(1, 2_000),
    on_at=st.none() | times,
    off_at=st.none() | times,
    is_occluded=st.booleans(),
    prescriber=st.sampled_from(["", "Dr Ng"]),
    subject=st.sampled_from(["", "cream"]),
)
healed = st.builds(
    facts.PastSideEffect,
    kind=st.sampled_from(SideEffectKind.values),
    name=st.just("Effect"),
    grade=st.integers(1, 5),
    is_same_area=st.booleans(),
)
sessions = st.builds(
    Facts,
    starts_at=times,
    on=dates,
    protocol=st.builds(
        replace,
        st.just(PROTOCOL),
        hard_min_days=st.integers(0, 60),
        soft_min_days=st.integers(0, 90),
        passes_max=st.integers(1, 10),
    ),
    device=devices,
    rules=st.just(RULES),
    skin_type=skin_types,
    age=st.none() | st.integers(0, 120),
    weight_kg=st.none() | hundredths(30_00, 150_00),
    screening=st.none()
    | st.builds(
        facts.Screening,
        taken_at=times,
        valid_until=dates,
        good_health=st.booleans(),
        expectations_discussed=st.booleans(),
        answers=st.lists(answers, max_size=3, unique_by=lambda answer: answer.code).map(tuple),
        pigment_checked=st.booleans(),
    ),
    consent=st.none()
    | st.builds(
        facts.Consent,
        is_current_text=st.booleans(),
        expires_on=dates,
        zones=code_sets,
        device_models=st.frozensets(st.sampled_from(["pen", "roller"])),
        off_label_accepted=st.booleans(),
    ),
    previous=st.none()
    | st.builds(
        facts.Previous,
        started_at=times,
        days_before=st.integers(-5, 400),
        deepest_mm=st.none() | depths,
        spacing_approved=st.booleans(),
    ),
    side_effects=st.lists(
        st.builds(
            facts.OpenSideEffect,
            kind=st.sampled_from(["ITCH", "MILIA"]),
            name=st.just("Itch"),
            grade=st.integers(1, 5),
            is_pigment_change=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    other_treatments=st.lists(others, max_size=2).map(tuple),
    area=st.sampled_from([Area(), FACE, CHEST]),
    past_side_effects=st.lists(healed, max_size=2).map(tuple),
    same_day_products=st.lists(products, max_size=1).map(tuple),
    treated=st.lists(treatments, max_size=4).map(tuple),
    products=st.lists(products, max_size=3).map(tuple),
    cartridges=st.integers(0, 2),
)


def range_of(zone: Zone, device: Device, skin_type: int | None, is_first: bool) -> DepthRange:
    previous = None if is_first else before(42, deepest_mm=MAX_DEPTH_MM)
    return depth_range(zone, device, skin_type=skin_type, previous=previous, rules=RULES)


def dialled(depth: Decimal, zone: Zone, device: Device, skin_type: int | None) -> list[Finding]:
    treated = facts.TreatedZone(replace(zone, is_blocked=False), depth, passes=1)
    return check_depth(treated, session(device=device, skin_type=skin_type, treated=(treated,)))


def is_too_deep(found: list[Finding]) -> bool:
    return any(
        finding.code in {"depth_above_range", "depth_above_device"}
        or (finding.code == "depth_out_of_band" and Decimal(finding.numbers["depth_mm"]) > 1)
        for finding in found
    )


@given(zone=zones, device=devices, skin_type=skin_types, is_first=st.booleans())
def test_the_range_is_what_all_limits_allow_together_and_never_leaves_the_band(
    zone: Zone, device: Device, skin_type: int | None, is_first: bool
) -> None:
    allowed = range_of(zone, device, skin_type, is_first)

    cap = zone.limit.high
    if is_first and skin_type in {4, 5, 6}:
        cap = min(cap, Decimal("1.00"))
    least = zone.protocol_range.low
    lows = [zone.limit.low, MIN_DEPTH_MM if least > cap else least]
    highs = [cap, zone.protocol_range.high, device.depth_max_mm]
    assert (allowed.low, allowed.high) == (max(lows), min(highs))
    assert allowed.low >= MIN_DEPTH_MM
    assert allowed.high <= MAX_DEPTH_MM
    assert allowed.is_empty == (max(lows) > min(highs))


@given(zone=zones, device=devices, skin_type=skin_types, depth=depths)
def test_if_nothing_is_left_the_two_limits_that_conflict_are_named(
    zone: Zone, device: Device, skin_type: int | None, depth: Decimal
) -> None:
    allowed = range_of(zone, device, skin_type, True)
    explained = allowed.explain()
    if not allowed.is_empty:
        assert all(str(limit) in explained for limit in allowed.limits)
        return

    found = dialled(depth, zone, device, skin_type)

    assert len(found) == 1
    for said in [explained] if is_of_the_device(found) else [explained, found[0].message]:
        assert f"at least {allowed.low} mm by {allowed.lowest.name}" in said
        assert f"at most {allowed.high} mm by {allowed.highest.name}" in said


def is_of_the_device(found: list[Finding]) -> bool:
    """No limit matters any more if the device cannot go there at all."""
    return found[0].code == "depth_above_device"


@given(zone=zones, device=devices, skin_type=skin_types, depth=depths)
def test_inside_the_range_nothing_is_found_and_well_outside_exactly_one(
    zone: Zone, device: Device, skin_type: int | None, depth: Decimal
) -> None:
    allowed = range_of(zone, device, skin_type, True)
    off_by = max(depth - allowed.high, allowed.low - depth)

    found = dialled(depth, zone, device, skin_type)

    if depth in allowed:
        assert found == []
    elif off_by > device.tolerance_mm or depth > allowed.cap.high:
        (finding,) = found
        assert finding.needs_decision
    else:
        (finding,) = found
        assert (finding.code, finding.severity) == ("depth_within_tolerance", Severity.INFO)


@given(zone=zones, device=devices, skin_type=skin_types, depth=hundredths(0, 300))
def test_what_is_too_deep_stays_too_deep_one_notch_deeper(
    zone: Zone, device: Device, skin_type: int | None, depth: Decimal
) -> None:
    if is_too_deep(dialled(depth, zone, device, skin_type)):
        assert is_too_deep(dialled(depth + ONE_NOTCH, zone, device, skin_type))


@given(depth=hundredths(0, 49) | hundredths(251, 300), zone=zones, device=devices)
def test_nobody_may_leave_the_band(depth: Decimal, zone: Zone, device: Device) -> None:
    (found,) = dialled(depth, zone, device, 3)

    assert (found.code, found.severity) == ("depth_out_of_band", Severity.BLOCK)
    assert found.overridable_by == ()


LABELS = {"on_label", "off_label", "no_clearance_on_file"}


@THOROUGH
@given(facts=sessions)
def test_every_session_can_be_assessed(facts: Facts) -> None:
    found = assess(facts)

    order = [list(Severity).index(finding.severity) for finding in found]
    assert order == sorted(order)
    assert len({(finding.code, finding.subject) for finding in found}) == len(found)
    assert sum(finding.code in LABELS for finding in found) == 1
    for finding in found:
        is_explained(finding)


@given(facts=sessions)
def test_the_findings_do_not_depend_on_the_order_in_which_zones_were_charted(facts: Facts) -> None:
    backwards = replace(facts, treated=facts.treated[::-1], products=facts.products[::-1])

    assert kinds(assess(facts)) == kinds(assess(backwards))


def kinds(found: list[Finding]) -> set[tuple[Any, ...]]:
    return {(finding.code, finding.subject, finding.severity) for finding in found}


@given(last=dates, washout=st.integers(0, 400), days=st.integers(-3, 3))
def test_a_washout_ends_exactly_on_the_day_that_it_names(
    last: date, washout: int, days: int
) -> None:
    clear_on = last + washout * DAY
    answer = Answer(
        code="peel",
        answer=True,
        message="Wait.",
        severity=Severity.WARN,
        source="test",
        washout_days=washout,
        last_exposure_on=last,
    )

    found = assess(
        session(
            on=clear_on + days * DAY,
            screening=facts.Screening(NINE, date.max, True, True, (answer,)),
            consent=None,
        )
    )

    shown = [finding.clear_on for finding in found if finding.code == "screening_peel"]
    assert shown == ([clear_on] if days < 0 else [])


@given(grams=amounts, area=st.integers(1, 2_000), most=amounts)
def test_a_dose_is_too_much_exactly_when_it_is_above_the_label(
    grams: Decimal, area: int, most: Decimal
) -> None:
    cream = replace(CREAM, grams=grams, area_cm2=area, grams_per_cm2_max=most)

    found = {finding.code for finding in assess(session(products=(cream,), device=PEN))}

    assert ("anaesthetic_too_much" in found) == (grams > most * area)
