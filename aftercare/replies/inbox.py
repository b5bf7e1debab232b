"""The staff inbox: who may have written what came in, and that somebody has looked after it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext, gettext_noop

from aftercare.models import InboundMessage
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import User
from patients.models import Channel, Patient, TaskStatus
from patients.services import finish_task


class AlreadyHandled(Conflict):
    code = "handled"
    title = gettext_noop("This was handled already")


@retried_transaction
def handle(*, inbound_id: UUID, at: datetime, by: User, note: str = "") -> InboundMessage:
    """Somebody has looked after it: its task is done too. Of what is grave, or was reported of the
    skin, `note` says what was found and done. Raises AlreadyHandled, OutcomeMissing.
    """
    inbound = (
        InboundMessage.objects.select_for_update(of=("self",))
        .select_related("task")
        .get(pk=inbound_id)
    )
    if inbound.handled_at or (inbound.task and inbound.task.status == TaskStatus.DONE):
        raise AlreadyHandled(gettext("Somebody else has looked after it."))
    if inbound.task:
        is_said = note.strip() or inbound.task.needs_outcome
        said = note if is_said else gettext("handled in the inbox")
        finish_task(task_id=inbound.task.pk, at=at, by=by, note=said)
    inbound.handled_at, inbound.handled_by, inbound.handled_note = at, by, note
    inbound.save(update_fields=["handled_at", "handled_by", "handled_note"])
    return inbound


def candidates(rows: Sequence[InboundMessage], *, user: User | AnonymousUser) -> None:
    """Set `candidates` on each row, in one query: its patient if that is certain, or else all of
    the caller's clinics who can be reached at its number."""
    numbers = {row.sender for row in rows if not row.patient_id and row.channel == Channel.SMS}
    certain = {row.patient_id for row in rows if row.patient_id}
    found = Patient.objects.visible_to(user)
    by_id: dict[object, Patient] = {}
    by_number: dict[str, list[Patient]] = defaultdict(list)
    people = found.filter(pk__in=certain) | found.filter(
        mobile__in=numbers, archived_at__isnull=True
    )
    for patient in people.order_by("family_name", "given_name", "pk"):
        by_id[patient.pk] = patient
        by_number[str(patient.mobile)].append(patient)
    for row in rows:
        known = by_id.get(row.patient_id)
        row.candidates = [known] if known else by_number.get(row.sender, [])
