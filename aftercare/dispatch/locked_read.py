"""A message as it is behind its locks, in one round trip.

Locks, row and what is read of it are three statements, so each sees what was committed before it
began: what a statement reads is older than the locks that it waits for. They travel together, and
PostgreSQL plans them once (clinic.db.prepared).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from aftercare.models import AddressConsent, CareStep, Message
from aftercare.models.message import Permission
from aftercare.replies.address import lock_name, normalize_address
from clinic.db.locks import statement
from clinic.db.prepared import Prepared, Statement, together
from clinic.db.rows import columns, pop_row
from clinic.db.versions import OWN, state_of, with_state
from clinic.models import Clinic
from patients.models import Channel, Patient
from patients.models.task import GRAVE
from patients.services.contact import lock_name as consent_lock_name
from sessions.models import SEVERE, TreatmentSession

M = TypeVar("M", bound=models.Model)


# What re-check and rendering look at. Anything else is read when it is asked for.
READ_COLUMNS: dict[type[models.Model], tuple[str, ...]] = {
    Message: (
        *("id", "clinic_id", "patient_id", "session_id", "step_id", "channel", "status"),
        *("answer_id", "recall_notice_id", "due_at", "expires_at", "attempts", "worker"),
    ),
    Clinic: (),  # all
    CareStep: (),
    # and "mobile", which takes long to parse, if there is an SMS
    Patient: (
        *("id", "clinic_id", "given_name", "family_name", "email", "language", "time_zone"),
        *("skin_type", "cold_sore_history", "archived_at"),
    ),
    TreatmentSession: (
        *("id", "kind", "plan_id", "patient_id", "area_id", "status", "starts_at"),
        *("rescheduled_from_id", "sitting_id"),
    ),
}
# What FOR UPDATE returns is as new as its lock.
LOCK_ROW = f"""
    SELECT {columns("message", Message, *READ_COLUMNS[Message])} FROM aftercare_message AS message
    WHERE id = %(id)s AND status = 'SENDING' AND worker = %(worker)s FOR UPDATE
"""  # noqa: S608  names of columns
ROW = Prepared("message_row", LOCK_ROW, types={"id": "uuid", "worker": "text"})
READ = Prepared(
    "message_read",
    f"""
    SELECT {", ".join(state_of(name) for name in ("clinic", "step", "patient", "session"))},
        (SELECT granted FROM patient_contact_consent AS said
         WHERE said.patient_id = message.patient_id AND said.channel = message.channel
             AND said.purpose = step.purpose
         ORDER BY said.recorded_at DESC, said.id DESC LIMIT 1),
        word.source, word.recorded_at,
        EXISTS (SELECT FROM staff_task AS task
         WHERE task.patient_id = message.patient_id AND task.status = 'OPEN'
             AND task.severity IN ({", ".join(f"'{severity}'" for severity in GRAVE)}))
        OR EXISTS (SELECT FROM treatment_side_effect AS effect
         JOIN treatment_session AS led_to_it ON led_to_it.id = effect.session_id
         WHERE led_to_it.patient_id = message.patient_id AND effect.resolved_at IS NULL
             AND effect.grade >= {SEVERE})
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


class Destination(NamedTuple):
    """Where a message goes, and to whom: what a call holds shared."""

    channel: str
    typed: str  # as the patient's record has it
    address: str  # in its one spelling
    patient_id: UUID

    @property
    def locks(self) -> tuple[str, str]:
        return lock_name(self.channel, self.address), consent_lock_name(self.patient_id)


class LockedMessageReader:
    """Reads a worker's messages behind their locks. What belongs to them, and mostly to others
    too, it reads once for each version of the row."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._destinations: dict[UUID, Destination] = {}
        self._cache: dict[UUID, tuple[str, models.Model]] = {}

    def prefetch(self, ids: Iterable[UUID]) -> None:
        """Look up together what these are about, and where they go as the records say now."""
        rows = list(
            Message.objects.filter(pk__in=ids).values_list(
                "pk", "channel", "patient_id", "session_id"
            )
        )
        self._read(TreatmentSession, {session_id for *_, session_id in rows})
        by_sms = {patient_id for _, channel, patient_id, _ in rows if channel == Channel.SMS}
        self._read(Patient, {patient_id for *_, patient_id, _ in rows} - by_sms)
        self._read(Patient, by_sms, "mobile")
        for pk, channel, patient_id, _ in rows:
            patient: Any = self._cache[patient_id][1]
            self._destinations[pk] = _destination_of(channel, patient)

    def read_locked(self, message_id: UUID) -> Message | None:
        """The message behind the locks of its place and its row. None if it is no longer this
        worker's."""
        *_, row, found = together(*self.statements(message_id))
        return self.message(row, found)

    def statements(self, message_id: UUID) -> list[Statement]:
        """Take the locks of its place, then its row, in this order: those who withdraw take them
        so (Note [Lock order]); then read. The last two give what `message` needs."""
        destination = self.destination(message_id)
        return [
            statement(shared=destination.locks),
            ROW.taught({"id": message_id, "worker": self._worker}),
            READ.taught({"id": message_id, "address": destination.address}),
        ]

    def message(self, row: list[Any], found: list[Any]) -> Message | None:
        """What the statements have found."""
        message = pop_row(Message, list(row[0]), *READ_COLUMNS[Message]) if row else None
        if message is None:
            return None
        self._complete(message, found)
        destination = self._destinations[message.pk]
        if message.address != destination.typed:  # the patient has another one since the claim
            self._lock_and_read(message, _destination_of(message.channel, message.patient))
        return message

    def destination(self, message_id: UUID) -> Destination:
        """Where it goes, as the record said when it was looked up."""
        if message_id not in self._destinations:
            self.prefetch([message_id])
        return self._destinations[message_id]

    def _lock_and_read(self, message: Message, destination: Destination) -> None:
        *_, found = together(
            statement(shared=destination.locks),
            READ.taught({"id": message.pk, "address": destination.address}),
        )
        self._complete(message, found)

    def _complete(self, message: Message, found: list[Any]) -> None:
        ((clinic, step, patient, session, has_agreed, source, recorded_at, is_grave),) = found
        message.clinic = self._current(Clinic, message.clinic_id, clinic)
        message.step = self._current(CareStep, message.step_id, step)
        message.patient = self._current(Patient, message.patient_id, patient)
        message.session = self._current(TreatmentSession, message.session_id, session)
        message.session.patient = message.patient
        if message.patient.clinic_id == message.clinic_id:
            message.patient.clinic = message.clinic
        no = source and AddressConsent(source=source, recorded_at=recorded_at)
        message.permission = Permission(bool(has_agreed), no.why if no else "", is_grave)

    def _current(self, model: type[M], pk: UUID, version: str) -> M:
        if pk not in self._cache or self._cache[pk][0] != version:
            self._read(model, {pk})
        row = self._cache[pk][1]
        assert isinstance(row, model)
        row._state.fields_cache.clear()  # what it leads to may have another version
        return row

    def _read(self, model: type[models.Model], pks: set[UUID], *extra: str) -> None:
        if not pks:
            return
        rows = model._default_manager.filter(pk__in=pks).only(*READ_COLUMNS[model], *extra)
        self._cache |= {row.pk: (getattr(row, OWN), row) for row in with_state(rows)}


def _destination_of(channel: str, patient: Patient) -> Destination:
    typed = patient.email if channel == Channel.EMAIL else str(patient.mobile or "")
    return Destination(channel, typed, normalize_address(channel, typed), patient.pk)
