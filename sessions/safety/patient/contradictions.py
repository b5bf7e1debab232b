"""What the answers mean together: with each other, with the record, and where it is treated.

Unknown is not a no, and a no that the record contradicts is no answer. Source: clinical.md §1.3.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from patients.screening import DARKER_SKIN, Answer
from sessions.safety.facts import Facts

PRACTITIONER = (Role.PRACTITIONER.value,)
ANAESTHETICS = re.compile(r"caine\b|anaesthe|anesthe|numbing|\bemla\b", re.IGNORECASE)
STEEL = re.compile(r"steel", re.IGNORECASE)
METALS = re.compile(r"nickel|metal|cobalt|chrom", re.IGNORECASE)
# What the record's free text may name, and the question that should have had a yes.
ALLERGIES = (
    (ANAESTHETICS, "anaesthetic-allergy", "an anaesthetic"),
    (STEEL, "steel-allergy", "steel"),
    (METALS, "metal-allergy", "a metal"),
)


def weigh_answers(
    found: Iterable[Finding], answers: Iterable[Answer], facts: Facts
) -> list[Finding]:
    """The findings of the answers, graver where two facts meet, and what the record says more."""
    said = {answer.code: answer for answer in answers if answer.answer}
    weighed = [_graver(finding, facts) for finding in found]
    return [*weighed, *_isotretinoin_today(said, facts), *_record_says_more(said, facts)]


def _graver(finding: Finding, facts: Facts) -> Finding:
    """Keloids, the chest and skin types IV–VI together are declined."""
    treated = facts.zones or facts.area.zones
    if (
        finding.code == "screening_keloid_tendency"
        and facts.skin_type in DARKER_SKIN
        and treated & facts.area.keloid_prone
    ):
        return replace(
            finding,
            severity=Severity.BLOCK,
            message=f"{finding.message} On the chest and skin types IV–VI: do not treat.",
            overridable_by=(),
        )
    return finding


def _isotretinoin_today(said: dict[str, Answer], facts: Facts) -> Iterable[Finding]:
    """Whose last capsule was today is taking it, whatever the other answer was."""
    stopped = said.get("isotretinoin-stopped")
    if (
        stopped is None
        or stopped.last_exposure_on is None
        or stopped.last_exposure_on < facts.on
        or "isotretinoin-current" in said
        or not facts.device.lists_isotretinoin
    ):
        return
    yield Finding(
        code="screening_isotretinoin_current",
        severity=Severity.BLOCK,
        message="The last isotretinoin capsule was today: that is current use. Do not treat.",
        rule="isotretinoin: two answers contradict each other, the graver counts",
        source=stopped.source,
    )


def _record_says_more(said: dict[str, Answer], facts: Facts) -> Iterable[Finding]:
    record = facts.record
    if record.keloids and "keloid-tendency" not in said:
        yield _graver(contradiction("screening_keloid_tendency", "keloids or raised scars"), facts)
    if record.cold_sores and "hsv-history" not in said and facts.area.near_mouth:
        yield contradiction("screening_hsv_history", "cold sores (herpes)")
    for words, code, what in ALLERGIES:
        if words.search(record.allergies) and code not in said:
            yield contradiction(f"screening_{code.replace('-', '_')}", f"an allergy to {what}")


def contradiction(code: str, what: str) -> Finding:
    """Under the code of the question, so that it is decided once."""
    return Finding(
        code=code,
        severity=Severity.WARN,
        message=f"The record names {what}, the questionnaire does not: ask, and correct one.",
        rule="record and questionnaire are compared",
        source=OUR_DEFAULT,
        overridable_by=PRACTITIONER,
    )
