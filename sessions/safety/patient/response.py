"""Whether the treatment helps: after how many sessions somebody asks, and of what else was spoken.

Sources: stop rule clinical.md §1.2; what responds poorly §1.1.
"""

from django.utils.translation import gettext

from clinic.findings import OUR_DEFAULT, Finding, Severity
from sessions.safety.facts import Facts


def check_response(facts: Facts) -> list[Finding]:
    """The stop rule of the protocol: a prompt to whoever treats, which blocks nothing."""
    limit, response = facts.stop_after, facts.response
    if limit is None or response is None or response.is_better:
        return []
    done = facts.sessions_before
    if response.is_measured:
        code = "no_response"
        message = gettext(
            "No response after {sessions} sessions: talk with the patient about stopping, or about "
            "another treatment."
        ).format(sessions=done)
    else:
        code = "response_not_measured"
        message = gettext(
            "{sessions} sessions, and no response is measured: measure it before going on."
        ).format(sessions=done)
    return [
        Finding(
            code=code,
            severity=Severity.INFO,
            message=message,
            rule=limit.rule,
            source=limit.source,
            numbers={"sessions": str(done), "stop_after": str(limit)},
        )
    ]


def check_alternatives(facts: Facts) -> list[Finding]:
    """Of what responds poorly, somebody has said what could be done beside or instead
    (clinical.md §1.1)."""
    if not facts.responds_poorly or facts.alternatives_told:
        return []
    return [
        Finding(
            code="alternatives_not_discussed",
            severity=Severity.INFO,
            message=gettext(
                "Needling alone does little for: {concerns}. Record with the"
                " candidacy which adjunct or alternative was discussed."
            ).format(concerns=facts.responds_poorly),
            rule=gettext("concerns that respond poorly"),
            source=OUR_DEFAULT,
        )
    ]
