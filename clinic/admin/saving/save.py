"""Saving a form of the admin: all of it or nothing, once, and on top of what was seen.

Whatever is refused, by a field, a rule or the database, is told on the page from which it came,
with everything that was typed, and nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.forms import ModelForm
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from clinic.admin.lists.lookups import is_key
from clinic.admin.reads import forget_rows
from clinic.admin.saving.once import (
    KEY,
    FormSentAlready,
    KeyedActionForm,
    SentForm,
    forget_messages,
    new_key,
    repeat_answer,
)
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.admin.saving.stale import Stale, differences, stale
from clinic.db.retries import retried_transaction
from clinic.db.versions import version_of

VERSION = "_version"


@dataclass
class SaveState:
    """What has become of a form that was sent."""

    saved: models.Model | None = None
    pressed: str = ""
    error: Exception | None = None
    refused: list[tuple[str, str]] = field(default_factory=list)


def save_state(request: HttpRequest) -> SaveState:
    if not hasattr(request, "saving"):
        request.saving = SaveState()  # type: ignore[attr-defined]
    state: SaveState = request.saving  # type: ignore[attr-defined]
    return state


class RefusedForm(ModelForm):  # type: ignore[type-arg]
    """The form once more, as it was typed, with what was refused at its fields."""

    refused: list[tuple[str, str]]

    def full_clean(self) -> None:
        super().full_clean()
        for name, message in self.refused:
            self.add_error(name if name in self.fields else None, message)


class SavesOnce:
    """For the pages of the admin: forms that carry a key and the version of their row."""

    model: type[models.Model]
    opts: Any
    action_form = KeyedActionForm
    # what a service calls a value → which field of the form it was typed into
    typed_as: Mapping[str, str] = {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        state = {KEY.strip("_"): request.POST.get(KEY) or new_key(), **(extra_context or {})}
        state["version"] = request.POST.get(VERSION)
        if request.method == "POST":
            try:
                return self._save(request, object_id, form_url, state)
            except REFUSED as error:
                self._refuse(request, error)
                if isinstance(error, FormSentAlready):
                    state["form_key"] = new_key()
        if request.method != "POST" or isinstance(save_state(request).error, Stale):
            # Read before the row is: what is shown may be newer than its version, never older.
            state["version"] = self.seen(request, object_id)
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, state)  # type: ignore[misc]
        return answer

    @retried_transaction
    def _save(
        self, request: HttpRequest, object_id: str | None, form_url: str, state: Any
    ) -> HttpResponse:
        forget_messages(request)
        save_state(request).saved, save_state(request).pressed = None, ""
        sent = SentForm(request, is_new=object_id is None)
        if replay := sent.spend():
            return repeat_answer(request, replay)
        self._require_seen(request, object_id)
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, state)  # type: ignore[misc]
        row = save_state(request).saved
        if row is None:  # the form was not valid: its key stays good
            transaction.set_rollback(True)
        else:
            sent.keep(answer, leads_to=self.address_of(request, row), name=f"“{row}”")
        return answer

    def _refuse(self, request: HttpRequest, error: Exception) -> None:
        forget_messages(request)
        state = save_state(request)
        state.saved, state.error = None, error
        state.refused = [
            (self.typed_as.get(name, name), message) for name, message in refusals(error)
        ]

    def address_of(self, request: HttpRequest, row: models.Model) -> str:
        """Where a row is looked at; the list, for who may not open one."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if self.has_view_or_change_permission(request, row):  # type: ignore[attr-defined]
            return reverse(f"{name}_change", args=[row.pk])
        return reverse(f"{name}_changelist")

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """To the list, for what is gone or is not the caller's; an id would tell nobody more."""
        name = opts.verbose_name
        messages.warning(
            request,
            gettext("This {name} does not exist, or is not yours to see.").format(name=name),
        )
        has_list = self.has_view_or_change_permission(request)  # type: ignore[attr-defined]
        address = f"admin:{opts.app_label}_{opts.model_name}_changelist"
        return HttpResponseRedirect(reverse(address if has_list else "admin:index"))

    # Which state of a row somebody has seen

    def seen(self, request: HttpRequest, object_id: str | None) -> str:
        row = self.known_row(request, unquote(object_id)) if object_id else None  # type: ignore[attr-defined]
        version = self.version(row, self.parts(request, row)) if row else ""
        forget_rows(request)
        return version

    def version(self, row: Any, parts: tuple[str, ...]) -> str:
        """Of the row and of all that can be edited with it."""
        return version_of(row, *parts)

    def newest(self, row: Any) -> Any:
        """The row whose change makes a form stale."""
        return row

    def parts(self, request: HttpRequest, row: Any) -> tuple[str, ...]:
        names = []
        for inline in self.get_inline_instances(request, row):  # type: ignore[attr-defined]
            if (
                inline.has_add_permission(request, row)
                or inline.has_change_permission(request, row)
                or inline.has_delete_permission(request, row)
            ):
                key: Any = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
                names.append(key.remote_field.get_accessor_name())
        return tuple(names)

    def _require_seen(self, request: HttpRequest, object_id: str | None) -> None:
        """Lock the row, then compare: whoever comes at the same time waits here. Raises Stale."""
        pages: Any = self
        row: Any = pages.get_object(request, unquote(object_id)) if object_id else None
        may = (pages.has_change_permission, pages.has_delete_permission)
        if row is None or not any(has(request, row) for has in may):
            return  # who may do neither is refused, and waits for nobody
        locked = type(row)._base_manager.select_for_update(of=("self",), no_key=True)
        if not locked.filter(pk=row.pk).exists():
            return
        parts = self.parts(request, row)
        if request.POST.get(VERSION) != self.version(row, parts):
            raise stale(self.newest(row), parts)

    # The form

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if refused := save_state(request).refused:
            return type(form.__name__, (RefusedForm, form), {"refused": refused})
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(save_state(request).error, Stale):
            inlines = [inline.formset for inline in context["inline_admin_formsets"]]
            context["differences"] = list(differences(context["adminform"].form, inlines))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        save_state(request).saved = obj
        return super().response_add(request, obj, *args, **kwargs)  # type: ignore[misc]

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        save_state(request).saved = obj
        return super().response_change(request, obj)  # type: ignore[misc]

    # Deleting, and actions of a list

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST":
            try:
                return self._delete(request, object_id, extra_context)
            except REFUSED as error:
                forget_messages(request)
                for _, message in refusals(error):
                    messages.error(request, message)
                return HttpResponseRedirect(request.get_full_path())
        state = {"version": self.seen(request, object_id), **(extra_context or {})}
        answer: HttpResponse = super().delete_view(request, object_id, state)  # type: ignore[misc]
        return answer

    @retried_transaction
    def _delete(self, request: HttpRequest, object_id: str, extra_context: Any) -> HttpResponse:
        forget_messages(request)
        self._require_seen(request, object_id)
        answer: HttpResponse = super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        return answer

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """An action is run once for each time that the list was opened."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(is_key(self.opts.pk, one) for one in chosen):
            messages.warning(request, gettext("Tick rows of the list. Nothing was done."))
            return HttpResponseRedirect(request.get_full_path())
        return self._act(request, queryset)

    @retried_transaction
    def _act(self, request: HttpRequest, queryset: Any) -> Any:
        forget_messages(request)
        sent = SentForm(request)
        if replay := sent.spend():
            return repeat_answer(request, replay)
        answer = super().response_action(request, queryset)  # type: ignore[misc]
        if isinstance(answer, HttpResponseRedirect):
            sent.keep(answer)
        else:  # nothing was chosen, or it asks first
            transaction.set_rollback(True)
        return answer
