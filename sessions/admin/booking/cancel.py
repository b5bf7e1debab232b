"""Cancelling a visit on its page: whether its patient has to be told."""

from typing import Any

from django.forms import BooleanField, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldBooleanWidget

from sessions import services
from sessions.lifecycle import NEXT, Status
from sessions.models import TreatmentSession


class CancelForm(ModelForm):  # type: ignore[type-arg]
    patient_knows = BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        label=_("The patient knows already"),
        help_text=_("Then press Cancel session: nothing is sent to announce it."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        pressed = any(name.rpartition("_")[2] == "cancel" for name in self.data)
        if data.get("patient_knows") and not pressed:
            self.add_error(
                "patient_knows", gettext("Press Cancel session as well, or take it out.")
            )
        return data


class CancelPages:
    """For the page of sessions: the button that cancels, and what is ticked for it."""

    def may_cancel(self, request: HttpRequest, session: TreatmentSession) -> bool:
        may_change: bool = self.has_change_permission(request, session)  # type: ignore[attr-defined]
        return may_change and Status.CANCELLED in NEXT[session.status]

    @action(description=_("Cancel session"), permissions=["change"])
    def cancel(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self.press(  # type: ignore[attr-defined]
            request,
            services.move_session,
            session_id=obj.pk,
            to=Status.CANCELLED,
            patient_knows="patient_knows" in request.POST,
            undoable=True,
        )
