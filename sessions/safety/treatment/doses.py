"""Numbing creams of one day together: their drugs add up in the blood (clinical.md §1.8)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from django.utils.translation import gettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from sessions.models import LocalAnaesthetic, ProductKind
from sessions.safety.facts import UNNAMED, Facts, ProductUse, figure

PRACTITIONER = (Role.PRACTITIONER.value,)
ZERO, TENTH = Decimal(0), Decimal("0.1")
NEAR_THE_LIMIT = Decimal("0.8")  # from here on the day's total is worth a thought
LOW_WEIGHT = "low-weight"  # the question of the screening that asks for it


def check_total(facts: Facts) -> list[Finding]:
    """Each cream as a part of its own most, whatever the area or the session: of its most grams,
    or of its most milligrams for the patient's weight, whichever is the larger part; or each drug
    of all creams against the least that one of them allows of it. What is above labels stops,
    however much of others or how light a patient there is beside."""
    creams = _creams(facts)
    limited = _most_by_drug(creams) if facts.weight_kg else {}
    uses = [
        use
        for use in creams
        if part_of_most(use, facts.weight_kg) or limited.keys() & use.mg_by_drug.keys()
    ]
    total = _part_of_day(uses, facts.weight_kg)
    if total < NEAR_THE_LIMIT:
        return []
    told = gettext(" and ").join(
        gettext("{grams} g of {cream}").format(grams=figure(use.grams), cream=use.name)
        for use in uses
        if use.grams
    )
    # A label's grams are for everybody; what a weight makes of them is a default of ours.
    by_grams = sum((part_of_most(use, None) for use in uses), ZERO)
    by_labels = sum((part_of_most(use, None) for use in uses if use.limits_by_label), ZERO)
    percent, drugs = _percent(total), in_words(_by_drug(uses), facts.weight_kg)
    numbers = {"percent_of_limit": percent}
    if by_labels == total:
        whose = gettext("their labels allow")
    else:
        whose = gettext("the clinic's own limits, not labels, allow")
    if by_grams != total:
        whose = gettext("{limits} at {weight} kg").format(
            limits=whose, weight=figure(facts.weight_kg or ZERO)
        )
        numbers |= {"weight_kg": str(facts.weight_kg)}
    if total > by_labels > 1:
        whose = gettext("{limits}, and {percent} % of what labels alone allow").format(
            limits=whose, percent=_percent(by_labels)
        )
    message = gettext(
        "Anaesthetic dose of the day: {creams} is {percent} % of what {limits}."
    ).format(creams=told, percent=percent, limits=whose)
    if drugs:
        message += " " + gettext("In it: {drugs}.").format(drugs=drugs)
    return [
        Finding(
            code="anaesthetic_dose_of_day",
            severity=Severity.BLOCK if by_labels > 1 else Severity.WARN,
            message=message,
            rule=gettext("numbing creams of one day add up"),
            source=uses[0].source or OUR_DEFAULT,
            overridable_by=PRACTITIONER,
            numbers=numbers,
        )
    ]


def _percent(part: Decimal) -> str:
    return str((part * 100).quantize(Decimal(1), ROUND_UP))


def check_weight(facts: Facts) -> list[Finding]:
    """The weight is asked for where a limit needs it: of a minor, of who has said to weigh little,
    and of a dose that would be too much for somebody light."""
    if facts.weight_kg is not None:
        return []
    creams = _creams(facts)
    uses = [use for use in creams if use.is_weighed]
    light, of_age = facts.rules["light-weight"], facts.rules["age-of-consent"]
    is_minor = facts.age is not None and facts.age < of_age.value
    total = max(_part_of_day(uses, light.value), _part_by_drug(creams, light.value))
    if not uses or not (is_minor or _says_light(facts) or total > 1):
        return []
    return [
        Finding(
            code="weight_needed",
            severity=Severity.WARN,
            message=gettext(
                "Weigh the patient: the most of a numbing cream depends on it, and no weight "
                "is recorded that is recent enough."
            ),
            rule=light.rule,
            source=light.source,
            overridable_by=PRACTITIONER,
            numbers={"grams": figure(sum((use.grams or ZERO for use in uses), ZERO))},
        )
    ]


def _creams(facts: Facts) -> list[ProductUse]:
    """Those of which is known how much it was."""
    uses = (*facts.products, *facts.same_day_products)
    return [use for use in uses if use.kind == ProductKind.ANAESTHETIC and use.grams]


def _part_of_day(uses: Sequence[ProductUse], weight_kg: Decimal | None) -> Decimal:
    by_cream = sum((part_of_most(use, weight_kg) for use in uses), ZERO)
    return max(by_cream, _part_by_drug(uses, weight_kg))


def _part_by_drug(uses: Sequence[ProductUse], weight_kg: Decimal | None) -> Decimal:
    """What the day has of that drug of which it has most, as a part of its most."""
    if not weight_kg:
        return ZERO
    amounts, limits = _by_drug(uses), _most_by_drug(uses)
    parts = [amounts.get(name, ZERO) / (limits[name] * weight_kg) for name in limits]
    return max(parts, default=ZERO)


def _by_drug(uses: Iterable[ProductUse]) -> dict[str, Decimal]:
    """Milligrams of each drug, of all creams."""
    total: dict[str, Decimal] = {}
    for use in uses:
        for name, mg in use.mg_by_drug.items():
            total[name] = total.get(name, ZERO) + mg
    return total


def _most_by_drug(uses: Iterable[ProductUse]) -> dict[str, Decimal]:
    """The least mg/kg that one of the creams allows of a drug, of those that have a limit."""
    most: dict[str, Decimal] = {}
    for drug in (drug for use in uses for drug in use.drugs):
        if drug.mg_per_kg_max:
            most[drug.name] = min(drug.mg_per_kg_max, most.get(drug.name, drug.mg_per_kg_max))
    return most


def in_words(by_drug: Mapping[str, Decimal], weight_kg: Decimal | None) -> str:
    """As 1500 mg of lidocaine (25 mg/kg) and 1500 mg of prilocaine (25 mg/kg)."""
    return gettext(" and ").join(_amount(name, mg, weight_kg) for name, mg in by_drug.items())


def _amount(drug: str, mg: Decimal, weight_kg: Decimal | None) -> str:
    called = drug
    if drug == UNNAMED:
        called = gettext(UNNAMED)
    elif drug.upper() in LocalAnaesthetic.values:
        called = LocalAnaesthetic(drug.upper()).label.lower()
    told = gettext("{amount} mg of {drug}").format(amount=figure(mg), drug=called)
    if not weight_kg:
        return told
    return f"{told} ({figure((mg / weight_kg).quantize(TENTH, ROUND_UP))} mg/kg)"


def part_of_most(use: ProductUse, weight_kg: Decimal | None) -> Decimal:
    """What one use of a cream is of the most for a day."""
    parts = [ZERO]
    if use.grams and use.grams_max:
        parts.append(use.grams / use.grams_max)
    if use.mg and use.mg_per_kg_max and weight_kg:
        parts.append(use.mg / (use.mg_per_kg_max * weight_kg))
    return max(*parts, _part_by_drug([use], weight_kg))


def most_grams(use: ProductUse, weight_kg: Decimal | None) -> Decimal | None:
    """The most of one cream alone on one day, as far as its limits and the weight are known."""
    most = [use.grams_max] if use.grams_max else []
    limits = [(use.mg_per_kg_max, use.percent), *((d.mg_per_kg_max, d.percent) for d in use.drugs)]
    for limit, percent in limits:
        if limit and percent and weight_kg:
            by_weight = limit * weight_kg / (10 * percent)
            most.append(by_weight.quantize(TENTH, ROUND_DOWN))
    return min(most, default=None)


def _says_light(facts: Facts) -> bool:
    answers = facts.screening.answers if facts.screening else ()
    return any(answer.code == LOW_WEIGHT and answer.answer for answer in answers)
