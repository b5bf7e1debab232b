"""What a practitioner has decided on the person (clinical.md §1.3)."""

from datetime import date

from django.utils.translation import gettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from clinic.values.moments import date_in_words
from sessions.models import CandidacyOutcome
from sessions.safety.facts import Candidacy


def check_candidacy(decided: Candidacy | None, on: date) -> list[Finding]:
    """Declined, or not now and still so on the day: only a practitioner goes on. Why is in the
    record; the desk reads this too."""
    if decided is None or decided.outcome == CandidacyOutcome.CANDIDATE:
        return []
    if decided.until and on >= decided.until:
        return []
    day = date_in_words(decided.at, "j M Y")
    if decided.until:
        message = gettext("A practitioner decided on {day}: not before {until}.").format(
            day=day, until=date_in_words(decided.until, "j M Y")
        )
    else:
        message = gettext("A practitioner decided on {day}: not to be needled.").format(day=day)
    return [
        Finding(
            code="not_a_candidate",
            severity=Severity.BLOCK,
            message=message,
            rule=gettext("candidacy"),
            source=OUR_DEFAULT,
            clear_on=decided.until,
            overridable_by=(Role.PRACTITIONER.value,),
            numbers={"decided_at_unix_seconds": str(int(decided.at.timestamp()))},
        )
    ]
