"""Buttons on the page of a session that move nothing: numbing cream goes on, and comes off."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from sessions import services
from sessions.models import TreatmentSession

CREAM = ("cream_on", "cream_off")


class CreamButtons:
    """Both stamp the time of the server, on what stands among the products."""

    press: Any
    get_object: Any
    get_unfold_action: Any
    _is_open: Any

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        shown: list[Any] = super().get_actions_submit_line(request, object_id)  # type: ignore[misc]
        session = self.get_object(request, unquote(str(object_id))) if object_id else None
        if session and session.area and self._is_open(request, session):
            shown += [self.get_unfold_action(name) for name in CREAM]
        return shown

    @action(description=_("Cream on"), permissions=["treat"])
    def cream_on(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self.press(request, services.put_cream_on, session_id=obj.pk)

    @action(description=_("Cream off"), permissions=["treat"])
    def cream_off(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self.press(request, services.take_cream_off, session_id=obj.pk)
