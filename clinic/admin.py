"""What all admin pages share, and the clinic's own: sites, staff, rooms, devices."""

from typing import Any

import knox.admin  # noqa: F401  registers its page, so that we can take it away
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest
from knox.models import get_token_model
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from clinic.errors import DomainError
from clinic.models import Clinic, Device, OpeningHours, Room, User
from clinic.permissions import MAY_ASSIGN

# Roles take the place of groups; tokens come and go with log-ins.
admin.site.unregister(Group)
admin.site.unregister(get_token_model())


def visible(rows: Any, request: HttpRequest) -> Any:
    """The rows of the caller's clinics; catalogues belong to all."""
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows


class ScopedFields:
    """Lists and choices show only what belongs to the caller's clinics."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return visible(super().get_queryset(request), request)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows = db_field.related_model._default_manager.all()
        if db_field.name == "practitioner":
            rows = rows.practitioners()
        kwargs.setdefault("queryset", visible(rows, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class ClinicAdmin(ScopedFields, ModelAdmin):
    """An admin page of the product: scoped to the caller's clinics, one form style."""

    list_filter_submit = True
    warn_unsaved_form = True
    show_full_result_count = False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        clinics = list(Clinic.objects.visible_to(request.user)[:2])
        if len(clinics) == 1:
            initial.setdefault("clinic", clinics[0])
        return initial


class ServiceAdmin(ClinicAdmin):
    """A page whose rows are made by a service, under the same rules as through the API.

    While the form is checked, the service runs and is rolled back; what it refuses is shown at
    the field. Its locks last until the request's transaction ends, so the second, real run
    cannot be refused for another reason.
    """

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> models.Model:
        raise NotImplementedError

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return (
            form if obj else type(form.__name__, (_ByService, form), {"add": self._adder(request)})
        )

    def _adder(self, request: HttpRequest) -> Any:
        return staticmethod(lambda data: self.add_by_service(request, data))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            obj.pk = self.add_by_service(request, form.cleaned_data).pk
            obj.refresh_from_db()


class _ByService(ModelForm):  # type: ignore[type-arg]
    add: Any

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                with transaction.atomic():
                    self.add(data)
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


class OpeningHoursInline(TabularInline):
    model = OpeningHours
    extra = 0


@admin.register(Clinic)
class SiteAdmin(ClinicAdmin):
    list_display = ["name", "time_zone", "phone", "email"]
    search_fields = ["name"]
    inlines = [OpeningHoursInline]
    fieldsets = [
        (None, {"fields": ["name", "short_name", "time_zone", "slot_minutes"]}),
        ("Contact", {"fields": ["phone", "email", "emergency_phone"]}),
        ("Quiet hours", {"fields": ["quiet_from", "quiet_until"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and isinstance(request.user, User):
            request.user.clinics.add(obj)  # whoever opens a clinic can see it


@admin.register(User)
class UserAdmin(ScopedFields, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "role", "is_active"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Work", {"fields": ["role", "clinics", "is_active"]}),
        ("Log-in", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Work", {"fields": ["role", "clinics"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            roles = _assignable(request)
            kwargs["choices"] = [(role.value, role.label) for role in roles]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Clinic.objects.visible_to(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes themselves, a role they could not give, or who also works elsewhere."""
        allowed = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        elsewhere = obj.clinics.exclude(pk__in=Clinic.objects.visible_to(request.user))
        return (
            obj.pk != request.user.pk
            and obj.role in _assignable(request)
            and not elsewhere.exists()
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.is_staff = True
        super().save_model(request, obj, form, change)


def _assignable(request: HttpRequest) -> list[Any]:
    user = request.user
    if not isinstance(user, User):
        return []
    return sorted(MAY_ASSIGN.get(user.role, set()))  # type: ignore[call-overload]


@admin.register(Room)
class RoomAdmin(ClinicAdmin):
    list_display = ["name", "clinic", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]


@admin.register(Device)
class DeviceAdmin(ClinicAdmin):
    list_display = ["name", "serial", "clinic", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "serial"]
