"""What the answers of a screening mean for a treatment on a given day. Pure: no database.

Contraindications and washouts: clinical.md §1.3. What is not known never hides an answer: without
zones it may be any zone, without a skin type any type, and without a date it is not over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext

from clinic.findings import Finding, Severity
from clinic.models import Role
from clinic.values.moments import date_in_words
from patients.models import Condition, Scope

PRACTITIONER = (Role.PRACTITIONER.value,)
DARKER_SKIN = frozenset({4, 5, 6})  # Fitzpatrick IV to VI


@dataclass(frozen=True)
class Answer:
    """An answer together with the rule, in the version that was asked."""

    code: str
    answer: bool
    message: str
    severity: Severity
    source: str
    version: int = 1
    scope: Scope = Scope.GLOBAL
    condition: Condition = Condition.ALWAYS
    washout_days: int | None = None
    overridable_by: tuple[str, ...] = ()
    sign_off: str = ""
    last_exposure_on: date | None = None
    zones: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.code.replace("-", " ").capitalize()


@dataclass(frozen=True)
class Situation:
    """What the answers are read for. `zones` are the codes to be treated; empty if not known,
    as the skin type is None."""

    on: date
    skin_type: int | None = None
    zones: frozenset[str] = frozenset()
    area_zones: frozenset[str] = frozenset()  # all of the treated area
    near_mouth: bool = False
    device_lists_isotretinoin: bool = True


def screen(answers: Iterable[Answer], situation: Situation) -> list[Finding]:
    """The findings of all answers, in the order of the questionnaire."""
    return [found for answer in answers if (found := _finding(answer, situation))]


def clear_on(last_exposure_on: date | None, washout_days: int | None) -> date | None:
    """The first day without the finding; None if it cannot be known."""
    if last_exposure_on is None or washout_days is None:
        return None
    return last_exposure_on + timedelta(days=washout_days)


def _finding(answer: Answer, situation: Situation) -> Finding | None:
    if not answer.answer or not _matters(answer, situation):
        return None
    clear = clear_on(answer.last_exposure_on, answer.washout_days)
    if clear and situation.on >= clear:
        return None
    numbers = {}
    message = answer.message
    if answer.washout_days is not None:
        numbers["washout_days"] = str(answer.washout_days)
        last = (
            gettext("Clear on {clear}.").format(clear=date_in_words(clear, "j M Y"))
            if clear
            else gettext("When it was last is not recorded.")
        )
        message = f"{message} {last}"
    severity, overridable_by = answer.severity, answer.overridable_by
    if answer.scope == Scope.AREA and _is_elsewhere(answer, situation):
        message += gettext(" It is on the same area: needle and hands can carry it along.")
        if severity == Severity.BLOCK:
            severity, overridable_by = Severity.WARN, PRACTITIONER
    return Finding(
        code=f"screening_{answer.code.replace('-', '_')}",
        severity=severity,
        message=message,
        rule=gettext("{name}, version {version} of the question").format(
            name=answer.name, version=answer.version
        ),
        source=answer.source,
        clear_on=clear,
        overridable_by=overridable_by,
        sign_off=answer.sign_off,
        numbers=numbers,
    )


def _is_elsewhere(answer: Answer, situation: Situation) -> bool:
    """Not where it is treated, as far as that is known."""
    return bool(answer.zones and situation.zones and not answer.zones & situation.zones)


def _matters(answer: Answer, situation: Situation) -> bool:
    if _is_elsewhere(answer, situation) and (
        answer.scope == Scope.ZONE
        or (answer.scope == Scope.AREA and not answer.zones & situation.area_zones)
    ):
        return False
    match answer.condition:
        case Condition.DEVICE_LISTS_ISOTRETINOIN:
            return situation.device_lists_isotretinoin
        case Condition.NEAR_MOUTH:
            return situation.near_mouth
        case Condition.SKIN_IV_TO_VI:
            return situation.skin_type is None or situation.skin_type in DARKER_SKIN
    return True
