"""A message as it is behind its locks, in one round trip.

Locks, row and what is read of it are three statements, so each sees what was committed before it
began: what a statement reads is older than the locks that it waits for. They travel together, and
PostgreSQL plans the long one once (clinic.prepared).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, models

from aftercare.address import lock_name, normal
from aftercare.models import AddressConsent, CareStep, Message
from aftercare.models.message import Words
from clinic.locks import statement
from clinic.models import Clinic
from clinic.prepared import Prepared, together
from clinic.rows import columns, take
from patients.models import Channel, Patient
from patients.services.contact import lock_name as consent_lock_name
from sessions.models import TreatmentSession

M = TypeVar("M", bound=models.Model)


# What re-check and rendering look at. Anything else is read when it is asked for.
OF_PATIENT = (
    *("id", "clinic_id", "given_name", "email", "mobile", "language", "time_zone"),
    *("skin_type", "archived_at"),
)
OF_SESSION = ("id", "plan_id", "patient_id", "status", "starts_at")
ROW = Prepared(
    "message_row",
    """
    SELECT id FROM aftercare_message
    WHERE id = %(id)s AND status = 'SENDING' AND worker = %(worker)s FOR UPDATE
    """,
    types={"id": "uuid", "worker": "text"},
)


def _version(table: str) -> str:
    return f"{table}.xmin::text || {table}.ctid::text"


# Each update of a row gives it another place, and another xmin unless one transaction makes
# several: together they name a version.
READ = Prepared(
    "message_read",
    f"""
    SELECT {columns("message", Message)}, {columns("patient", Patient, *OF_PATIENT)},
        {columns("session", TreatmentSession, *OF_SESSION)},
        {_version("clinic")}, {_version("step")},
        (SELECT granted FROM patient_contact_consent AS said
         WHERE said.patient_id = message.patient_id AND said.channel = message.channel
             AND said.purpose = step.purpose
         ORDER BY said.recorded_at DESC, said.id DESC LIMIT 1),
        word.source, word.recorded_at
    FROM aftercare_message AS message
    JOIN patient ON patient.id = message.patient_id
    JOIN treatment_session AS session ON session.id = message.session_id
    JOIN clinic ON clinic.id = message.clinic_id
    JOIN aftercare_step AS step ON step.id = message.step_id
    LEFT JOIN LATERAL (
        SELECT granted, source, recorded_at FROM aftercare_address_consent AS said
        WHERE said.channel = message.channel AND said.address = %(address)s
            AND said.purpose = step.purpose
        ORDER BY said.id DESC LIMIT 1
    ) AS word ON NOT word.granted
    WHERE message.id = %(id)s
    """,  # noqa: S608  names of columns
    types={"id": "uuid", "address": "text"},
)


class Place(NamedTuple):
    """Where a message goes, and to whom: what a call holds shared."""

    channel: str
    address: str
    patient_id: UUID

    @property
    def locks(self) -> tuple[str, str]:
        return lock_name(self.channel, self.address), consent_lock_name(self.patient_id)


def places(ids: list[UUID]) -> dict[UUID, Place]:
    """Where these messages go, as the patients' records say now."""
    rows = Message.objects.filter(pk__in=ids).values_list(
        "pk", "channel", "patient_id", "patient__email", "patient__mobile"
    )
    return {
        pk: Place(
            channel, normal(channel, email if channel == Channel.EMAIL else mobile), patient_id
        )
        for pk, channel, patient_id, email, mobile in rows
    }


class Reader:
    """Reads messages behind their locks. Clinics and steps, which many messages share, it reads
    once for each version of the row."""

    def __init__(self) -> None:
        self._shared: dict[UUID, tuple[str, models.Model]] = {}

    def locked(self, message_id: UUID, *, worker: str, place: Place | None) -> Message | None:
        """The message behind the locks of its place and its row, in this order: those who
        withdraw take them so (Note [Lock order]). None if it is no longer this worker's."""
        place = place or places([message_id])[message_id]
        row, found = self._take(message_id, worker=worker, place=place)
        if not row:
            return None
        message = self._message(found)
        address = normal(message.channel, message.address)
        if address != place.address:  # the patient has another one since the claim
            return self._elsewhere(message_id, place._replace(address=address))
        return message

    def _take(self, message_id: UUID, *, worker: str, place: Place) -> tuple[list[Any], list[Any]]:
        with connection.cursor() as cursor:
            *_, row, found = together(
                cursor,
                statement(shared=place.locks),
                ROW.taught(cursor, {"id": message_id, "worker": worker}),
                READ.taught(cursor, {"id": message_id, "address": place.address}),
            )
        return row, found[0]

    def _elsewhere(self, message_id: UUID, place: Place) -> Message:
        with connection.cursor() as cursor:
            *_, found = together(
                cursor,
                statement(shared=place.locks),
                READ.taught(cursor, {"id": message_id, "address": place.address}),
            )
        return self._message(found[0])

    def _message(self, found: Iterable[Any]) -> Message:
        values = list(found)
        message, patient = take(Message, values), take(Patient, values, *OF_PATIENT)
        session = take(TreatmentSession, values, *OF_SESSION)
        assert message
        assert patient
        assert session
        clinic, step, has_agreed, source, recorded_at = values
        message.clinic = self._version(Clinic, message.clinic_id, clinic)
        message.step = self._version(CareStep, message.step_id, step)
        if patient.clinic_id == message.clinic_id:
            patient.clinic = message.clinic
        message.patient = session.patient = patient
        message.session = session
        no = source and AddressConsent(source=source, recorded_at=recorded_at)
        message.words = Words(bool(has_agreed), no.why if no else "")
        return message

    def _version(self, model: type[M], pk: UUID, version: str) -> M:
        known = self._shared.get(pk)
        if known is None or known[0] != version:
            known = self._shared[pk] = version, model._default_manager.get(pk=pk)
        row = known[1]
        assert isinstance(row, model)
        return row
