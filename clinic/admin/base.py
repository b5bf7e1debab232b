"""What all admin pages share."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import knox.admin  # noqa: F401  registers its page, so that we can take it away
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from knox.models import get_token_model
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic.admin.forms.choices import checkboxes_field, grouped_field, readonly_formatters
from clinic.admin.forms.clocks import NamedClock, RowsClock
from clinic.admin.forms.durations import duration
from clinic.admin.forms.fields import TIMES
from clinic.admin.history import OwnHistory
from clinic.admin.lists.any_size import NearLists
from clinic.admin.lists.lookups import OwnAutocompleteSelect, OwnLookups
from clinic.admin.lists.search import FoldedSearch
from clinic.admin.reads import ReadsOnce, named_by
from clinic.admin.saving.save import SavesOnce
from clinic.db.encryption import EncryptedCharField
from clinic.db.sight import BREAK_GLASS, opened_to, permission_to_view
from clinic.models import Clinic
from clinic.permissions import actor, is_opened

# Roles take the place of groups; tokens come and go with log-ins.
admin.site.unregister(Group)
admin.site.unregister(get_token_model())


def visible(rows: Any, request: HttpRequest) -> Any:
    """The rows of the caller's clinics; catalogues belong to all."""
    if hasattr(rows, "visible_to"):
        return rows.visible_to(request.user)
    return opened_to(actor(request), rows)


class ScopedFields(NamedClock):
    """Lists and choices show only what belongs to the caller's clinics; dates and times are typed
    in the house's fields."""

    formfield_overrides: Any = {
        **TIMES,
        EncryptedCharField: {"widget": UnfoldAdminTextInputWidget},
    }

    def get_queryset(self, request: HttpRequest) -> Any:
        return visible(super().get_queryset(request), request)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        model = db_field.related_model
        rows = model._default_manager.select_related(*named_by(model))
        if db_field.name == "practitioner":
            rows = rows.practitioners()
        kwargs.setdefault("queryset", visible(rows, request))
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", OwnAutocompleteSelect(db_field, self.admin_site))  # type: ignore[attr-defined]
        if form_class := grouped_field(db_field.related_model):
            kwargs.setdefault("form_class", form_class)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return (
            checkboxes_field(db_field)
            or duration(db_field)
            or super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        )

    @property
    def readonly_preprocess_fields(self) -> dict[str, Any]:
        """How what cannot be changed is read where Django would show codes or numbers of hours."""
        return readonly_formatters(self.model) | super().readonly_preprocess_fields  # type: ignore[attr-defined]


class OfTheirClinics(RelatedDropdownFilter):
    """Filters by one of what the caller's clinics have, without reading the listed rows for that.
    One field however many there are: a link for each of 200 people is 80 KB of the page."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        rows = visible(field.related_model._default_manager.all(), request)
        if field.name == "practitioner":
            rows = rows.practitioners()
        return sorted(((row.pk, str(row)) for row in rows), key=lambda choice: choice[1])


class ClinicAdmin(
    RowsClock,
    ScopedFields,
    OwnLookups,
    NearLists,
    FoldedSearch,
    OwnHistory,
    SavesOnce,
    ReadsOnce,
    ModelAdmin,
):
    """An admin page of the product: scoped to the caller's clinics, one form style."""

    list_filter_submit = True
    warn_unsaved_form = True
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> Any:
        return super().get_ordering(request) or [*self.search_fields[:1], "id"]

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what the caller sees by break-glass alone: an empty table would say that there is
        nothing."""
        found = super().get_inline_instances(request, obj)
        user = actor(request)
        closed = [
            one for one in found if user.has_perm(BREAK_GLASS + permission_to_view(one.model))
        ]
        if not closed or (obj is not None and is_opened(user, obj)):
            return found
        return [one for one in found if one not in closed]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        clinics = list(Clinic.objects.visible_to(request.user)[:2])
        if len(clinics) == 1:
            initial.setdefault("clinic", clinics[0])
        return initial


class ServiceAdmin(ClinicAdmin):
    """A page whose rows are made, and changed where there is a service for it, under the same
    rules as through the API. Below a row that is not there yet, nothing is shown."""

    adds: Callable[..., models.Model]  # the service that makes a row of what was typed in
    by_id = ""  # which of it the service locks, and takes as an id

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if obj else []

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> models.Model:
        details = dict(data)
        if self.by_id:
            details[f"{self.by_id}_id"] = details.pop(self.by_id).pk
        return self.adds(**details, at=timezone.now(), by=actor(request))

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        """Store what was changed in the form, which `obj` holds already."""
        obj.save()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            self.change_by_service(request, obj, changes)
        else:
            obj.pk = self.add_by_service(request, form.cleaned_data).pk
            obj._state.adding = False
            obj.refresh_from_db()


class ScopedInline(ScopedFields, TabularInline):
    """Rows of the row, with what each of them names."""

    extra = 0

    def get_queryset(self, request: HttpRequest) -> Any:
        named = named_by(self.model, but=self.parent_model)
        return super().get_queryset(request).select_related(*named)

    @cached_property
    def readonly_preprocess_fields(self) -> dict[str, Any]:
        """Made for one page, so that the names of codes are read once for all rows."""
        return super().readonly_preprocess_fields


class FixedRows:
    """Rows that come about elsewhere and stay: nobody adds or deletes them here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(FixedRows):
    """Rows that are shown and never edited."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(ReadOnly, ScopedInline):
    """History: shown, never edited."""

    hide_title = True
    can_delete = False
    show_change_link = False


class MovesInline(ReadOnlyInline):
    """The moves in the life of a row, from one status to the next."""

    fields = ["at", "became", "by", "reason"]
    readonly_fields = fields
    ordering = ["id"]
    verbose_name_plural = _("history")

    @display(description=_("became"))
    def became(self, move: Any) -> str:
        return str(move)


class VersionedAdmin(ClinicAdmin):
    """Rows with clinical numbers: saving a changed form adds a version, and never edits one.

    Lists show the newest versions first; `version` and `effective_from` are set by themselves.
    What makes a form stale is a version that was added since, by whichever version it was opened.
    """

    exclude = ["version", "effective_from"]
    list_filter = ["effective_from"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_add_permission(request))

    def newest(self, row: Any) -> Any:
        key = {name: getattr(row, name) for name in row.version_key}
        return self.model._default_manager.filter(**key).order_by("-version").first()

    def version(self, row: Any, parts: tuple[str, ...]) -> str:
        return super().version(self.newest(row), parts)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key = {name: getattr(obj, name) for name in obj.version_key}
        obj.version = type(obj).next_version(**key)
        if change:
            obj.pk, obj._state.adding = None, True
            obj.created_at = timezone.now()
        obj.effective_from = self.takes_effect(form)
        obj.save(force_insert=True)

    def takes_effect(self, form: Any) -> datetime:
        """From when on the new version counts."""
        return timezone.now()

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


class VersionPartInline(ScopedInline):
    """What belongs to a version: whoever may add a version may change, add and leave out its parts
    in the new one. Those of the old one stay as they are."""

    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_add_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_add_permission(request, obj))


def version_columns(*columns: Any) -> list[Any]:
    return [*columns, "version", "effective_from", "source", "evidence"]
