"""What all admin pages share."""

from collections.abc import Callable, Mapping
from typing import Any

import knox.admin  # noqa: F401  registers its page, so that we can take it away
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from knox.models import get_token_model
from unfold.admin import ModelAdmin, TabularInline

from clinic.admin.fields import TIMES
from clinic.admin.lookups import OwnLookups
from clinic.errors import DomainError
from clinic.models import Clinic
from clinic.permissions import actor

# Roles take the place of groups; tokens come and go with log-ins.
admin.site.unregister(Group)
admin.site.unregister(get_token_model())


def visible(rows: Any, request: HttpRequest) -> Any:
    """The rows of the caller's clinics; catalogues belong to all."""
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows


class ScopedFields:
    """Lists and choices show only what belongs to the caller's clinics; dates and times are typed
    in the house's fields."""

    formfield_overrides: Any = TIMES

    def get_queryset(self, request: HttpRequest) -> Any:
        return visible(super().get_queryset(request), request)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows = db_field.related_model._default_manager.all()
        if db_field.name == "practitioner":
            rows = rows.practitioners()
        kwargs.setdefault("queryset", visible(rows, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class OfTheirClinics(admin.RelatedFieldListFilter):
    """Filters by what the caller's clinics have, without reading the listed rows for that."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        rows = visible(field.related_model._default_manager.all(), request)
        if field.name == "practitioner":
            rows = rows.practitioners()
        return sorted(((row.pk, str(row)) for row in rows), key=lambda choice: choice[1])


class ClinicAdmin(ScopedFields, OwnLookups, ModelAdmin):
    """An admin page of the product: scoped to the caller's clinics, one form style."""

    list_filter_submit = True
    warn_unsaved_form = True
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> Any:
        return super().get_ordering(request) or [*self.search_fields[:1], "id"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        clinics = list(Clinic.objects.visible_to(request.user)[:2])
        if len(clinics) == 1:
            initial.setdefault("clinic", clinics[0])
        return initial


class ServiceAdmin(ClinicAdmin):
    """A page whose rows are made by a service, under the same rules as through the API.

    While the form is checked, the service runs and is rolled back; what it refuses is shown at
    the field. Rolling back also gives its locks away: what somebody else does before the second,
    real run is told on a fresh page. A service that writes files cannot be rolled back: with
    `runs_once`, what it made while the form was checked is kept.
    """

    runs_once = False

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> models.Model:
        raise NotImplementedError

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().add_view(request, *args, **kwargs)
            return answer
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(request.get_full_path())

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return (
            form
            if obj
            else type(
                form.__name__,
                (_ByService, form),
                {"add": self._adder(request), "runs_once": self.runs_once},
            )
        )

    def _adder(self, request: HttpRequest) -> Any:
        return staticmethod(lambda data: self.add_by_service(request, data))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            added = form.added or self.add_by_service(request, form.cleaned_data)
            obj.pk = added.pk
            obj.refresh_from_db()


class StatusButtons:
    """Buttons in the submit row, by POST, for the moves that are legal from where a row is.

    `buttons` names the status that each leads to, `next_statuses` those that may follow on each.
    """

    model: type[models.Model]
    buttons: Mapping[str, str]
    next_statuses: Mapping[str, frozenset[str]]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """First the row and its parts are saved, then the pressed button moves it."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        if change:
            self.before_pressing(request, form)
        shown = self.get_actions_submit_line(request, form.instance.pk)  # type: ignore[attr-defined]
        for pressed in shown if change else []:
            if pressed.action_name in request.POST:
                pressed.method(request, form.instance)

    def before_pressing(self, request: HttpRequest, form: Any) -> None:
        """What else the form asks for, once its rows are saved."""

    def _filter_unfold_actions_by_permissions(
        self, request: HttpRequest, actions: list[Any], object_id: Any = None
    ) -> list[Any]:
        allowed: list[Any] = super()._filter_unfold_actions_by_permissions(  # type: ignore[misc]
            request, actions, object_id
        )
        if object_id is None:
            return []
        row = self.model._default_manager.values_list("status", flat=True)
        legal = self.next_statuses[row.get(pk=object_id)]
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
        """Run a service; what it refuses is told above the form."""
        try:
            service(**details, at=timezone.now(), by=actor(request))
        except DomainError as error:
            messages.error(request, error.message)


class _ByService(ModelForm):  # type: ignore[type-arg]
    add: Any
    runs_once: bool
    added: models.Model | None = None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                with transaction.atomic():
                    added = self.add(data)
                    if self.runs_once:
                        self.added = added
                    else:
                        transaction.set_rollback(True)
            except DomainError as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return data


class ReadOnlyInline(ScopedFields, TabularInline):
    """History: shown, never edited."""

    extra = 0
    hide_title = True
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VersionedAdmin(ClinicAdmin):
    """Rows with clinical numbers: saving a changed form adds a version, and never edits one.

    Lists show the newest versions first; `version` and `effective_from` are set by themselves.
    """

    exclude = ["version", "effective_from"]
    list_filter = ["effective_from"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_add_permission(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key = {name: getattr(obj, name) for name in obj.version_key}
        obj.version = type(obj).next_version(**key)
        if change:
            obj.pk, obj._state.adding = None, True
            obj.created_at = obj.effective_from = timezone.now()
        obj.save(force_insert=True)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """What belongs to the old version is copied to the new one, with the changes made."""
        formset.save(commit=False)
        parent = formset.fk.name
        for row_form in formset.forms:
            row = row_form.instance
            if row_form in formset.deleted_forms or not (row_form.has_changed() or row.pk):
                continue
            setattr(row, parent, form.instance)
            row.pk, row._state.adding = None, True
            row.save(force_insert=True)


def version_columns(*columns: str) -> list[str]:
    return [*columns, "version", "effective_from", "source"]
