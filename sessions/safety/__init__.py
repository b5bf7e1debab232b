"""The safety rules of a treatment session: pure functions from facts to findings.

No database and no clock, but in `assessment`, which loads the facts. Every number comes from
versioned data (protocol, zone limit, device, label, clinical rules) and is named in the finding
together with its source. The one number in code is the hard band of 0.50-2.50 mm, which is a
constraint as well.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from sessions.safety.credentials import check_credentials
from sessions.safety.facts import Facts
from sessions.safety.patient.allergies import check_allergies
from sessions.safety.patient.candidacy import check_candidacy
from sessions.safety.patient.other_treatments import check_other_treatments
from sessions.safety.patient.readiness import (
    check_age,
    check_course,
    check_interval,
    check_pigment,
    check_screening,
    check_skin_type,
)
from sessions.safety.patient.reports import check_reports
from sessions.safety.patient.response import check_alternatives, check_response
from sessions.safety.patient.side_effects import check_history, check_side_effects
from sessions.safety.treatment.depth import DepthRange, check_zone, depth_range
from sessions.safety.treatment.doses import check_total, check_weight
from sessions.safety.treatment.label import check_label_and_consent, off_label_reasons
from sessions.safety.treatment.products import check_product

__all__ = [
    "DepthRange",
    "Facts",
    "Finding",
    "assess",
    "check_side_effects",
    "depth_range",
    "off_label_reasons",
]


def assess(facts: Facts) -> list[Finding]:
    """All findings, the gravest first, each code and subject once."""
    deepest = max((treated.depth_mm for treated in facts.treated), default=None)
    found = [
        *check_credentials(
            facts.standing, on=facts.on, device=facts.device.code, deepest_mm=deepest
        ),
        *check_candidacy(facts.candidacy, facts.on),
        *check_screening(facts),
        *check_allergies(facts),
        *check_other_treatments(facts),
        *check_age(facts),
        *check_skin_type(facts),
        *check_interval(facts),
        *check_side_effects(facts.side_effects, facts.rules),
        *check_reports(facts),
        *check_history(facts),
        *check_pigment(facts),
        *check_course(facts),
        *check_response(facts),
        *check_alternatives(facts),
        *check_label_and_consent(facts),
        *(finding for treated in facts.treated for finding in check_zone(treated, facts)),
        *(finding for use in facts.products for finding in check_product(use, facts)),
        *check_total(facts),
        *check_weight(facts),
        *check_cartridge(facts),
        *check_sharps(facts),
    ]
    return sorted(_named_once(found), key=_gravity)


def check_cartridge(facts: Facts) -> list[Finding]:
    """What was needled was needled with a cartridge that is known (clinical.md §1.8)."""
    if not facts.treated or facts.cartridges:
        return []
    return [
        Finding(
            code="cartridge_missing",
            severity=Severity.BLOCK,
            message=gettext("Scan the cartridge that was used."),
            rule=gettext("one sterile cartridge for each session"),
            source=OUR_DEFAULT,
        )
    ]


def check_sharps(facts: Facts) -> list[Finding]:
    """Where the clinic asks for it, whoever signs says where the needles are (clinical.md §1.8)."""
    if not facts.treated or not facts.sharps_due:
        return []
    return [
        Finding(
            code="sharps_not_confirmed",
            severity=Severity.BLOCK,
            message=gettext("Confirm that the cartridge and other sharps are in their container."),
            rule=gettext("disposal of sharps, which the clinic asks for"),
            source=OUR_DEFAULT,
        )
    ]


def _gravity(finding: Finding) -> int:
    return list(Severity).index(finding.severity)


def _named_once(found: Iterable[Finding]) -> Iterable[Finding]:
    """Code and subject name a finding, so what is found on both sides of a zone, or for two tubes
    of one product, is one finding and one decision."""
    named: dict[tuple[str, str], Finding] = {}
    for finding in found:
        name = finding.code, finding.subject
        named[name] = _both(named[name], finding) if name in named else finding
    return named.values()


def _both(first: Finding, second: Finding) -> Finding:
    """Keeps the figures of both, so that an override ends when either of them changes. What ends
    at different days ends at the later one, and on no known day if one of them does so."""
    said = first.message if second.message in first.message else f"{first.message} {second.message}"
    figures = [finding.numbers for finding in (first, second)]
    ends = [finding.clear_on for finding in (first, second)]
    keys = dict.fromkeys(key for numbers in figures for key in numbers)
    return replace(
        min(first, second, key=_gravity),
        message=said,
        clear_on=max((end for end in ends if end), default=None) if all(ends) else None,
        numbers={k: ", ".join(numbers[k] for numbers in figures if k in numbers) for k in keys},
    )
