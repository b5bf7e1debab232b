"""Bring the packs to their clinics: into a folder, and to an address."""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import formats, timezone
from django.utils.text import slugify

from aftercare.records.downtime.contents import Contents, read_contents
from aftercare.records.downtime.page import render_page
from clinic.audit.record import Access, Actor, record
from clinic.models import Action, ActorKind, Clinic, Door
from clinic.values.passphrase import KeyLost, PassphraseKey

FILE = "when-the-server-is-away.html"
logger = logging.getLogger(__name__)


def deliver_packs(*, at: datetime) -> int:
    """One for each clinic that has a passphrase and a place for it. Returns how many were
    delivered; what keeps one from a place is told in the log, and keeps no other from any."""
    return sum(
        deliver_pack(clinic, at=at)
        for clinic in Clinic.objects.exclude(downtime_key="").order_by("pk")
        if settings.DOWNTIME_DIR or clinic.downtime_email
    )


def deliver_pack(clinic: Clinic, *, at: datetime) -> bool:
    """To each of its places; whether it has come to all. Raises NotRecorded: then nothing has
    left."""
    try:
        page = make_page(clinic, at=at)
    except KeyLost:
        why = "SECRET_KEY has changed, set its passphrase anew"
        logger.warning("no downtime pack of clinic %s: %s", clinic.pk, why)
        return False
    places: list[Callable[[], object]] = []
    if settings.DOWNTIME_DIR:
        places.append(lambda: write_page(page, clinic))
    if clinic.downtime_email:
        places.append(lambda: mail_page(page, clinic, at=at))
    brought = [_brought(bring, clinic) for bring in places]  # one that fails keeps no other
    return all(brought)


def _brought(bring: Callable[[], object], clinic: Clinic) -> bool:
    try:
        bring()
    except Exception as error:  # each kind of place fails in a way of its own
        # A disk's words say what is to be done; a mail server's may hold the address.
        words = None if isinstance(error, SMTPException) else getattr(error, "strerror", None)
        what = words or type(error).__name__
        logger.warning("no downtime pack of clinic %s: %s", clinic.pk, what)
        return False
    return True


def make_page(clinic: Clinic, *, at: datetime) -> str:
    """What opens with the passphrase alone; from here on it counts as having left. Raises KeyLost,
    and NotRecorded."""
    key = PassphraseKey.unsealed(clinic.downtime_key)
    contents = read_contents(clinic, at=at)
    page = render_page(contents, key, at=at)
    _write_down(contents)
    return page


def write_page(page: str, clinic: Clinic) -> Path:
    """Whole or not at all. Raises OSError."""
    folder = folder_of(clinic)
    folder.mkdir(parents=True, exist_ok=True)
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


def mail_page(page: str, clinic: Clinic, *, at: datetime) -> None:
    """Raises what the provider raises: the next one comes in an hour."""
    when = formats.date_format(timezone.localtime(at, clinic.zone), "j M Y, H:i")
    mail = EmailMessage(
        subject=f"For when the server is away: {clinic.short_name}, {when}",
        body=(
            "The attached page opens in any browser, without a server, by the passphrase that"
            f" {clinic.name} has written down.\n\nIt is of {when} and shows its age. The newest is"
            " the one to use; older ones may be deleted.\n"
        ),
        to=[clinic.downtime_email],
        connection=get_connection(settings.ANYMAIL_BACKEND or None),
    )
    mail.attach(FILE, page, "text/html")
    mail.send()


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
