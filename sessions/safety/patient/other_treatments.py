"""What else was done to the same skin, or is planned: its washout, its pause after needling, and a
screening that denies it.

Numbers, severities and who may decide are those of the screening's question about it, and so is
the code of what is found: record and answer are one decision. Source: clinical.md §1.3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from django.utils.translation import gettext

from clinic.findings import Finding, Severity
from clinic.values.moments import date_in_words
from patients.models import OtherTreatmentKind
from patients.screening import PRACTITIONER, Answer, Situation, clear_on, screen
from sessions.safety.facts import Facts, Number, OtherTreatment
from sessions.safety.patient.contradictions import contradiction


def check_other_treatments(facts: Facts) -> list[Finding]:
    """Before needling, and after it: what was done too soon tells how the skin may answer now."""
    found = [found for other in facts.other_treatments for found in _check(other, facts)]
    if facts.previous is None:
        return found
    needled_on = facts.on - timedelta(days=facts.previous.days_before)
    for other in (known for known in facts.other_treatments if not known.is_planned):
        pause = pause_after_needling(other.kind, facts.rules)
        found += check_after_needling(other.name, other.on, needled_on, pause)
    return found


def pause_after_needling(kind: str, rules: Mapping[str, Number]) -> Number:
    """How long a treatment of this kind waits for the skin to recover."""
    if kind in (OtherTreatmentKind.TOXIN, OtherTreatmentKind.FILLER):
        return rules["injected-after"]
    if kind == OtherTreatmentKind.TOPICAL:
        return rules["actives-pause-after-to"]
    return rules["skin-treated-after"]


def check_after_needling(name: str, on: date, needled_on: date, pause: Number) -> Iterable[Finding]:
    """Washouts work both ways: another treatment waits after needling, too."""
    days = (on - needled_on).days
    if not 0 <= days < pause.value:
        return
    yield Finding(
        code="treated_too_soon_after",
        severity=Severity.INFO,
        message=gettext(
            "{treatment} on {day}, {days} days after needling there: {pause} days are "
            "waited. Look at the skin, and read its result with care."
        ).format(treatment=name, day=date_in_words(on, "j M Y"), days=days, pause=pause),
        rule=pause.rule,
        source=pause.source,
        numbers={"days": str(days), "limit_days": str(pause)},
    )


def check_planned(name: str, on: date, needled_on: date, pause: Number) -> Iterable[Finding]:
    """What is planned can still be moved, so it wants a decision."""
    days = (on - needled_on).days
    if not 0 <= days < pause.value:
        return
    yield Finding(
        code="planned_too_soon_after",
        severity=Severity.WARN,
        message=gettext(
            "{treatment} is planned for {day}, {days} days after needling there on "
            "{needled}: {pause} days are waited. Have one of them moved."
        ).format(
            treatment=name,
            day=date_in_words(on, "j M Y"),
            days=days,
            needled=date_in_words(needled_on, "j M Y"),
            pause=pause,
        ),
        rule=pause.rule,
        source=pause.source,
        overridable_by=PRACTITIONER,
        numbers={"days": str(days), "limit_days": str(pause)},
    )


def check_washout(name: str, answer: Answer, needled_on: date) -> Iterable[Finding]:
    """Of needling that is booked before the washout has ended."""
    on, days = answer.last_exposure_on, answer.washout_days
    clear = clear_on(on, days)
    if on is None or clear is None or not on <= needled_on < clear:
        return
    yield Finding(
        code=f"screening_{answer.code.replace('-', '_')}",
        severity=Severity.WARN,
        message=gettext(
            "Needling on {day} is {after} days after {treatment}: {days} days are waited "
            "before needling there. Clear on {clear}."
        ).format(
            day=date_in_words(needled_on, "j M Y"),
            after=(needled_on - on).days,
            treatment=name,
            days=days,
            clear=date_in_words(clear, "j M Y"),
        ),
        rule=gettext("{name}, version {version} of the question").format(
            name=answer.name, version=answer.version
        ),
        source=answer.source,
        clear_on=clear,
    )


def _check(other: OtherTreatment, facts: Facts) -> Iterable[Finding]:
    if other.on > facts.on:
        if other.is_planned:
            pause = pause_after_needling(other.kind, facts.rules)
            yield from check_planned(other.name, other.on, facts.on, pause)
        return
    situation = Situation(
        on=facts.on,
        skin_type=facts.skin_type,
        zones=facts.zones,
        area_zones=facts.area.zones,
        near_mouth=facts.area.near_mouth,
        device_lists_isotretinoin=facts.device.lists_isotretinoin,
    )
    for found in screen([other.answer], situation):
        yield replace(found, message=_waited(other, found.clear_on))
        if _is_denied(other, facts):
            on = date_in_words(other.on, "j M Y")
            what = gettext("“{treatment}” of {day}").format(treatment=other.name, day=on)
            yield replace(contradiction(other.answer.code, what), clear_on=found.clear_on)


def _waited(other: OtherTreatment, clear: date | None) -> str:
    if other.is_planned:
        said = gettext(
            "{treatment} planned for {day} ({where}): {days} days are waited before needling "
            "there. Clear on {clear}. Ask what became of it."
        )
    else:
        said = gettext(
            "{treatment} on {day} ({where}): {days} days are waited before needling there. "
            "Clear on {clear}."
        )
    return said.format(
        treatment=other.name,
        day=date_in_words(other.on, "j M Y"),
        where=other.where,
        days=other.answer.washout_days,
        clear=date_in_words(clear, "j M Y") if clear else "",
    )


def _is_denied(other: OtherTreatment, facts: Facts) -> bool:
    """The last screening says no to what lay within its washout when it was taken."""
    if facts.screening is None or not other.is_asked_by_name or other.is_planned:
        return False
    asked_on = facts.screening.taken_at.astimezone(facts.starts_at.tzinfo).date()
    clear = clear_on(other.on, other.answer.washout_days)
    return any(
        answer.code == other.answer.code and not answer.answer
        for answer in facts.screening.answers
        if clear and other.on <= asked_on < clear
    )
