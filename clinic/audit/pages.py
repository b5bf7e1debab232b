"""Every page of a patient is written down: Note [One row for each access], clinic.audit.record.

Whoever holds the link is taken for the patient, by which message it was. An address that is no link
shows nothing and is not written down, or anybody could fill the table.
"""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse

from clinic.audit.actors import connection_of
from clinic.audit.record import Access, Actor, record
from clinic.models.access import AccessPurpose, Action, ActorKind, Door, Outcome

ZIP = "application/zip"
BY_TYPE = {"image/jpeg": Action.PHOTO, "application/pdf": Action.PRINT, ZIP: Action.EXPORT}


def record_page(
    request: HttpRequest, answer: HttpResponse, *, patient: Any, link: models.Model
) -> None:
    """`link` is the row whose address it is. Raises NotRecorded: the page must not be shown."""
    match = request.resolver_match
    is_write = request.method == "POST"
    done = answer.status_code < 400
    access = Access(
        actor=Actor(
            ActorKind.PATIENT,
            id=patient.pk,
            clinic_ids=(patient.clinic_id,),
            session=link.pk.hex,
            purpose=AccessPurpose.PATIENT_REQUEST,
            **connection_of(request),
        ),
        door=Door.PAGE,
        place=match.view_name if match else "",
        action=_read(answer) if not is_write or _kind(answer) == ZIP else Action.WRITE,
        outcome=Outcome.DONE if done else Outcome.REFUSED,
        status=answer.status_code,
        object_model=link._meta.label,
        object_id=link.pk,
        count=1 if done else 0,
        fields=sorted(set(request.POST) - {"form"}) if is_write else [],
    )
    access.subjects.add([patient])
    record(access)


def _read(answer: HttpResponse) -> Action:
    return BY_TYPE.get(_kind(answer), Action.READ)


def _kind(answer: HttpResponse) -> str:
    return str(answer.get("Content-Type", "")).partition(";")[0]
