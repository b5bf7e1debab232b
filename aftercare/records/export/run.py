"""An export from the press to the file that is gone again.

Note [A file in parts]
    A part is made, kept in the storage and counted in one transaction behind the lock of its row,
    so that people see how far it is, a worker that is killed has lost one part, and of two workers
    one passes on. The first part is the rows; it says which others there are. The last one packs
    them, with the photographs from where they are, and takes the parts away.
    A part that fails, or kills its worker, is tried five times; then the export has failed and
    says so.
"""

import json
import logging
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder

from aftercare.records.export import consents, texts
from aftercare.records.export.schema import schema
from aftercare.records.export.tables import (
    exported_models,
    left_out,
    rows_of,
    same_person,
    told,
)
from clinic.audit.record import Access, Actor, record
from clinic.db.retries import retried_transaction
from clinic.errors import DomainError
from clinic.models import Action, ActorKind, Door, User
from patients.models import Patient, PatientExport, PhotoConsent, TreatmentConsent
from patients.services.records import lock_patient, require_open
from sessions.models import Photo

AT_ONCE = 20  # parts, before a worker looks after others
MOST_TRIES = 5
MOST_A_MONTH = 3  # that a patient asks for
ROWS, ACCESSES, FILE = "rows", "accesses", "file"
log = logging.getLogger(__name__)


class AskedTooOften(DomainError):
    status = 429
    code = "asked_too_often"
    title = "Asked for too often"


@retried_transaction
def start_export(*, patient_id: UUID, after: UUID | None, at: datetime, by: User) -> PatientExport:
    """Have a file made. `after` is the newest export that the caller knew of: whoever presses
    twice gets the one that the first press has started. Raises PatientArchived of a record that was
    merged into another one; any other may be archived."""
    patient = lock_patient(patient_id)
    if patient.merged_into_id:
        require_open(patient)
    newest = patient.exports.order_by("-pk").first()
    if newest and (newest.is_going_on or newest.pk != after):
        return newest
    return PatientExport.objects.create(patient=patient, asked_at=at, asked_by=by)


@retried_transaction
def ask_for_export(*, patient_id: UUID, at: datetime) -> PatientExport:
    """By the patient, who gets the one that is there or is being made, whoever has asked for it.
    Raises AskedTooOften, PatientArchived."""
    patient = lock_patient(patient_id)
    require_open(patient)
    newest = patient.exports.order_by("-pk").first()
    if newest and (newest.is_going_on or newest.is_there(at)):
        return newest
    own = patient.exports.filter(asked_by=None, asked_at__gt=at - timedelta(days=30))
    if own.count() >= MOST_A_MONTH:
        raise AskedTooOften("Three of these files were made in the last thirty days.")
    return PatientExport.objects.create(patient=patient, asked_at=at, asked_by=None)


@retried_transaction
def note_fetch(*, export_id: UUID, at: datetime) -> None:
    """The patient has pressed to save it."""
    PatientExport.objects.filter(pk=export_id).update(fetched_at=at)


def go_on_with_exports(*, at: datetime) -> bool:
    """Make the next parts of each export; whether there are more."""
    open_ones = PatientExport.objects.filter(ready_at=None, failed_at=None).order_by("pk")
    more = [_go_on(pk, at=at) for pk in list(open_ones.values_list("pk", flat=True))]
    return any(more)


def _go_on(export_id: UUID, *, at: datetime) -> bool:
    for _ in range(AT_ONCE):
        if not _count_try(export_id=export_id, at=at):
            return False
        try:
            if not _next_part(export_id=export_id, at=at):
                return False
        except Exception as error:  # whatever it is, it is tried again, and others have their turn
            # Only what kind: the words of it may hold what stands in a record.
            log.error("a part of export %s failed: %s", export_id, type(error).__name__)
            return False
    return True


@retried_transaction
def _count_try(*, export_id: UUID, at: datetime) -> bool:
    """Before a part is made, so that one that kills its worker counts too. False if nothing is to
    be done, or another worker is on it."""
    export = _locked(export_id)
    if export is None:
        return False
    if export.tries >= MOST_TRIES:
        export.failed_at = at
        export.save(update_fields=["failed_at"])
        return False
    export.tries += 1
    export.save(update_fields=["tries"])
    return True


@retried_transaction
def _next_part(*, export_id: UUID, at: datetime) -> bool:
    """False if it was the last one, or another worker has made it."""
    export = _locked(export_id)
    if export is None:
        return False
    part = export.parts[export.done] if export.parts else ROWS
    if part == ROWS:
        _keep_rows(export, at=at)
        export.parts = [ROWS, ACCESSES, *_consents_of(export.patient), FILE]
    elif part == FILE:
        export.size = _pack(export)
        export.ready_at, export.expires_at = at, at + timedelta(days=settings.EXPORT_DAYS)
    elif part == ACCESSES:
        _keep(export, "accesses.csv", texts.accesses_csv(export.patient).encode())
    else:
        _keep(export, *consents.consent_file(*part.split(":")))
    export.done, export.tries = export.done + 1, 0
    export.save()
    return part != FILE


