"""On the page of a session: who completes, aborts or decides says again who it is, where the clinic
asks for it."""

from typing import Any

from django.forms import CharField
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminPasswordWidget

from clinic.accounts.signing import FIELD, SignatureNeeded
from clinic.admin.account.signing import why_not_signed
from sessions.admin.record.decisions import TICK
from sessions.models import TreatmentSession

SIGNER = "Who signs", {"fields": [FIELD]}


def signer_field() -> CharField:
    return CharField(
        required=False,
        max_length=128,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        label="Your PIN or password",
        help_text="This clinic asks who completes, aborts or decides a warning.",
    )


class AsksWhoSigns:
    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Looked at outside of the transaction that is signed: a wrong try stays counted."""
        if request.method == "POST" and object_id and _signs(request):
            session = self.get_object(request, object_id)  # type: ignore[attr-defined]
            if session:
                request.not_signed = why_not_signed(request, session.clinic)  # type: ignore[attr-defined]
        parent: Any = super()
        answer: HttpResponse = parent.changeform_view(request, object_id, *args, **kwargs)
        return answer


def require_signer(request: HttpRequest, session: TreatmentSession) -> None:
    """Of a press that `_signs` does not know, nobody has been asked. Raises SignatureNeeded, …"""
    if not session.clinic.asks_who_signs:
        return
    if error := getattr(request, "not_signed", SignatureNeeded()):
        raise error


def _signs(request: HttpRequest) -> bool:
    """To complete, to abort, or to decide what was ticked."""
    return any(
        name.endswith(("_complete", "_abort")) or name.startswith(f"{TICK}:")
        for name in request.POST
    )
