"""What speaks against booking a treatment, and who may book it all the same."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from clinic.errors import Conflict, NotAllowed
from clinic.findings import Finding, Severity
from clinic.models import User
from sessions.models import SessionFinding, TreatmentSession
from sessions.safety.assessment import (
    candidacy_findings,
    carried_over,
    credential_findings,
    override_row,
    ruling_out,
    side_effect_findings,
)
from sessions.scheduling.availability import BookingFacts


class ScreeningBlocks(Conflict):
    code = "screening_blocks"
    title = gettext_noop("The last screening rules this patient out")


class OpenSideEffects(Conflict):
    code = "open_side_effect"
    title = gettext_noop("Something has not healed yet")


class NotACandidate(Conflict):
    code = "not_a_candidate"
    title = gettext_noop("A practitioner has decided against it")


class MayNotTreat(Conflict):
    code = "may_not_treat"
    title = gettext_noop("A credential is missing or has ended")


class OverrideNotAllowed(NotAllowed):
    code = "override_not_allowed"
    title = gettext_noop("Only a practitioner may override a safety rule")


@dataclass
class Weighed:
    """What a session is booked in spite of: decided now, or for the time that it had before."""

    accepted: list[Finding] = field(default_factory=list)
    carried: list[SessionFinding] = field(default_factory=list)
    reason: str = ""

    def rows(
        self, session: TreatmentSession, *, at: datetime, by: User | None
    ) -> list[SessionFinding]:
        decided = (
            override_row(session, found, reason=self.reason, at=at, by=by)
            for found in self.accepted
        )
        return [*self.carried, *decided]


def weigh(
    session: TreatmentSession,
    now: BookingFacts,
    *,
    reason: str,
    moved: TreatmentSession | None,
    at: datetime,
    by: User | None,
) -> Weighed:
    """`moved` is the session that is booked anew at another time.

    Raises MayNotTreat, OpenSideEffects, ScreeningBlocks, NotACandidate, OverrideNotAllowed.
    """
    if now.credentials_in_doubt:
        require_credentials(session)
    weighed = Weighed(reason=reason)
    if now.unhealed:
        unhealed = side_effect_findings(session, at=at)
        grave = [finding for finding in unhealed if finding.severity == Severity.BLOCK]
        weighed.accepted = accept(grave, reason=reason, by=by, otherwise=OpenSideEffects)
    if now.ruled_out and moved is None:
        found = ruling_out(session)
        weighed.accepted += accept(found, reason=reason, by=by, otherwise=ScreeningBlocks)
    if now.not_a_candidate:
        found = candidacy_findings(session)
        if moved:
            weighed.carried = carried_over(found, session, moved=moved)
        if not weighed.carried:
            weighed.accepted += accept(found, reason=reason, by=by, otherwise=NotACandidate)
    return weighed


def require_credentials(session: TreatmentSession) -> None:
    """Nobody can decide to do without. Raises MayNotTreat."""
    if found := credential_findings(session):
        raise MayNotTreat(
            " ".join(finding.message for finding in found),
            field="practitioner",
            findings=[finding.as_dict() for finding in found],
        )


def require_override_right(by: User | None) -> None:
    if by is None or not by.has_perm("treatment_sessions.override"):
        raise OverrideNotAllowed(gettext("Ask a practitioner to book this session."))


def accept(
    found: list[Finding], *, reason: str, by: User | None, otherwise: type[Conflict]
) -> list[Finding]:
    """What a practitioner books in spite of, with a reason; else it is refused."""
    if found and not reason:
        raise otherwise(
            gettext("{findings} Only a practitioner may book in spite of it.").format(
                findings=" ".join(finding.message for finding in found)
            ),
            field="plan",
            findings=[finding.as_dict() for finding in found],
        )
    if found:
        require_override_right(by)
    return found
