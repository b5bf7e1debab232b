"""What else was done to the same skin: its washout, and a screening that denies it.

Numbers, severities and who may decide are those of the screening's question about it, and so is
the code of what is found: record and answer are one decision. Source: clinical.md §1.3.
"""

from collections.abc import Iterable
from dataclasses import replace

from clinic.findings import Finding
from patients.screening import Situation, clear_on, screen
from sessions.safety.facts import Facts, OtherTreatment
from sessions.safety.patient.contradictions import contradiction


def check_other_treatments(facts: Facts) -> list[Finding]:
    return [found for other in facts.other_treatments for found in _check(other, facts)]


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
