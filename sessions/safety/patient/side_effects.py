"""What an earlier treatment has left: side effects that are open, and those that are remembered.

Source: clinical.md §1.5.
"""

from collections.abc import Collection, Iterable, Mapping

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from patients.screening import DARKER_SKIN
from sessions.models import SEVERE, ProductKind, SideEffectKind
from sessions.safety.facts import Facts, Number, OpenSideEffect, PastSideEffect

PRACTITIONER = (Role.PRACTITIONER.value,)
BLOCK, WARN, INFO = Severity.BLOCK, Severity.WARN, Severity.INFO
THROUGH_THE_CHANNELS = {ProductKind.SERUM, ProductKind.BLOOD}


def check_side_effects(
    side_effects: Iterable[OpenSideEffect], rules: Mapping[str, Number]
) -> list[Finding]:
    """What has not healed. A red flag of any grade, from the grade of the rule on, any change of
    pigment, and what lasts longer than its review: a practitioner decides whether to go on. What
    lasts longer than usual, or began later, warns; what is on another area and stays there is
    mentioned."""
    limit = rules["side-effect-grade"]
    return [_open(effect, limit) for effect in side_effects]


def _open(effect: OpenSideEffect, limit: Number) -> Finding:
    severity, why = _gravity(effect, limit)
    return Finding(
        code="open_side_effect",
        severity=severity,
        message=f"{effect.name} (grade {effect.grade}) is not resolved{why}."
        + (f" {effect.act_when}" if effect.act_when and not effect.is_elsewhere else ""),
        rule=limit.rule,
        source=limit.source,
        subject=effect.kind,
        overridable_by=() if severity == INFO else PRACTITIONER,
        numbers={"grade": str(effect.grade), "limit_grade": str(limit)},
    )


def _gravity(effect: OpenSideEffect, limit: Number) -> tuple[Severity, str]:
    if effect.is_elsewhere:
        severe = effect.grade >= SEVERE
        return (BLOCK if severe else INFO), ", on another area"
    if effect.is_red_flag:
        return BLOCK, ": it is always looked at before the next session"
    if effect.grade >= limit.value or effect.is_pigment_change:
        return BLOCK, ""
    review, usual = effect.review_after_hours, effect.expected_until_hours
    if review is not None and effect.hours > review:
        return BLOCK, f" after {_days(effect.hours)}: a clinician should look after {_days(review)}"
    if usual is not None and effect.hours > usual:
        return WARN, f" after {_days(effect.hours)}: it is usually gone after {_days(usual)}"
    if effect.began_late:
        return WARN, " and began later than is usual for it: think of another cause"
    return INFO, ""


def _days(hours: int) -> str:
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def check_history(facts: Facts) -> list[Finding]:
    """A grave reaction is remembered when the same product, kind or area comes again; as long as
    no zone is charted, whatever might, for a serum follows the cream. Anaphylaxis is remembered
    always, and darker skin that answered with pigment."""
    kinds = {use.kind for use in facts.products} if facts.treated else set(ProductKind)
    return [
        _remembered(effect, why)
        for effect in facts.past_side_effects
        if (why := _comes_again(effect, kinds, facts))
    ]


def _comes_again(effect: PastSideEffect, kinds: Collection[str], facts: Facts) -> str:
    match effect.kind:
        case SideEffectKind.ANAESTHETIC_REACTION if ProductKind.ANAESTHETIC in kinds:
            return "before an anaesthetic is used again"
        case SideEffectKind.GRANULOMA | SideEffectKind.CONTACT_DERMATITIS if (
            THROUGH_THE_CHANNELS.intersection(kinds)
        ):
            return "before a serum goes through the channels again"
        case SideEffectKind.ANAPHYLAXIS:
            return "be ready for it"
        case SideEffectKind.HYPERPIGMENTATION if effect.is_same_area and (
            facts.skin_type in DARKER_SKIN
        ):
            return "the same area is needled again: no deeper than it bore, and out of the sun"
        case SideEffectKind.URTICARIA if kinds:
            return "before something is put on the skin again"
        case SideEffectKind.SYNCOPE:
            return "treat lying down, and not alone"
        case SideEffectKind.SCARRING | SideEffectKind.PERSISTENT_ERYTHEMA if effect.is_same_area:
            return "the same area is needled again"
        case SideEffectKind.HSV_REACTIVATION if facts.area.near_mouth:
            return "an area with the mouth is needled again: decide on antiviral prophylaxis"
        case SideEffectKind.INFECTION if effect.is_same_area and effect.grade >= SEVERE:
            return "the same area is needled again"
    return ""


def _remembered(effect: PastSideEffect, why: str) -> Finding:
    return Finding(
        code="side_effect_history",
        severity=WARN,
        message=f"History: {effect.name.lower()} (grade {effect.grade}) after an earlier session; "
        f"{why}.",
        rule="grave reactions are remembered",
        source=OUR_DEFAULT,
        subject=effect.kind,
        overridable_by=PRACTITIONER,
        numbers={"grade": str(effect.grade)},
    )
