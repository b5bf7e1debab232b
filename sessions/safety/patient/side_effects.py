"""What an earlier treatment has left: side effects that are open, and those that are remembered.

Source: clinical.md §1.5.
"""

from collections.abc import Collection, Iterable, Mapping

from django.utils.translation import gettext, gettext_noop

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
    severity, message = _gravity(effect, limit)
    if effect.act_when and not effect.is_elsewhere:
        message = f"{message} {effect.act_when}"
    return Finding(
        code="open_side_effect",
        severity=severity,
        message=message,
        rule=limit.rule,
        source=limit.source,
        subject=effect.kind,
        overridable_by=() if severity == INFO else PRACTITIONER,
        numbers={"grade": str(effect.grade), "limit_grade": str(limit)},
    )


def _gravity(effect: OpenSideEffect, limit: Number) -> tuple[Severity, str]:
    """How grave it is, and why."""

    def told(text: str, **values: str) -> str:
        return text.format(effect=effect.name, grade=effect.grade, **values)

    plain = told(gettext("{effect} (grade {grade}) is not resolved."))
    since = _days(effect.hours)
    if effect.is_elsewhere:
        message = told(gettext("{effect} (grade {grade}) is not resolved, on another area."))
        return (BLOCK if effect.grade >= SEVERE else INFO), message
    if effect.is_red_flag:
        text = gettext(
            "{effect} (grade {grade}) is not resolved: "
            "it is always looked at before the next session."
        )
        return BLOCK, told(text)
    if effect.grade >= limit.value or effect.is_pigment_change:
        return BLOCK, plain
    review, usual = effect.review_after_hours, effect.expected_until_hours
    if review is not None and effect.hours > review:
        text = gettext(
            "{effect} (grade {grade}) is not resolved after {since}: "
            "a clinician should look after {review}."
        )
        return BLOCK, told(text, since=since, review=_days(review))
    if usual is not None and effect.hours > usual:
        text = gettext(
            "{effect} (grade {grade}) is not resolved after {since}: "
            "it is usually gone after {usual}."
        )
        return WARN, told(text, since=since, usual=_days(usual))
    if effect.began_late:
        text = gettext(
            "{effect} (grade {grade}) is not resolved and began later than is usual for it: "
            "think of another cause."
        )
        return WARN, told(text)
    return INFO, plain


def _days(hours: int) -> str:
    if hours < 48:
        return gettext("{hours} hours").format(hours=hours)
    return gettext("{days} days").format(days=hours // 24)


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
            return gettext_noop("before an anaesthetic is used again")
        case SideEffectKind.GRANULOMA | SideEffectKind.CONTACT_DERMATITIS if (
            THROUGH_THE_CHANNELS.intersection(kinds)
        ):
            return gettext_noop("before a serum goes through the channels again")
        case SideEffectKind.ANAPHYLAXIS:
            return gettext_noop("be ready for it")
        case SideEffectKind.HYPERPIGMENTATION if effect.is_same_area and (
            facts.skin_type in DARKER_SKIN
        ):
            return gettext_noop(
                "the same area is needled again: no deeper than it bore, and out of the sun"
            )
        case SideEffectKind.URTICARIA if kinds:
            return gettext_noop("before something is put on the skin again")
        case SideEffectKind.SYNCOPE:
            return gettext_noop("treat lying down, and not alone")
        case SideEffectKind.SCARRING | SideEffectKind.PERSISTENT_ERYTHEMA if effect.is_same_area:
            return gettext_noop("the same area is needled again")
        case SideEffectKind.HSV_REACTIVATION if facts.area.near_mouth:
            return gettext_noop(
                "an area with the mouth is needled again: decide on antiviral prophylaxis"
            )
        case SideEffectKind.INFECTION if effect.is_same_area and effect.grade >= SEVERE:
            return gettext_noop("the same area is needled again")
    return ""


def _remembered(effect: PastSideEffect, why: str) -> Finding:
    return Finding(
        code="side_effect_history",
        severity=WARN,
        message=gettext(
            "History: {effect} (grade {grade}) after an earlier session; {why}."
        ).format(effect=effect.name.lower(), grade=effect.grade, why=gettext(why)),
        rule=gettext("grave reactions are remembered"),
        source=OUR_DEFAULT,
        subject=effect.kind,
        overridable_by=PRACTITIONER,
        numbers={"grade": str(effect.grade)},
    )
