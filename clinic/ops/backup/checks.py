"""Whether what was restored is the clinic again, question by question."""

import hashlib
import io
import secrets
from pathlib import Path
from typing import Any, Protocol

from django.contrib.auth import authenticate
from django.db import transaction
from PIL import Image, UnidentifiedImageError

from aftercare.dispatch import guard
from clinic.db import schema
from clinic.db.rotation import keys_used
from clinic.models import AccessRecord, User
from clinic.ops.backup import database
from clinic.ops.backup.archive import MEDIA
from sessions.models import Photo

TOLD = 3
ACCESSES = AccessRecord._meta.db_table


class Asked(Protocol):
    def well(self, said: str) -> None: ...

    def about(self, fault: str, well: str) -> None: ...


def check_all(manifest: dict[str, Any], media: Path, report: Asked) -> None:
    now, meant = database.counts(), manifest["rows"]
    report.about(_counted(meant, now), f"{len(now)} tables with {sum(now.values())} rows, as then")
    report.about("; ".join(schema.look()), "the schema is as `migrate` has made it")
    report.about(
        schema.another_build() or _behind(), "the migrations are those of the code that runs here"
    )
    report.about(_unopened(), "a key opens every encrypted value")
    report.about(
        "somebody may change what is written of accesses" if database.may_change(ACCESSES) else "",
        "nobody may change what is written of accesses",
    )
    report.about(_log_in(), "an account logs in")
    report.about(_missing(manifest), "every photograph of a row is there")
    _newest_photo(media, report)
    guard.withdraw()
    why = guard.check()
    report.about(
        "" if why else "this copy would send messages",
        "nothing is sent from here until somebody runs resume_dispatch --after-restore",
    )


def _counted(meant: dict[str, int], now: dict[str, int]) -> str:
    wrong = [
        f"{table} has {now.get(table, 0)} rows, not {meant.get(table, 0)}"
        for table in sorted(meant.keys() | now.keys())
        if meant.get(table) != now.get(table)
    ]
    return "; ".join(wrong[:TOLD]) + (f" and {len(wrong) - TOLD} more" if len(wrong) > TOLD else "")


def _behind() -> str:
    missing = schema.sources().keys() - schema.applied()
    return (
        f"{len(missing)} migrations of this code did not run there: run migrate" if missing else ""
    )


def _unopened() -> str:
    """Before a migration has encrypted them, columns hold words."""
    lost = {} if _behind() else keys_used().unopened
    where = ", ".join(sorted(lost))
    return f"none of FIELD_KEYS opens {sum(lost.values())} values of {where}" if lost else ""


def _log_in() -> str:
    """An account as it is, with a password of the moment, which is taken back."""
    user = User.objects.filter(is_active=True).order_by("-last_login", "pk").first()
    if user is None:
        return "there is no account that may log in"
    password = secrets.token_urlsafe(24)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        came_in = authenticate(username=user.get_username(), password=password)
        transaction.set_rollback(True)
    return "" if came_in else "an account cannot log in"


def _missing(manifest: dict[str, Any]) -> str:
    parts = manifest["parts"]
    named = Photo.objects.values_list("image", "thumbnail").iterator()
    missing = [name for pair in named for name in pair if f"{MEDIA}{name}" not in parts]
    return f"{len(missing)} files of photographs are missing: {missing[0]} …" if missing else ""


def _newest_photo(media: Path, report: Asked) -> None:
    photo = Photo.objects.order_by("-taken_at", "pk").first()
    if photo is None:
        return report.well("there was no photograph")
    try:
        content = (media / str(photo.image)).read_bytes()
        Image.open(io.BytesIO(content)).load()
        fault = "" if hashlib.sha256(content).hexdigest() == photo.sha256 else "is another picture"
    except (OSError, UnidentifiedImageError) as error:
        fault = f"does not open ({error})"
    return report.about(
        f"the newest photograph {fault}" if fault else "",
        f"a photograph opens ({photo.width} × {photo.height}), and is the one of its row",
    )
