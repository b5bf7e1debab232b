"""Consent to be treated and to be photographed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import ClinicalRule, DeviceModel, User
from clinic.values.moments import date_in_words
from patients.models import (
    ConsentHandout,
    ConsentKind,
    ConsentText,
    Patient,
    PhotoConsent,
    TreatmentConsent,
    Zone,
)
from patients.services.records import lock_open_record


class ClauseMissing(DomainError):
    code = "clause_missing"
    title = gettext_noop("The consent is not complete")


class UnknownCode(DomainError):
    code = "unknown_code"
    title = gettext_noop("A code is unknown")


class TextOutdated(Conflict):
    code = "text_outdated"
    title = gettext_noop("There is a newer text")


class NoConsentText(DomainError):
    code = "no_consent_text"
    title = gettext_noop("There is no text to read")


class AlreadyRevoked(Conflict):
    code = "already_revoked"
    title = gettext_noop("This consent was revoked before")


@retried_transaction
def hand_out_consent(
    *, patient_id: UUID, at: datetime, by: User | None, text: ConsentText | None = None
) -> ConsentHandout:
    """Note that the patient was given a text to read; without one the treatment consent in their
    language, or else in English. By nobody, they have read it at home.

    Raises TextOutdated, NoConsentText, PatientArchived.
    """
    patient = lock_open_record(patient_id)
    if text:
        _require_current(text, text.kind, at)
    return ConsentHandout.objects.create(
        patient=patient, text=text or text_to_read(patient, at), handed_at=at, handed_by=by
    )


def text_to_read(patient: Patient, at: datetime) -> ConsentText:
    """The treatment consent in the patient's language, or else in English. Raises NoConsentText."""
    texts = ConsentText.objects.in_effect(at).filter(kind=ConsentKind.TREATMENT)
    by_language = {text.language: text for text in texts}
    for language in (patient.language, settings.LANGUAGE_CODE):
        if language in by_language:
            return by_language[language]
    raise NoConsentText(gettext("There is no text of the treatment consent yet."), field="text")


@retried_transaction
def record_treatment_consent(
    *,
    patient_id: UUID,
    text: ConsentText,
    clauses: Sequence[str],
    zones: Sequence[str],
    device_models: Sequence[str],
    signer_name: str,
    at: datetime,
    by: User | None,
    signer_relation: str = "",
    patient_assented: bool = False,
    witness: User | None = None,
    signature: str = "",
) -> TreatmentConsent:
    """Record a signature, with its strokes if it was drawn; of a minor also whether the child
    agrees. By nobody, it was at home.

    Raises TextOutdated, ClauseMissing, UnknownCode, PatientArchived.
    """
    patient = lock_open_record(patient_id)
    _require_current(text, ConsentKind.TREATMENT, at)
    known = {clause.code: clause.is_required for clause in text.clauses.all()}
    _require_known(clauses, set(known), "clauses")
    _require_known(zones, set(Zone.objects.values_list("code", flat=True)), "zones")
    models = set(DeviceModel.objects.values_list("code", flat=True))
    _require_known(device_models, models, "device_models")
    missing = [code for code, is_required in known.items() if is_required and code not in clauses]
    if missing:
        told = ", ".join(code.replace("-", " ") for code in missing)
        raise ClauseMissing(
            gettext("These must be agreed to: {told}.").format(told=told), field="clauses"
        )
    return TreatmentConsent.objects.create(
        patient=patient,
        clauses=list(clauses),
        zones=list(zones),
        device_models=list(device_models),
        patient_assented=patient_assented,
        witness=witness,
        signature=signature,
        **_signature(patient, text, signer_name, signer_relation, at, by),
    )


@retried_transaction
def record_photo_consent(
    *,
    patient_id: UUID,
    text: ConsentText,
    scope: str,
    signer_name: str,
    at: datetime,
    by: User,
    signer_relation: str = "",
) -> PhotoConsent:
    """Record a signature for one purpose. Raises TextOutdated, PatientArchived."""
    patient = lock_open_record(patient_id)
    _require_current(text, ConsentKind.PHOTO, at)
    return PhotoConsent.objects.create(
        patient=patient,
        scope=scope,
        **_signature(patient, text, signer_name, signer_relation, at, by),
    )


@retried_transaction
def revoke_consent(
    *, consent: TreatmentConsent | PhotoConsent, reason: str, at: datetime, by: User
) -> TreatmentConsent | PhotoConsent:
    """Take a consent back; it holds no more from this moment on. Raises AlreadyRevoked."""
    given: TreatmentConsent | PhotoConsent
    given = type(consent)._default_manager.select_for_update(of=("self",)).get(pk=consent.pk)
    if given.revoked_at:
        raise AlreadyRevoked(
            gettext("It was revoked on {revoked_at}.").format(
                revoked_at=date_in_words(given.revoked_at, "j M Y")
            )
        )
    given.revoked_at, given.revoke_reason = at, reason
    given.save(update_fields=["revoked_at", "revoke_reason"])
    return given


def _require_current(text: ConsentText, kind: str, at: datetime) -> None:
    current = ConsentText.objects.in_effect(at).filter(kind=kind, language=text.language)
    if text not in list(current):
        raise TextOutdated(gettext("Let the patient sign the current text."), field="text")


def _require_known(given: Sequence[str], known: set[str], field: str) -> None:
    if unknown := sorted(set(given) - known):
        raise UnknownCode(
            gettext("Unknown: {unknown}.").format(unknown=", ".join(unknown)), field=field
        )


def _signature(
    patient: Patient,
    text: ConsentText,
    signer_name: str,
    signer_relation: str,
    at: datetime,
    by: User | None,
) -> dict[str, Any]:
    days = ClinicalRule.objects.in_effect(at).get(code="consent-valid-days").value
    signed_on: date = at.astimezone(patient.clinic.zone).date()
    return {
        "text": text,
        "text_sha256": text.sha256,
        "signed_at": at,
        "signer_name": signer_name,
        "signer_relation": signer_relation,
        "recorded_by": by,
        "expires_on": signed_on + timedelta(days=int(days)),
    }