def _locked(export_id: UUID) -> PatientExport | None:
    rows = PatientExport.objects.select_for_update(of=("self",), skip_locked=True)
    related = rows.select_related("patient__clinic")
    return related.filter(pk=export_id, ready_at=None, failed_at=None).first()


def _keep_rows(export: PatientExport, *, at: datetime) -> None:
    patient = export.patient
    _write_down(export)
    messages = list(texts.messages_of(patient))
    content = _content(patient, messages, at=at)
    words = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    _keep(export, "record.json", words.encode())
    _keep(export, "record.schema.json", json.dumps(schema(), indent=1).encode())
    _keep(export, "messages.txt", texts.messages_text(messages, patient).encode())
    _keep(export, "READ-ME.txt", texts.read_me(patient, at=at).encode())


def _content(patient: Patient, messages: list[dict[str, Any]], *, at: datetime) -> dict[str, Any]:
    clinic, ids = patient.clinic, same_person(patient)
    return {
        "made_at": at.isoformat(),
        "patient": patient.pk,
        "clinic": {name: str(getattr(clinic, name)) for name in CLINIC},
        "tables": {
            model._meta.label: list(told(rows_of(model, patient, ids), ids))
            for model in exported_models()
        },
        "messages": messages,
        "left_out": left_out(),
    }


CLINIC = ("name", "address", "phone", "email")


def _write_down(export: PatientExport) -> None:
    """Raises NotRecorded: then nothing is put together."""
    access = Access(
        actor=Actor(
            ActorKind.SYSTEM,
            on_behalf_of=export.asked_by_id,
            clinic_ids=(export.patient.clinic_id,),
        ),
        door=Door.WORKER,
        place="patient-export",
        action=Action.EXPORT,
        object_model=Patient._meta.label,
        object_id=export.patient_id,
        count=1,
    )
    access.subjects.add([export.patient])
    record(access)


def _consents_of(patient: Patient) -> list[str]:
    return [
        f"{kind}:{pk}"
        for kind, model in (("treatment", TreatmentConsent), ("photo", PhotoConsent))
        for pk in model.objects.filter(patient=patient).order_by("pk").values_list("pk", flat=True)
    ]


def _keep(export: PatientExport, name: str, content: bytes) -> None:
    """In place of what a worker that was killed has left."""
    path = f"{export.folder}/{name}"
    default_storage.delete(path)
    default_storage.save(path, ContentFile(content))


def _pack(export: PatientExport) -> int:
    """Returns the size of the file."""
    with TemporaryFile() as packed:
        with ZipFile(packed, "w") as archive:
            for name in _files_in(export.folder):
                if f"{export.folder}/{name}" != export.file:
                    with default_storage.open(f"{export.folder}/{name}") as part:
                        _add(archive, name, part, ZIP_DEFLATED)
            photos = Photo.objects.filter(patient=export.patient_id).order_by("pk")
            for name in photos.values_list("image", flat=True):
                # A file that is lost must not keep the others from the patient.
                with suppress(FileNotFoundError), default_storage.open(name) as photo:
                    _add(archive, name, photo, ZIP_STORED)
        size = packed.tell()
        packed.seek(0)
        default_storage.delete(export.file)
        default_storage.save(export.file, File(packed))
    for name in _files_in(export.folder):
        if f"{export.folder}/{name}" != export.file:
            default_storage.delete(f"{export.folder}/{name}")
    return size


def _add(archive: ZipFile, name: str, content: IO[bytes], how: int) -> None:
    info = ZipInfo(name)
    info.compress_type = how
    with archive.open(info, "w") as entry:
        shutil.copyfileobj(content, entry)


def _files_in(folder: str, below: str = "") -> list[str]:
    """By their names in the folder; none if there is no folder."""
    with suppress(FileNotFoundError):
        folders, files = default_storage.listdir(f"{folder}/{below}")
        inner = [name for one in folders for name in _files_in(folder, f"{below}{one}/")]
        return sorted([*(f"{below}{name}" for name in files), *inner])
    return []


def remove_files(*, at: datetime) -> int:
    """Of what has expired or failed. Returns how many."""
    rows = PatientExport.objects.filter(removed_at=None)
    ended = rows.filter(expires_at__lte=at) | rows.filter(failed_at__isnull=False)
    return sum(_remove(export_id=pk, at=at) for pk in list(ended.values_list("pk", flat=True)))


@retried_transaction
def _remove(*, export_id: UUID, at: datetime) -> bool:
    """First the files: of one that is killed in between, the next run finds nothing and says so."""
    rows = PatientExport.objects.select_for_update(of=("self",), skip_locked=True)
    export = rows.filter(pk=export_id, removed_at=None).first()
    if export is None:
        return False
    for name in _files_in(export.folder):
        default_storage.delete(f"{export.folder}/{name}")
    for folder in (f"{export.folder}/consents", export.folder):
        default_storage.delete(folder)
    export.removed_at = at
    export.save(update_fields=["removed_at"])
    return True
