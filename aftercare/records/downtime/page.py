"""The file: a page without a server, which the passphrase fills."""

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from aftercare.records.downtime.contents import Contents
from clinic.values.moments import date_in_words
from clinic.values.passphrase import PassphraseKey
from clinic.values.wallclock import iso_utc

PARTS = Path(__file__).parent


def render_page(contents: Contents, key: PassphraseKey, *, at: datetime) -> str:
    clinic = contents.clinic
    made = date_in_words(at.astimezone(clinic.zone), "l j M Y, H:i")
    with timezone.override(clinic.zone), translation.override("en"):
        inside = render_to_string("aftercare/downtime/inside.html", {"pack": contents})
    beside = json.dumps({"clinic": clinic.name, "made_at": iso_utc(at)})
    pack = {**key.encrypt(inside, beside=beside), "beside": beside}
    script, style = _part("pack.js"), _part("pack.css")
    return render_to_string(
        "aftercare/downtime/outside.html",
        {
            "clinic": clinic,
            "made": made,
            # Base64 and numbers; what a clinic is called may hold anything, and ends no element.
            "pack": mark_safe(json.dumps(pack).replace("<", "\\u003c")),  # noqa: S308
            "script": mark_safe(script),  # noqa: S308  a file of ours
            "style": mark_safe(style),  # noqa: S308  the same
            "script_hash": _digest(script),
            "style_hash": _digest(style),
        },
    )


def _part(name: str) -> str:
    return (PARTS / name).read_text()


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
