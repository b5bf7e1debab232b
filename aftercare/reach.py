"""How a patient can be reached: with an address, and with the patient's consent."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Case, CharField, OuterRef, Subquery, When
from django.db.models.functions import Cast, Lower

from aftercare.models import AddressConsent, CareStep
from patients.models import Channel, ContactConsent

# (patient, purpose) → the channels that may be used
Reach = dict[tuple[UUID, str], set[str]]


def reach_of(patients: Collection[UUID]) -> Reach:
    """The channels that each patient has an address for and has agreed to, and that nobody has
    closed at that address, in one query."""
    address = Case(
        When(channel=Channel.EMAIL, then=Lower("patient__email")),
        default=Cast("patient__mobile", CharField()),
        output_field=CharField(),
    )
    said = AddressConsent.objects.filter(
        channel=OuterRef("channel"), purpose=OuterRef("purpose"), address=OuterRef("address")
    )
    words = (
        ContactConsent.objects.current()
        .filter(patient__in=patients, patient__archived_at__isnull=True)
        .annotate(address=address)
        .annotate(is_open=Subquery(said.order_by("-id").values("granted")[:1]))
    )
    reach: Reach = {}
    for patient_id, purpose, channel, granted, address, is_open in words.values_list(
        *("patient_id", "purpose", "channel", "granted", "address", "is_open")
    ):
        if granted and address and is_open is not False:
            reach.setdefault((patient_id, purpose), set()).add(channel)
    return reach


def chosen(step: CareStep, usable: set[str]) -> list[Channel]:
    """The channels that a step uses for a patient who can be reached by the `usable` ones.

    Where one channel stands in for the other, the first that can be used; where none can, the
    preferred one: address or consent may still be given until the message is due.
    """
    if not step.has_fallback:
        return step.channels
    return [next((c for c in step.channels if c in usable), step.channels[0])]
