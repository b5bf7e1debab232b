"""What was put on the skin: an anaesthetic against its label, serums through the channels.

Sources: anaesthetics clinical.md §1.8; serums and granulomas §1.5 and §1.8.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal

from django.utils.translation import gettext, pgettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from sessions.models import ProductKind
from sessions.safety.facts import Facts, Number, ProductUse, figure

MINUTE = timedelta(minutes=1)
# A clinic may have entered it as a serum of its own.
IS_BLOOD = re.compile(r"\b(prp|prf|platelet\w*|plasma|blood)\b", re.IGNORECASE)
NEAR_THE_EYES = frozenset({"periorbital", "orbital-rim-inside"})


@dataclass(frozen=True)
class Exposure:
    """How long an anaesthetic was on the skin, and how much of it, as far as it is recorded."""

    minutes: int | None
    grams_per_cm2: Decimal | None

    @classmethod
    def of(cls, use: ProductUse) -> "Exposure":
        """Rounded up, so that what is a little above a limit also reads so."""
        minutes = dose = None
        if use.on_at and use.off_at:
            minutes = -((use.on_at - use.off_at) // MINUTE)
        if use.grams and use.area_cm2:
            dose = (use.grams / use.area_cm2).quantize(Decimal("0.001"), ROUND_UP)
        return cls(minutes, dose)


def check_product(use: ProductUse, facts: Facts) -> list[Finding]:
    """The exposure to an anaesthetic against its label, and what may go through the channels."""
    if use.kind == ProductKind.ANAESTHETIC:
        return [
            *_check_prescriber(use, facts.rules["anaesthetic-otc-percent"]),
            *_check_exposure(use, Exposure.of(use)),
            *_check_area(use, facts.rules["anaesthetic-large-area"]),
            *_check_open_skin(use, facts.needled_at),
            *_check_person(use, facts),
            *_check_answers(use, facts),
        ]
    if use.kind == ProductKind.BLOOD:
        return [] if use.tube_label else [_without_tube(use)]
    if IS_BLOOD.search(use.name):
        return [
            _product(
                "blood_product_identity",
                use,
                gettext(
                    "{product} is blood of a person: check two identifiers of the patient against "
                    "the label of the tube, one patient for one kit, and throw away what is left. "
                    "Entered as a blood product, its label is scanned."
                ).format(product=use.name),
            )
        ]
    if use.kind == ProductKind.SERUM and not use.for_dermis:
        return [
            _product(
                "serum_not_for_dermis",
                use,
                gettext("{product} is not meant for the dermis: granulomas are described.").format(
                    product=use.name
                ),
            )
        ]
    return []


def _without_tube(use: ProductUse) -> Finding:
    """Whose blood it is cannot be decided: it is looked up (clinical.md §1.8)."""
    return Finding(
        code="blood_tube_missing",
        severity=Severity.BLOCK,
        message=gettext(
            "{product} is blood of a person: tell the patient by two identifiers and scan "
            "the label of the tube."
        ).format(product=use.name),
        rule=gettext("one patient, one tube, one visit"),
        source=use.source or OUR_DEFAULT,
        subject=use.subject,
    )


def _check_prescriber(use: ProductUse, otc: Number) -> Iterable[Finding]:
    """What is stronger than may be sold over the counter was prescribed by somebody."""
    percent = use.percent
    if percent is not None and percent > otc.value and not use.prescriber.strip():
        yield _product(
            "anaesthetic_needs_prescriber",
            use,
            gettext("{product} has {percent} %; above {limit} %, name the prescriber.").format(
                product=use.name, percent=figure(percent), limit=otc
            ),
            {"percent": figure(percent), "limit_percent": str(otc)},
            otc,
        )


def _check_exposure(use: ProductUse, exposure: Exposure) -> Iterable[Finding]:
    """Minutes, dose and cover against the label. A limit that is reached is kept. What cannot be
    compared, because it is not recorded, is mentioned; how much it was has to be said."""
    minutes, dose = exposure.minutes, exposure.grams_per_cm2
    unknown, amount = [], _amount_missing(use)
    if use.off_at is None:
        message = gettext("When was {product} taken off?").format(product=use.name)
        yield _product("anaesthetic_not_removed", use, message)
    elif minutes is None and use.minutes_max is not None:
        unknown.append(gettext("when it was put on"))
    elif minutes is not None and use.minutes_max is not None and minutes > use.minutes_max:
        yield _product(
            "anaesthetic_too_long",
            use,
            gettext("{product} was on for {minutes} minutes; its limit here is {limit}.").format(
                product=use.name, minutes=minutes, limit=use.minutes_max
            ),
            {"minutes": str(minutes), "limit_minutes": str(use.minutes_max)},
        )
    if dose is not None and use.grams_per_cm2_max is not None and dose > use.grams_per_cm2_max:
        yield _product(
            "anaesthetic_too_much",
            use,
            _too_much(use, dose),
            {
                "grams": str(use.grams),
                "area_cm2": str(use.area_cm2),
                "g_per_cm2": str(dose),
                "limit_g_per_cm2": str(use.grams_per_cm2_max),
            },
            severity=Severity.BLOCK if use.limits_by_label else Severity.WARN,
        )
    if use.is_occluded and not use.may_be_occluded:
        message = gettext("{product} must not be covered.").format(product=use.name)
        yield _product("anaesthetic_occluded", use, message)
    if unknown or amount:
        yield _product(
            "anaesthetic_not_comparable",
            use,
            gettext("{product}: its limits cannot be checked without {missing}.").format(
                product=use.name, missing=gettext(" and ").join(unknown + amount)
            ),
            severity=Severity.WARN if amount else Severity.INFO,
        )


def _amount_missing(use: ProductUse) -> list[str]:
    """What a limit of it needs and nobody has recorded."""
    needs_area = use.grams_per_cm2_max is not None
    needs_grams = needs_area or use.grams_max is not None or use.is_weighed
    missing = []
    if needs_grams and use.grams is None:
        missing.append(pgettext("numbing cream", "grams"))
    if needs_area and not use.area_cm2:
        missing.append(pgettext("numbing cream", "area"))
    return missing


def _too_much(use: ProductUse, dose: Decimal) -> str:
    """A label's limit and a default of ours are not the same thing."""
    if use.limits_by_label:
        said = gettext("{product}: {dose} g/cm²; its label allows {limit} g/cm².")
    else:
        said = gettext(
            "{product}: {dose} g/cm²; the clinic's own limit, not a label's, is {limit} g/cm²."
        )
    return said.format(product=use.name, dose=dose, limit=use.grams_per_cm2_max)


