"""Write the packs, each into the folder of its clinic."""

import logging
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify

from aftercare.records.downtime.contents import Contents, read_contents
from aftercare.records.downtime.page import render_page
from clinic.audit.record import Access, Actor, record
from clinic.models import Action, ActorKind, Clinic, Door
from clinic.values.passphrase import KeyLost, PassphraseKey

FILE = "when-the-server-is-away.html"
logger = logging.getLogger(__name__)


def write_packs(*, at: datetime) -> int:
    """For each clinic that has a passphrase, if there is a folder. Returns how many were written;
    what keeps one from it is told in the log, and keeps no other."""
    if not settings.DOWNTIME_DIR:
        return 0
    written = 0
    for clinic in Clinic.objects.exclude(downtime_key="").order_by("pk"):
        try:
            write_pack(clinic, at=at)
            written += 1
        except KeyLost:
            logger.warning(
                "no downtime pack of clinic %s: SECRET_KEY has changed, set its passphrase anew",
                clinic.pk,
            )
        except OSError as error:
            logger.warning("no downtime pack of clinic %s: %s", clinic.pk, error.strerror)
    return written


def write_pack(clinic: Clinic, *, at: datetime) -> Path:
    """Raises KeyLost, OSError, and NotRecorded: then nothing has left."""
    key = PassphraseKey.unsealed(clinic.downtime_key)
    contents = read_contents(clinic, at=at)
    page = render_page(contents, key, at=at)
    folder = folder_of(clinic)
    folder.mkdir(parents=True, exist_ok=True)
    _write_down(contents)
    partial = folder / f".{FILE}.{os.getpid()}.partial"
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(folder / FILE)
    finally:
        partial.unlink(missing_ok=True)
    return folder / FILE


def folder_of(clinic: Clinic) -> Path:
    """Its own, so that it can be shared with that clinic alone."""
    return Path(settings.DOWNTIME_DIR) / f"{slugify(clinic.name)}-{clinic.pk.hex[-4:]}"


def _write_down(contents: Contents) -> None:
    clinic = contents.clinic
    access = Access(
        actor=Actor(ActorKind.SYSTEM, clinic_ids=(clinic.pk,)),
        door=Door.WORKER,
        place="downtime-pack",
        action=Action.EXPORT,
        object_model=Clinic._meta.label,
        object_id=clinic.pk,
        count=len(contents.patients),
    )
    access.subjects.add(contents.patients)
    record(access)
