"""From the database to findings: loads the facts of a session and asks the safety rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from clinic.findings import Finding, Severity
from clinic.models import User
from patients.models import Scope
from patients.screening import Situation, screen
from sessions.lifecycle import SIGNED
from sessions.models import Deviation, Kind, SessionFinding, TreatmentSession, of_treatment
from sessions.safety import assess, check_side_effects
from sessions.safety.credentials import check_credentials
from sessions.safety.facts import Facts
from sessions.safety.loading.answers import newest_screening, screening_facts
from sessions.safety.loading.credentials import standing
from sessions.safety.loading.healing import gravest_side_effects, open_side_effects
from sessions.safety.loading.label import device_facts
from sessions.safety.loading.record import (
    candidacy_facts,
    load_facts,
    rules_in_effect,
)
from sessions.safety.patient.candidacy import check_candidacy
from sessions.safety.patient.readiness import birth_date_missing


@dataclass(frozen=True)
class AssessedFinding:
    """A finding, and who has decided to go on in spite of it, or told how it came about."""

    finding: Finding
    overridden_by: User | None = None
    overridden_at: datetime | None = None
    override_reason: str = ""
    signed_off_by: str = ""
    signed_off_on: date | None = None
    deviation: Deviation | None = None

    @property
    def is_open(self) -> bool:
        is_answered = self.overridden_by is not None or self.deviation is not None
        return self.finding.needs_decision and not is_answered


def assess_session(
    session: TreatmentSession, *, at: datetime, known: Facts | None = None
) -> list[AssessedFinding]:
    """What the rules say about a session now, or said when it was signed; gravest first. `known`
    are its facts where they are loaded already.

    An override, or a deviation, holds for the numbers that it was given for: a depth that is
    changed afterwards needs a new one. Takes a fixed number of queries. The rules are about
    needling: of another visit they say only that a test spot is needled too.
    """
    if session.kind != Kind.TREATMENT:
        return [AssessedFinding(finding) for finding in _of_visit(session, at)]
    stored = {(row.code, row.subject): row for row in stored_findings(session)}
    told = {
        (row.code, row.subject): row
        for row in session.deviations.exclude(code="").order_by("id")  # the last one counts
    }
    if session.status in SIGNED:
        order = list(Severity)
        rows = sorted(stored.values(), key=lambda row: order.index(Severity(row.severity)))
        return [_stored(row, _finding_of(row), told) for row in rows]
    found = assess(known or load_facts(session, at=at))
    return [
        _stored(row, finding, told)
        if (row := stored.get((finding.code, finding.subject)))
        and row.numbers == dict(finding.numbers)
        else AssessedFinding(finding, deviation=_told_of(finding, told))
        for finding in found
    ]


def _of_visit(session: TreatmentSession, at: datetime) -> list[Finding]:
    if session.kind != Kind.TEST or session.patient.date_of_birth:
        return []
    return [birth_date_missing(rules_in_effect(at)["age-of-consent"])]


Told = Mapping[tuple[str, str], Deviation]


def _told_of(finding: Finding, told: Told) -> Deviation | None:
    deviation = told.get((finding.code, finding.subject))
    same = deviation is not None and deviation.numbers == dict(finding.numbers)
    return deviation if same else None


def stored_findings(session: TreatmentSession) -> list[SessionFinding]:
    return list(session.findings.select_related("overridden_by"))


def _stored(row: SessionFinding, finding: Finding, told: Told) -> AssessedFinding:
    return AssessedFinding(
        finding,
        row.overridden_by,
        row.overridden_at,
        row.override_reason,
        row.signed_off_by,
        row.signed_off_on,
        _told_of(finding, told),
    )


def _finding_of(row: SessionFinding) -> Finding:
    return Finding(
        code=row.code,
        subject=row.subject,
        severity=Severity(row.severity),
        message=row.message,
        rule=row.rule,
        source=row.source,
        clear_on=row.clear_on,
        numbers=row.numbers,
    )


def side_effect_findings(session: TreatmentSession, *, at: datetime) -> list[Finding]:
    """What is not healed yet, for a session that is about to be booked."""
    unhealed = open_side_effects(session, gravest_side_effects(session), at)
    return check_side_effects(unhealed, rules_in_effect(at)) if unhealed else []


def candidacy_findings(session: TreatmentSession) -> list[Finding]:
    """What a practitioner has decided against needling on the day of the session."""
    return check_candidacy(candidacy_facts(session), session.starts_at_local.date())


def credential_findings(session: TreatmentSession) -> list[Finding]:
    """What the practitioner, or the premises, lack on the day of the session."""
    return check_credentials(
        standing(session),
        on=session.starts_at_local.date(),
        device=of_treatment(session.device).model.code,
    )


def carried_over(
    found: list[Finding], session: TreatmentSession, *, moved: TreatmentSession
) -> list[SessionFinding]:
    """The overrides of a session that is moved: they hold for what is found again unchanged."""
    decided = {(row.code, row.subject): row for row in stored_findings(moved) if row.overridden_by}
    kept = []
    for finding in found:
        row = decided.get((finding.code, finding.subject))
        if row and row.overridden_by and row.overridden_at and row.numbers == dict(finding.numbers):
            reason, at, by = row.override_reason, row.overridden_at, row.overridden_by
            kept.append(override_row(session, finding, reason=reason, at=at, by=by))
    return kept


def ruling_out(session: TreatmentSession) -> list[Finding]:
    """What the last screening says that rules the person out on the day of the session, wherever
    it is needled; what comes and goes is asked again before it."""
    screening = screening_facts(newest_screening(session.patient))
    if screening is None:
        return []
    situation = Situation(
        on=session.starts_at_local.date(),
        device_lists_isotretinoin=device_facts(
            of_treatment(session.device).model, session.starts_at, session.clinic.jurisdiction
        ).lists_isotretinoin,
    )
    about_the_person = [answer for answer in screening.answers if answer.scope == Scope.GLOBAL]
    return [
        finding
        for finding in screen(about_the_person, situation)
        if finding.severity == Severity.BLOCK
    ]


def override_row(
    session: TreatmentSession, finding: Finding, *, reason: str, at: datetime, by: User | None
) -> SessionFinding:
    """The row that says who goes on in spite of a finding; not saved."""
    return SessionFinding(
        session=session,
        overridden_by=by,
        overridden_at=at,
        override_reason=reason,
        **stored_values(finding),
    )


def stored_values(finding: Finding) -> dict[str, Any]:
    """A finding as SessionFinding keeps it."""
    return {
        "code": finding.code,
        "subject": finding.subject,
        "severity": finding.severity,
        "message": finding.message[:500],
        "rule": finding.rule[:120],
        "source": finding.source,
        "numbers": dict(finding.numbers),
        "clear_on": finding.clear_on,
    }
