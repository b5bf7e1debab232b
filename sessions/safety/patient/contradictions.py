"""What the answers mean together: with each other, with the record, and where it is treated.

Unknown is not a no, and a no that the record contradicts is no answer. Source: clinical.md §1.3.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from patients.screening import DARKER_SKIN, Answer
from sessions.safety.facts import Facts

PRACTITIONER = (Role.PRACTITIONER.value,)


def weigh_answers(
    found: Iterable[Finding], answers: Iterable[Answer], facts: Facts
) -> list[Finding]:
    """The findings of the answers, graver where two facts meet, and what the record says more."""
    asked = {answer.code: answer for answer in answers}
    said = {code: answer for code, answer in asked.items() if answer.answer}
    denied = {code: answer for code, answer in asked.items() if not answer.answer}
    weighed = [_graver(finding, facts) for finding in found]
    return [*weighed, *_isotretinoin_today(said, facts), *_record_says_more(said, denied, facts)]


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
            message=gettext("{finding} On the chest and skin types IV–VI: do not treat.").format(
                finding=finding.message
            ),
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
        message=gettext(
            "The last isotretinoin capsule was today: that is current use. Do not treat."
        ),
        rule=gettext("isotretinoin: two answers contradict each other, the graver counts"),
        source=stopped.source,
    )


def _record_says_more(
    said: dict[str, Answer], denied: dict[str, Answer], facts: Facts
) -> Iterable[Finding]:
    record = facts.record
    for is_recorded, code, what in (
        (record.keloids, "keloid-tendency", gettext("keloids or raised scars")),
        (
            record.cold_sores and facts.area.near_mouth,
            "hsv-history",
            gettext("cold sores (herpes)"),
        ),
    ):
        if is_recorded and code not in said:
            yield _graver(contradiction(code, what, denied.get(code)), facts)


def contradiction(question: str, what: str, denied: Answer | None = None) -> Finding:
    """Under the code of the question, so that it is decided once; as grave as a yes to it, where it
    was asked."""
    return Finding(
        code=f"screening_{question.replace('-', '_')}",
        severity=denied.severity if denied else Severity.WARN,
        message=gettext(
            "The record names {what}, the questionnaire does not: ask, and correct one."
        ).format(what=what),
        rule=gettext("record and questionnaire are compared"),
        source=denied.source if denied else OUR_DEFAULT,
        overridable_by=denied.overridable_by if denied else PRACTITIONER,
        sign_off=denied.sign_off if denied else "",
    )
