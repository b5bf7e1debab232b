"""What is told of each day after a treatment: what to do now, what must wait, and until when.

Days are counted from the treatment, 0 on its day. Facts: clinical.md §1.6. The words fit every
area, because the page that shows them must not say which one was treated. Where that may be said,
the leaflet takes the words of `advice.CARE` for some of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.models import ClinicalRule
from sessions.models import SideEffectKind

LASTS = 28  # days that are counted to the patient
SHOWN = 3  # lines of what to do


@dataclass(frozen=True)
class Care:
    """To be done from one day up to another, both included."""

    words: Promise
    from_day: int
    to_day: int
    closer: str = ""  # what says the same of one part of the body, in advice.CARE


@dataclass(frozen=True)
class Wait:
    """Not before a day."""

    words: Promise
    until_day: int
    closer: str = ""


@dataclass(frozen=True)
class Normal:
    """To be expected. Until when says the clinic's catalogue."""

    words: Promise
    kind: SideEffectKind


CARE = (
    Care(_("Touch your skin only with clean hands, and sleep on clean linen."), 0, 1),
    Care(
        _("A mild cleanser, lukewarm water and a plain moisturiser: no more than that."),
        *(0, 6),
        closer="care_today",
    ),
    Care(
        _("If it hurts: paracetamol, if it is safe for you. Ask us before you take others."), 0, 0
    ),
    Care(_("Protect your skin from the sun each morning and at noon."), 1, LASTS, closer="sun"),
    Care(_("Dry skin that flakes is normal. Do not pick or scrub."), 2, 6),
    Care(_("Look at your skin once a week: call us if you see new dark or light patches."), 7, 90),
    Care(_("New collagen takes months. Do not judge the result yet."), 7, 90),
    Care(_("Protect your skin from the sun every day."), LASTS + 1, 90, closer="sun"),
)
WAITS = (
    Wait(_("Sunscreen, and light make-up if your skin is calm"), 1, closer="care_day_one"),
    Wait(_("Sport and swimming, if your skin is calm"), 3),
    Wait(_("Sauna and hot baths"), 5),
    Wait(_("Retinoids, acids and vitamin C, if your skin is calm"), 7),
    Wait(_("Direct sun, with protection"), 7),
)
# Other treatments of the same skin: the rule says from which day on (clinical.md §1.3).
WAITS_BY_RULE = (
    (_("Injections, such as fillers"), "injected-after"),
    (_("Peels, lasers and light treatments"), "skin-treated-after"),
)
NORMAL = (
    Normal(_("Your skin is red and warm, like a sunburn"), SideEffectKind.ERYTHEMA),
    Normal(_("Your skin swells a little and feels tight"), SideEffectKind.OEDEMA),
    Normal(_("Your skin is sore"), SideEffectKind.PAIN),
    Normal(_("Your skin is dry and flakes"), SideEffectKind.DRYNESS),
    Normal(_("Your skin itches a little"), SideEffectKind.ITCH),
    Normal(_("You have small bruises"), SideEffectKind.BRUISING),
)


def care_on(day: int) -> list[Promise]:
    """What to do on a day, in a few lines."""
    return [care.words for care in CARE if care.from_day <= day <= care.to_day][:SHOWN]


def waits(at: datetime) -> list[Wait]:
    """All that must wait, by the rules in effect, the soonest first."""
    codes = [code for _words, code in WAITS_BY_RULE]
    rules = ClinicalRule.objects.in_effect(at).filter(code__in=codes)
    days = dict(rules.values_list("code", "value"))
    ruled = [Wait(words, int(days[code])) for words, code in WAITS_BY_RULE if code in days]
    return sorted((*WAITS, *ruled), key=attrgetter("until_day"))


def waits_after(day: int, known: Iterable[Wait]) -> list[Wait]:
    """What must wait longer than until tomorrow."""
    return [wait for wait in known if wait.until_day > day + 1]


def begins_tomorrow(day: int, known: Iterable[Wait]) -> list[Promise]:
    return [wait.words for wait in known if wait.until_day == day + 1]
