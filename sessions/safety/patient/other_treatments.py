"""What else was done to the same skin: its washout, and a screening that denies it.

Numbers, severities and who may decide are those of the screening's question about it, and so is
the code of what is found: record and answer are one decision. Source: clinical.md §1.3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from clinic.findings import Finding, Severity
from patients.models import OtherTreatmentKind
from patients.screening import Situation, clear_on, screen
from sessions.safety.facts import Facts, Number, OtherTreatment
from sessions.safety.patient.contradictions import contradiction


def check_other_treatments(facts: Facts) -> list[Finding]:
    """Before needling, and after it: what was done too soon tells how the skin may answer now."""
    found = [found for other in facts.other_treatments for found in _check(other, facts)]
    if facts.previous is None:
        return found
    needled_on = facts.on - timedelta(days=facts.previous.days_before)
    for other in facts.other_treatments:
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
        message=f"{name} on {on:%d %b %Y}, {days} days after needling there: {pause} days are "
        "waited. Look at the skin, and read its result with care.",
        rule=pause.rule,
        source=pause.source,
        numbers={"days": str(days), "limit_days": str(pause)},
    )


def _check(other: OtherTreatment, facts: Facts) -> Iterable[Finding]:
    if other.on > facts.on:
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
        days, on = other.answer.washout_days, f"{other.on:%d %b %Y}"
        yield replace(
            found,
            message=f"{other.name} on {on} ({other.where}): {days} days are waited before needling "
            f"there. Clear on {found.clear_on:%d %b %Y}.",
        )
        if _is_denied(other, facts):
            what = f"“{other.name}” of {on}"
            yield replace(contradiction(found.code, what), clear_on=found.clear_on)


def _is_denied(other: OtherTreatment, facts: Facts) -> bool:
    """The last screening says no to what lay within its washout when it was taken."""
    if facts.screening is None or not other.is_asked_by_name:
        return False
    asked_on = facts.screening.taken_at.astimezone(facts.starts_at.tzinfo).date()
    clear = clear_on(other.on, other.answer.washout_days)
    return any(
        answer.code == other.answer.code and not answer.answer
        for answer in facts.screening.answers
        if clear and other.on <= asked_on < clear
    )
