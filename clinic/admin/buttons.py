"""Buttons that move a row from one status to the next."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from clinic.admin.saving.save import save_state
from clinic.errors import Conflict
from clinic.permissions import actor


class ButtonGone(Conflict):
    code = "button_gone"
    title = gettext_noop("This cannot be done any more")


class StatusButtons:
    """Buttons in the submit row, by POST, for the moves that are legal from where a row is.

    `buttons` names the status that each leads to, `next_statuses` those that may follow on each.
    What the form holds is saved with the press, or neither is. A press that worked stays on the
    row and says what has become of it.
    """

    model: type[models.Model]
    buttons: Mapping[str, str]
    next_statuses: Mapping[str, frozenset[str]]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """First the row and its parts are saved, then the pressed button moves it."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        if not change:
            return
        self.before_pressing(request, form)
        shown = self.get_actions_submit_line(request, form.instance.pk)
        legal = {button.action_name: button for button in shown}
        for button in map(self.get_unfold_action, self.actions_submit_line):  # type: ignore[attr-defined]
            if button.action_name in request.POST:
                if button.action_name not in legal:
                    raise ButtonGone(
                        gettext("“{button}” cannot be done any more.").format(
                            button=button.description
                        )
                    )
                button.method(request, form.instance)
                save_state(request).pressed = button.description

    def before_pressing(self, request: HttpRequest, form: Any) -> None:
        """What else the form asks for, once its rows are saved."""

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        pressed = save_state(request).pressed
        if not pressed:
            answer: HttpResponse = super().response_change(request, obj)  # type: ignore[misc]
            return answer
        save_state(request).saved = obj
        messages.success(request, f"“{obj}”: {self.press_result(pressed, obj)}")
        return HttpResponseRedirect(request.get_full_path())

    def press_result(self, pressed: str, obj: Any) -> str:
        """What a press has done: the status that the row has now."""
        row: Any = self.model._default_manager.get(pk=obj.pk)
        return f"{row.get_status_display().lower()}."

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        allowed: list[Any] = super().get_actions_submit_line(request, object_id)  # type: ignore[misc]
        row = self.get_object(request, unquote(str(object_id))) if object_id else None  # type: ignore[attr-defined]
        legal = self.next_statuses[row.status] if row else frozenset()
        return [button for button in allowed if self.buttons.get(button.method.__name__) in legal]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Where nothing can be typed in, there is nothing to save either."""
        inlines = context["inline_admin_formsets"]
        if not context["adminform"].form.fields and not any(
            inline.has_add_permission or inline.has_change_permission for inline in inlines
        ):
            context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def press(self, request: HttpRequest, service: Callable[..., Any], **details: Any) -> None:
        service(**details, at=timezone.now(), by=actor(request))
