"""How a patient can be reached: with an address, and with the patient's consent."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from aftercare.models import CareStep
from clinic.db.prepared import Prepared
from patients.models import Channel

# (patient, purpose) → the channels that may be used
Reach = dict[tuple[UUID, str], set[str]]

# The newest word of each patient, unless the newest word on the address is no.
REACHED = """
    SELECT said.patient_id, said.purpose, said.channel
    FROM (
        SELECT DISTINCT ON (patient_id, channel, purpose) patient_id, channel, purpose, granted
        FROM patient_contact_consent
        WHERE patient_id = ANY (%(patients)s)
        ORDER BY patient_id, channel, purpose, recorded_at DESC, id DESC
    ) AS said
    JOIN patient ON patient.id = said.patient_id AND patient.archived_at IS NULL
    CROSS JOIN LATERAL (
        SELECT CASE said.channel WHEN 'EMAIL' THEN lower(patient.email) ELSE patient.mobile END
            AS address
    ) AS known
    WHERE said.granted AND address <> '' AND coalesce((
        SELECT granted FROM aftercare_address_consent AS word
        WHERE word.channel = said.channel AND word.address = known.address
            AND word.purpose = said.purpose
        ORDER BY word.id DESC LIMIT 1
    ), true)
    """
REACH = Prepared("reach", REACHED, types={"patients": "uuid[]"})


def reach_of(patients: Collection[UUID]) -> Reach:
    """The channels that each patient has an address for and has agreed to, and that nobody has
    closed at that address, in one query."""
    reach: Reach = {}
    with connection.cursor() as cursor:
        REACH.execute(cursor, {"patients": list(patients)})
        for patient_id, purpose, channel in cursor.fetchall():
            reach.setdefault((patient_id, purpose), set()).add(channel)
    return reach


def choose_channels(step: CareStep, usable: set[str]) -> list[Channel]:
    """The channels that a step uses for a patient who can be reached by the `usable` ones.

    Where one channel stands in for the other, the first that can be used; where none can, the
    preferred one: address or consent may still be given until the message is due.
    """
    if not step.has_fallback:
        return step.channels
    return [next((c for c in step.channels if c in usable), step.channels[0])]
