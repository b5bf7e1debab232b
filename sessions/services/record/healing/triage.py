"""Triage rules take effect when a clinician has signed them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from clinic.db.constraints import refusal_of
from clinic.db.retries import retried_transaction
from clinic.models import Role, User
from sessions.models import TriageSignature, TriageVersion


@retried_transaction
def sign_triage_rules(
    *, version: TriageVersion, signer_name: str, at: datetime, by: User, note: str = ""
) -> TriageSignature:
    """A named clinician has reviewed a version, which takes effect now if its time has come.

    Raises ValidationError, which the admin shows at its field.
    """
    if by.role != Role.PRACTITIONER:
        raise ValidationError({"version": gettext("Ask a practitioner to review and sign it.")})
    signature = TriageSignature(
        version=version, signed_by=by, signer_name=signer_name, signed_at=at, note=note
    )
    signature.full_clean(validate_constraints=False)
    signed = ValidationError({"version": gettext("Somebody else has signed it already.")})
    with refusal_of("triage_version_signed_once", signed):
        signature.save(force_insert=True)
    return signature
