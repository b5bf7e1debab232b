"""What a patient writes on a page: checked, kept once, and put before those who read it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.models import InboundMessage, Message
from aftercare.pages.base import (
    FORM_IS_OLD,
    PROVIDER,
    TOO_OFTEN,
    has_written_enough,
    is_from_our_form,
)
from aftercare.replies import receive
from patients.models import TaskKind

EMPTY = _("Please write something first.")
TOO_LONG = _("Please shorten your text to 2,000 characters.")


class TextForm(forms.Form):
    text = forms.CharField(max_length=2_000, strip=True)


@dataclass(frozen=True)
class Refused:
    """Why the words were not taken; the page shows them again."""

    problem: str | Promise
    status: int


def take_words(
    request: HttpRequest, message: Message, *, kind: TaskKind, at: datetime
) -> InboundMessage | Refused:
    if not is_from_our_form(request, message):
        return Refused(FORM_IS_OLD, 403)
    form = TextForm(request.POST)
    if not form.is_valid():
        return Refused(TOO_LONG if request.POST.get("text", "").strip() else EMPTY, 400)
    name = _name(request, kind)
    if not receive.is_known(PROVIDER, name) and has_written_enough(message, at=at):
        return Refused(TOO_OFTEN, 429)
    return receive.receive_from_page(
        message,
        text=form.cleaned_data["text"],
        kind=kind,
        provider=PROVIDER,
        provider_id=name,
        at=at,
    )


def _name(request: HttpRequest, kind: TaskKind) -> str:
    """The same for a form that is sent twice."""
    form = "\n".join((kind, request.POST["form"], request.POST["text"]))
    return hashlib.sha256(form.encode("utf-8", "replace")).hexdigest()
