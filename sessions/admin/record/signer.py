"""On the page of a session: who completes, aborts or decides says again who it is, where the clinic
asks for it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.forms import CharField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from clinic.accounts.signing import FIELD, SignatureNeeded
from clinic.admin.account.signing import why_not_signed
from clinic.models import Clinic
from clinic.permissions import actor
from clinic.values.ids import read_uuid
from sessions.admin.record.decisions import TICK
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.services import IN_SPITE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WHO_IS_ASKED = _("This clinic asks who completes, aborts or decides a warning.")
SIGNER = _("Who signs"), {"fields": [FIELD]}


def signer_field(words: "StrOrPromise" = WHO_IS_ASKED) -> CharField:
    return CharField(
        required=False,
        max_length=128,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        label=_("Your PIN or password"),
        help_text=words,
    )


def is_asked_when_booking(request: HttpRequest) -> bool:
    return any(clinic.asks_who_signs for clinic in actor(request).works_at)


class AsksWhoSigns:
    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Looked at outside of the transaction that is signed: a wrong try stays counted."""
        books = request.method == "POST" and not object_id and _books_in_spite(request.POST)
        if books and (clinic := _clinic_of_plan(request)):
            request.not_signed = why_not_signed(request, clinic)  # type: ignore[attr-defined]
        if request.method == "POST" and object_id and _signs(request):
            session = self.get_object(request, object_id)  # type: ignore[attr-defined]
            if session:
                request.not_signed = why_not_signed(request, session.clinic)  # type: ignore[attr-defined]
        parent: Any = super()
        answer: HttpResponse = parent.changeform_view(request, object_id, *args, **kwargs)
        return answer


def require_signer_of_booking(request: HttpRequest, data: dict[str, Any]) -> dict[str, Any]:
    """What is booked, without what it was signed with. Raises SignatureNeeded, …"""
    if _books_in_spite(data):
        _require_signer(request, data["plan"].clinic)
    return {name: value for name, value in data.items() if name != FIELD}


def require_signer(request: HttpRequest, session: TreatmentSession) -> None:
    """Of a press that `_signs` does not know, nobody has been asked. Raises SignatureNeeded, …"""
    _require_signer(request, session.clinic)


def _require_signer(request: HttpRequest, clinic: Clinic) -> None:
    if not clinic.asks_who_signs:
        return
    if error := getattr(request, "not_signed", SignatureNeeded()):
        raise error


def _signs(request: HttpRequest) -> bool:
    """To complete, to abort, or to decide what was ticked."""
    return any(
        name.endswith(("_complete", "_abort")) or name.startswith(f"{TICK}:")
        for name in request.POST
    )


def _books_in_spite(data: Mapping[str, Any]) -> bool:
    return any(str(data.get(name) or "").strip() for name in IN_SPITE)


def _clinic_of_plan(request: HttpRequest) -> Clinic | None:
    plan = read_uuid(request.POST.get("plan"))
    if plan is None:
        return None
    plans = TreatmentPlan.objects.visible_to(request.user).select_related("clinic")
    found = plans.filter(pk=plan).first()
    return found.clinic if found else None
