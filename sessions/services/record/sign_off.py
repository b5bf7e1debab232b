"""Who may go on in spite of a finding: by role and, where the rule asks for it, by credential."""

from datetime import date

from django.utils.translation import gettext, gettext_noop

from clinic.errors import DomainError, NotAllowed
from clinic.findings import Finding
from clinic.models import CredentialKind, Role, User
from sessions.safety.credentials import held_on
from sessions.safety.loading.credentials import credential_facts


class OverrideNotAllowed(NotAllowed):
    code = "override_not_allowed"
    title = gettext_noop("This role may not override the rule")


class SignOffMissing(DomainError):
    code = "sign_off_missing"
    title = gettext_noop("Somebody else must sign off")


class SignOffAhead(DomainError):
    code = "sign_off_ahead"
    title = gettext_noop("This day is still to come")


def require_may_override(
    finding: Finding, *, by: User, on: date, named: str, named_on: date | None
) -> None:
    """`named` has signed off on the day `named_on`.

    Raises OverrideNotAllowed, SignOffMissing, SignOffAhead.
    """
    if by.role not in finding.overridable_by:
        allowed = ", ".join(str(Role(role).label) for role in finding.overridable_by) or gettext(
            "nobody"
        )
        raise OverrideNotAllowed(
            gettext("{message} It may be overridden by: {allowed}.").format(
                message=finding.message, allowed=allowed or gettext("nobody")
            )
        )
    if bool(named) != (named_on is not None):
        field = "signed_off_on" if named else "signed_off_by"
        raise SignOffMissing(
            gettext("Give both the name and the day of who has signed off."), field=field
        )
    if named_on and named_on > on:
        raise SignOffAhead(
            gettext("The day of the sign-off cannot be in the future."), field="signed_off_on"
        )
    held = held_on(map(credential_facts, by.credentials.select_related("device_model")), on)
    if not finding.may_be_overridden(by.role, credentials=held, is_signed_off=bool(named)):
        who = CredentialKind(finding.sign_off).label.lower()
        raise SignOffMissing(
            gettext("{message} Name the {who} who has signed off, and the day.").format(
                message=finding.message, who=who
            ),
            field="signed_off_by",
        )
