"""Triage rules take effect when a clinician has signed them."""

from datetime import datetime

from django.db import IntegrityError, transaction

from clinic.db.constraints import constraint_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import Role, User
from sessions.models import TriageSignature, TriageVersion


class SignedAlready(Conflict):
    code = "signed_already"
    title = "This version is signed already"


class NotAClinician(DomainError):
    code = "not_a_clinician"
    title = "Only a clinician signs triage rules"


@retried_transaction
def sign_triage_rules(
    *, version: TriageVersion, signer_name: str, at: datetime, by: User, note: str = ""
) -> TriageSignature:
    """A named clinician has reviewed a version, which takes effect now if its time has come.

    Raises SignedAlready, NotAClinician.
    """
    if by.role != Role.PRACTITIONER:
        raise NotAClinician("Ask a practitioner to review and sign it.", field="version")
    signature = TriageSignature(
        version=version, signed_by=by, signer_name=signer_name, signed_at=at, note=note
    )
    signature.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            signature.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "triage_version_signed_once":
            raise
        raise SignedAlready("Somebody else has signed it.", field="version") from error
    return signature
