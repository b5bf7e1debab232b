"""What a patient has reported after an earlier session, as long as nobody has reviewed it.

Source: clinical.md §1.5, “Triage”.
"""

from django.utils.translation import gettext, gettext_noop

from clinic.findings import OUR_DEFAULT, Finding, Severity
from clinic.models import Role
from sessions.safety.facts import Facts
from sessions.triage import Level, gravest

RULE = gettext_noop("what a patient reports is reviewed before the next session")


def check_reports(facts: Facts) -> list[Finding]:
    """A red flag stops the session until its task is closed; what is amber needs a reason."""
    level = gravest(*facts.unreviewed)
    if level == Level.GREEN:
        return []
    is_red = level != Level.AMBER
    message = gettext("The patient has reported what is {level}, and its task is open.").format(
        level=level.label.lower()
    )
    if is_red:
        message += " " + gettext("Review it and close the task with its outcome.")
    return [
        Finding(
            code="unreviewed_report",
            severity=Severity.BLOCK if is_red else Severity.WARN,
            message=message,
            rule=gettext(RULE),
            source=OUR_DEFAULT,
            overridable_by=() if is_red else (Role.PRACTITIONER.value,),
        )
    ]
