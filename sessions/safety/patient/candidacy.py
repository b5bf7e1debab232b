"""What a practitioner has decided on the person (clinical.md §1.3)."""

from datetime import date

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from sessions.models import CandidacyOutcome
from sessions.safety.facts import Candidacy


def check_candidacy(decided: Candidacy | None, on: date) -> list[Finding]:
    """Declined, or not now and still so on the day: only a practitioner goes on. Why is in the
    record; the desk reads this too."""
    if decided is None or decided.outcome == CandidacyOutcome.CANDIDATE:
        return []
    if decided.until and on >= decided.until:
        return []
    what = f"not before {decided.until:%-d %b %Y}" if decided.until else "not to be needled"
    return [
        Finding(
            code="not_a_candidate",
            severity=Severity.BLOCK,
            message=f"A practitioner decided on {decided.at:%-d %b %Y}: {what}.",
            rule="candidacy",
            source=OUR_DEFAULT,
            clear_on=decided.until,
            overridable_by=(Role.PRACTITIONER.value,),
            numbers={"decided_at_unix_seconds": str(int(decided.at.timestamp()))},
        )
    ]
