"""A form of the admin is saved once, however often it is sent: a double click, Back, two tabs.

Every form carries a key. It is spent in the transaction of the save, with the mechanism of the
API's `Idempotency-Key`; sent again, the same form leads to what it has made.
"""

import json
import secrets
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_noop
from unfold.forms import ActionForm

from clinic.db.retries import Busy
from clinic.errors import Conflict
from clinic.models import IdempotencyKey
from clinic.permissions import actor

KEY = "_form_key"
# Where the answer leads; not what is asked for.
LEADS_ON = {"csrfmiddlewaretoken", KEY, "_save", "_continue", "_addanother"}


class FormSentAlready(Conflict):
    code = "form_sent_already"
    title = gettext_noop("The form was saved already")


class KeyedActionForm(ActionForm):
    """The form above a list, from which actions are run."""

    _form_key = forms.CharField(
        label="", required=False, widget=forms.HiddenInput, initial=lambda: new_key()
    )


def new_key() -> str:
    return secrets.token_urlsafe(16)


class SentForm:
    """A form that was sent, and the key that came with it.

    A form that is for a new row and has no key, because it was open since before there were keys,
    is known by what it says.
    """

    def __init__(self, request: HttpRequest, *, is_new: bool = False) -> None:
        self.user = actor(request)
        self.is_new = is_new
        said = [(name, sorted(map(str, values))) for name, values in request.POST.lists()]
        files: Any = request.FILES
        said += [(name, [file.name, str(file.size)]) for name, file in files.items()]
        content = json.dumps(sorted(one for one in said if one[0] not in LEADS_ON))
        self.digest = sha256(f"{request.path}\n{content}".encode()).hexdigest()
        key = request.POST.get(KEY, "")[:80] or (self.digest if is_new else "")
        self.key = f"form:{sha256(key.encode()).hexdigest()}" if key else ""

    def spend(self) -> HttpResponse | None:
        """Take the key, waiting for whoever is saving the same form; if it was spent on just this,
        the answer that leads to what was made. Raises FormSentAlready, Busy."""
        if not self.key or IdempotencyKey.objects.claim(
            user_id=self.user.pk, key=self.key, request_sha256=self.digest
        ):
            return None
        known = IdempotencyKey.objects.filter(user=self.user, key=self.key).first()
        if known is None or known.body is None:
            raise Busy
        if known.request_sha256 != self.digest:
            self._refuse(known)
            return None
        if known.headers.get("Location"):
            return HttpResponseRedirect(known.headers["Location"])
        return HttpResponse(bytes(known.body))

    def _refuse(self, known: IdempotencyKey) -> None:
        """The same page sent with other words: for an existing row its version tells all."""
        self.key = ""
        if self.is_new:
            raise FormSentAlready(
                gettext(
                    "This form was saved already, as {name}. What you have typed since is still "
                    "here: save again only if you want one more."
                ).format(name=known.headers.get("name") or gettext("a new row"))
            )

    def keep(self, answer: HttpResponse, *, leads_to: str = "", name: str = "") -> None:
        """What is answered when the form comes again: the address of what it has made."""
        if not self.key:
            return
        headers = {"name": name, "Location": leads_to or answer.headers.get("Location", "")}
        if not answer.headers.get("Location"):  # a popup, which hands its row to the page below
            headers["Location"] = ""
            answer = answer.render() if hasattr(answer, "render") else answer
        IdempotencyKey.objects.filter(user=self.user, key=self.key).update(
            status=answer.status_code, headers=headers, body=answer.content
        )


def repeat_answer(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    messages.info(request, gettext("This was saved already: nothing was done twice."))
    return answer


def forget_messages(request: HttpRequest) -> None:
    """What was said during a save that is taken back was not so."""
    storage: Any = messages.get_messages(request)
    storage._queued_messages.clear()
