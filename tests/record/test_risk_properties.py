"""One more risk never makes the rules say less, whatever else is known of a session."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from clinic.findings import Finding, Severity
from patients.screening import Answer
from sessions.models import ProductKind
from sessions.safety import assess, facts
from sessions.safety.facts import Facts, OtherTreatment
from tests.factories import DAY, NINE
from tests.record.test_safety_properties import THOROUGH, others, products, sessions

INFECTED = facts.OpenSideEffect("INFECTION", "Infection", 2, is_red_flag=True)
# One more risk each: of the person, of the past, of what is put on the skin, of who treats.
RISKS: dict[str, Callable[[Facts, OtherTreatment, facts.ProductUse], Facts]] = {
    "keloids": lambda g, *_: replace(g, record=replace(g.record, keloids=True)),
    "cold sores": lambda g, *_: replace(g, record=replace(g.record, cold_sores=True)),
    "allergies": lambda g, *_: replace(g, record=replace(g.record, allergies="Lidocaine, steel")),
    "a yes": lambda g, *_: with_yes(g, "keloid-tendency", Severity.WARN),
    "a yes that rules out": lambda g, *_: with_yes(g, "methaemoglobin", Severity.WARN),
    "a yes that stops": lambda g, *_: with_yes(g, "pregnancy", Severity.BLOCK),
    "an open effect": lambda g, *_: replace(g, side_effects=(*g.side_effects, INFECTED)),
    "a healed effect": lambda g, *_: replace(
        g, past_side_effects=(*g.past_side_effects, facts.PastSideEffect("SCARRING", "Scar", 3))
    ),
    "a report": lambda g, *_: replace(g, unreviewed=g.unreviewed | {"RED"}),
    "another treatment": lambda g, near, _: replace(
        g, other_treatments=(*g.other_treatments, near)
    ),
    "a child": lambda g, *_: replace(g, age=None if g.age is None else min(g.age, 12)),
    "lighter": lambda g, *_: replace(g, weight_kg=g.weight_kg and min(g.weight_kg, Decimal(35))),
    "darker skin": lambda g, *_: replace(g, skin_type=g.skin_type and max(g.skin_type, 5)),
    "a cream": lambda g, _, use: replace(
        g, products=(*g.products, replace(use, kind=ProductKind.ANAESTHETIC, subject="more"))
    ),
    "a drug": lambda g, _, use: replace(
        g, products=tuple(with_drug(one, use) for one in g.products)
    ),
    "a serum": lambda g, _, use: replace(
        g, products=(*g.products, replace(use, kind=ProductKind.SERUM, subject="more"))
    ),
    "a cream elsewhere": lambda g, _, use: replace(
        g, same_day_products=(*g.same_day_products, replace(use, kind=ProductKind.ANAESTHETIC))
    ),
    "declined": lambda g, *_: replace(g, candidacy=facts.Candidacy("DECLINED", NINE)),
    "an expired licence": lambda g, *_: replace(
        g, standing=facts.Standing((facts.Credential("NURSE", "Nurse", expires_on=date.min),))
    ),
}
# What is said in its place: a child is off-label, a cap beats the protocol's least.
SAID_INSTEAD = {
    "a child": {"on_label", "minor_with_guardian"},
    "darker skin": {"on_label", "depth_below_range", "no_depth_fits", "depth_within_tolerance"},
}


def with_yes(known: Facts, code: str, severity: Severity) -> Facts:
    if known.screening is None:
        return known
    yes = Answer(code, True, "Wait.", severity, "test", overridable_by=("PRACTITIONER",))
    screening = replace(known.screening, answers=(*known.screening.answers, yes))
    return replace(known, screening=screening)


def with_drug(cream: facts.ProductUse, other: facts.ProductUse) -> facts.ProductUse:
    """One that nobody has named of it before, with the limit of another cream."""
    limit = other.drugs[0].mg_per_kg_max if other.drugs else None
    named = facts.Drug("benzocaine", other.percent or Decimal(6), limit)
    return replace(cream, drugs=(*cream.drugs, named))


@THOROUGH
@given(
    known=sessions,
    risk=st.sampled_from(sorted(RISKS)),
    other=others,
    use=products,
    days=st.integers(-40, 40),
)
def test_one_more_risk_never_takes_a_finding_away_or_makes_it_lighter(
    known: Facts, risk: str, other: OtherTreatment, use: facts.ProductUse, days: int
) -> None:
    gravity = list(Severity)
    on = known.on + days * DAY
    near = replace(other, on=on, answer=replace(other.answer, last_exposure_on=on))
    risky = RISKS[risk](known, near, use)

    graver = {finding_of(f): gravity.index(f.severity) for f in assess(risky)}

    for finding in assess(known):
        name = finding_of(finding)
        if finding.code in SAID_INSTEAD.get(risk, ()):
            continue
        assert graver[name] <= gravity.index(finding.severity), (risk, name)


def finding_of(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.subject
