"""Who treats, and whether they may, from the rows of the database."""

from clinic.models import Credential, Proof
from sessions.models import Candidacy, TreatmentSession
from sessions.safety import facts


def standing(session: TreatmentSession) -> facts.Standing:
    documents = Credential.objects.for_treatment(
        practitioner_id=session.practitioner_id, clinic_id=session.clinic_id
    ).select_related("device_model")
    asked = frozenset(session.clinic.asks_for)
    examined = _examined(session) if Proof.EXAMINATION in asked else None
    return facts.Standing(
        credentials=tuple(map(credential_facts, documents)),
        asked=asked,
        examined_on=examined.decided_at.astimezone(session.clinic.zone).date()
        if examined
        else None,
    )


def credential_facts(document: Credential) -> facts.Credential:
    return facts.Credential(
        kind=document.kind,
        name=str(document),
        valid_from=document.valid_from,
        expires_on=document.expires_on,
        device=document.device_model.code if document.device_model else "",
        depth_max_mm=document.depth_max_mm,
    )


def _examined(session: TreatmentSession) -> Candidacy | None:
    """The last decision of somebody who was a prescriber on that day."""
    decided = Candidacy.objects.examinations().filter(patient=session.patient_id)
    return decided.order_by("-decided_at", "-id").first()
