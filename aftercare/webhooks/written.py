"""What a webhook has done to patients' data is written down with it: Note [One row for each
access], clinic.audit.record. A provider that is told 503 sends it again."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models

from aftercare.models import InboundMessage
from clinic.audit.record import Access, Actor, record
from clinic.db.retries import as_step, retried_transaction
from clinic.models.access import AccessPurpose, Action, ActorKind, Door

T = TypeVar("T")
PROVIDER = Actor(ActorKind.SYSTEM)


@retried_transaction
def written_down(
    service: Callable[..., T], *args: Any, place: str, model: type[models.Model], **details: Any
) -> T:
    """In the transaction of the service. An SMS is its sender's, as far as the number tells who
    that is; all else is the provider's. Raises NotRecorded: then nothing was done."""
    done = as_step(service)(*args, **details)
    rows: list[Any] = done if isinstance(done, list) else [done] if done is not None else []
    access = Access(
        actor=_who(rows[0]) if rows else PROVIDER,
        door=Door.WEBHOOK,
        place=place,
        action=Action.WRITE,
        object_model=model._meta.label,
        object_id=rows[0].pk if rows else None,
        count=len(rows),
    )
    access.subjects.add(rows)
    record(access)
    return done


def _who(row: models.Model) -> Actor:
    if not isinstance(row, InboundMessage):
        return PROVIDER
    if row.patient is None:
        return Actor(ActorKind.NOBODY)
    return Actor(
        ActorKind.PATIENT,
        id=row.patient.pk,
        clinic_ids=(row.patient.clinic_id,),
        purpose=AccessPurpose.PATIENT_REQUEST,
    )