def _check_open_skin(use: ProductUse, needled_at: datetime | None) -> Iterable[Finding]:
    """Labels are for intact skin: open channels take up far more."""
    if needled_at and use.on_at and use.on_at > needled_at:
        yield _product(
            "anaesthetic_on_open_skin",
            use,
            gettext(
                "{product} was put on after the needling began: a numbing cream is for intact skin."
            ).format(product=use.name),
        )


def _check_person(use: ProductUse, facts: Facts) -> Iterable[Finding]:
    """For whom, and where, it is not meant."""
    if use.not_near_eyes and (near := facts.zones & NEAR_THE_EYES):
        yield _product(
            "anaesthetic_near_eyes",
            use,
            gettext("{product} is not for skin near the eyes: was it kept off {zones}?").format(
                product=use.name, zones=facts.named(near)
            ),
        )
    if use.age_min is not None and facts.age is not None and facts.age < use.age_min:
        yield _product(
            "anaesthetic_too_young",
            use,
            gettext("{product} is for people from {limit} years; the patient is {age}.").format(
                product=use.name, limit=use.age_min, age=facts.age
            ),
            {"age": str(facts.age), "limit_age": str(use.age_min)},
        )


def _check_answers(use: ProductUse, facts: Facts) -> Iterable[Finding]:
    """What the patient has said that rules this cream out: with a sign-off where the question has
    one, else for everybody. The question alone warns before anybody has chosen a cream."""
    answers = facts.screening.answers if facts.screening else ()
    said = [answer for answer in answers if answer.answer and answer.code in use.not_with]
    if not said:
        return
    message = gettext("{product} is not for this patient.").format(product=use.name)
    may_be_signed = all(answer.sign_off for answer in said)
    yield Finding(
        code="anaesthetic_contraindicated",
        severity=Severity.BLOCK,
        message=" ".join([message, *(answer.message for answer in said)]),
        rule=_limits_of(use),
        source=said[0].source,
        subject=use.subject,
        overridable_by=said[0].overridable_by if may_be_signed else (),
        sign_off=said[0].sign_off if may_be_signed else "",
    )


def _limits_of(use: ProductUse) -> str:
    return gettext("limits of {product}").format(product=use.name)


def _check_area(use: ProductUse, large: Number) -> Iterable[Finding]:
    """The larger the area, the more of it reaches the blood."""
    if use.area_cm2 is not None and use.area_cm2 > large.value:
        yield _product(
            "anaesthetic_large_area",
            use,
            gettext("{product} on {area} cm²: more than {limit} cm² is a large area.").format(
                product=use.name, area=use.area_cm2, limit=large
            ),
            {"area_cm2": str(use.area_cm2), "limit_cm2": str(large)},
            large,
        )


def _product(
    code: str,
    use: ProductUse,
    message: str,
    numbers: Mapping[str, str] | None = None,
    number: Number | None = None,
    severity: Severity = Severity.WARN,
) -> Finding:
    """A finding by the product's label, or by a `number` of the clinical rules."""
    return Finding(
        code=code,
        severity=severity,
        message=message,
        rule=number.rule if number else _limits_of(use),
        source=number.source if number else use.source or OUR_DEFAULT,
        subject=use.subject,
        overridable_by=() if severity == Severity.INFO else (Role.PRACTITIONER.value,),
        numbers=numbers or {},
    )
