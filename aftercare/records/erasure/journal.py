"""What was erased, outside of the database, so that a restored backup does not bring it back.

Ids and times only, one JSON a line. It is completed from the rows, so that a process that dies
after its commit leaves nothing out; a line is never taken away.
"""

import json
import logging
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from aftercare.records.erasure.erase import erase
from clinic.audit.record import SYSTEM, Access, record
from clinic.db.retries import retried_transaction
from clinic.models import Action, Door, User
from patients.models import Patient, PatientErasure

log = logging.getLogger(__name__)
FILE = "erasures.jsonl"


def journal_file() -> Path:
    """On another disk, if it is set; else beside the photographs, so that backups hold it."""
    return Path(settings.ERASURE_JOURNAL or Path(settings.MEDIA_ROOT) / FILE)


def complete_journal() -> int:
    """Write the lines that are missing. Returns how many; what keeps it from it is logged."""
    path, written = journal_file(), 0
    try:
        known = {line["erasure"] for line in _lines(path)}
        done = PatientErasure.objects.filter(confirmed_at__isnull=False).order_by("confirmed_at")
        missing = [one for one in done if str(one.pk) not in known]
        if missing:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("a") as file:
                for one in missing:
                    file.write(f"{json.dumps(_line(one))}\n")
                    written += 1
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        log.error("the journal of erasures is not written: %s", error.strerror)
    return written


def _line(erasure: PatientErasure) -> dict[str, str | bool | None]:
    moments = {name: getattr(erasure, name).isoformat() for name in ("asked_at", "confirmed_at")}
    ids = {name: str(getattr(erasure, f"{name}_id")) for name in ("asked_by", "confirmed_by")}
    told = {"keeps_record": erasure.keeps_record, "reason": erasure.reason}
    return {
        "erasure": str(erasure.pk),
        "patient": str(erasure.patient_id),
        **ids,
        **moments,
        **told,
    }


def _lines(path: Path) -> list[dict[str, str]]:
    """Those that are whole; a machine that lost power may have left half of one."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def apply_again(path: Path) -> int:
    """After a restore: erase what the backup has brought back. Returns how many patients it was."""
    return sum(_apply(line) for line in _lines(path))


@retried_transaction
def _apply(line: dict[str, str]) -> bool:
    patients = Patient.objects.select_for_update(of=("self",)).select_related("clinic")
    patient = patients.filter(pk=UUID(line["patient"])).first()
    if patient is None:
        return False
    row = PatientErasure.objects.filter(pk=UUID(line["erasure"])).first()
    if row and row.confirmed_at:
        return False
    if patient.archived_at is None:
        patient.archived_at = datetime.fromisoformat(line["confirmed_at"])
        patient.save(update_fields=["archived_at", "version", "updated_at"])
    at = datetime.fromisoformat(line["confirmed_at"])
    erase(patient, keeps_record=bool(line["keeps_record"]), at=at)
    _bring_back_row(patient, line)
    access = Access(
        actor=SYSTEM,
        door=Door.COMMAND,
        place="erase_again",
        action=Action.WRITE,
        object_model=Patient._meta.label,
        object_id=patient.pk,
        count=1,
    )
    access.subjects.add([patient])
    record(access)
    return True


def _bring_back_row(patient: Patient, line: dict[str, str]) -> None:
    """Unless one of the two has no account in this backup."""
    people = User.objects.in_bulk([UUID(line["asked_by"]), UUID(line["confirmed_by"])])
    if len(people) == 2:
        PatientErasure.objects.filter(patient=patient, confirmed_at=None).exclude(
            pk=UUID(line["erasure"])
        ).filter(withdrawn_at=None).delete()
        PatientErasure.objects.update_or_create(
            pk=UUID(line["erasure"]),
            defaults={
                "patient": patient,
                "reason": line["reason"],
                "keeps_record": bool(line["keeps_record"]),
                "asked_at": datetime.fromisoformat(line["asked_at"]),
                "confirmed_at": datetime.fromisoformat(line["confirmed_at"]),
                "asked_by_id": UUID(line["asked_by"]),
                "confirmed_by_id": UUID(line["confirmed_by"]),
                "withdrawn_at": None,
            },
        )
