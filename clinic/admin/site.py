"""The clinic's own pages: sites, staff, rooms, devices, cartridges and clinical numbers."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from clinic import services
from clinic.admin.base import (
    ClinicAdmin,
    ReadOnlyInline,
    ScopedFields,
    ServiceAdmin,
    VersionedAdmin,
    version_columns,
)
from clinic.admin.lookups import OwnLookups
from clinic.admin.saving.save import SavesOnce
from clinic.admin.search import FoldedSearch
from clinic.admin.words import IN_USE
from clinic.models import (
    CartridgeLot,
    Clinic,
    ClinicalRule,
    Credential,
    Device,
    DeviceModel,
    DeviceSpec,
    OnCallShift,
    OpeningHours,
    Room,
    User,
)
from clinic.permissions import MAY_ASSIGN, actor

CONTACT = ("phone", "out_of_hours_phone", "email", "address", "emergency_phone")
BEFORE_NEEDLING = ("jurisdiction", "consent_cooling_off_days", "asks_for", "handles_blood")
PERSON = ("first_name", "last_name", "email", "mobile")


class OpeningHoursInline(ScopedFields, TabularInline):
    model = OpeningHours
    extra = 0


@admin.register(Clinic)
class SiteAdmin(ClinicAdmin):
    list_display = ["name", "time_zone", "phone", "email"]
    search_fields = ["name"]
    inlines = [OpeningHoursInline]
    fieldsets = [
        (None, {"fields": ["name", "short_name", "time_zone", "slot_minutes"]}),
        ("Booking", {"fields": ["hold_minutes", "late_cancel_hours"]}),
        ("Before needling", {"fields": BEFORE_NEEDLING}),
        ("After needling", {"fields": ["asks_sharps_disposal", "is_user_facility"]}),
        ("Contact", {"fields": CONTACT}),
        ("Quiet hours", {"fields": ["quiet_from", "quiet_until"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and isinstance(request.user, User):
            request.user.clinics.add(obj)  # whoever opens a clinic can see it


@admin.register(User)
class UserAdmin(  # type: ignore[misc]
    ScopedFields,
    OwnLookups,
    FoldedSearch,
    SavesOnce,
    DjangoUserAdmin,  # type: ignore[type-arg]
    ModelAdmin,
):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "role", IN_USE]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": PERSON}),
        ("Work", {"fields": ["role", "clinics", "is_active"]}),
        ("Log-in", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        ("Person", {"fields": PERSON}),
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


@admin.register(OnCallShift)
class OnCallShiftAdmin(ClinicAdmin):
    list_display = ["clinic", "practitioner", "starts_at", "ends_at"]
    list_select_related = ["clinic", "practitioner"]
    ordering = ["-starts_at", "id"]


@admin.register(Credential)
class CredentialAdmin(ClinicAdmin):
    """Who may treat, and until when. A renewed document is a further row."""

    list_display = ["kind", "user", "clinic", "number", "issuer", "expires_on"]
    list_filter = ["kind", "expires_on"]
    list_select_related = ["user", "clinic", "device_model"]
    search_fields = ["number", "issuer", "user__last_name", "user__username"]
    ordering = ["expires_on", "id"]
    fieldsets = [
        (None, {"fields": ["kind", "user", "clinic", "device_model"]}),
        ("Document", {"fields": ["number", "issuer", "document"]}),
        ("How long and how deep", {"fields": ["valid_from", "expires_on", "depth_max_mm"]}),
    ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """No clinic: most are of a person."""
        return super(ClinicAdmin, self).get_changeform_initial_data(request)


@admin.register(Room)
class RoomAdmin(ClinicAdmin):
    list_display = ["name", "clinic", IN_USE]
    list_filter = ["is_active"]
    search_fields = ["name"]


@admin.register(Device)
class DeviceAdmin(ClinicAdmin):
    list_display = ["model", "serial", "clinic", IN_USE]
    list_filter = ["is_active", "model"]
    list_select_related = ["model", "clinic"]
    search_fields = ["model__name", "serial"]


class DeviceSpecInline(ReadOnlyInline):
    model = DeviceSpec
    fields = ["version", "depth_max_mm", "tolerance_mm", "lists_isotretinoin", "source", "evidence"]
    readonly_fields = fields
    ordering = ["-version"]


@admin.register(DeviceModel)
class DeviceModelAdmin(ClinicAdmin):
    list_display = ["name", "maker", "modality", IN_USE]
    search_fields = ["name", "maker", "code"]
    inlines = [DeviceSpecInline]


@admin.register(DeviceSpec)
class DeviceSpecAdmin(VersionedAdmin):
    list_display = version_columns("model", "depth_max_mm", "tolerance_mm")
    list_filter = ["model"]
    list_select_related = ["model"]
    ordering = ["model", "-version"]


@admin.register(CartridgeLot)
class CartridgeLotAdmin(ServiceAdmin):
    """Taken in and recalled by the services; a quantity is corrected as it is counted."""

    adds = staticmethod(services.receive_cartridges)
    list_display = ["lot", "gtin", "device_model", "expires_on", "quantity", "recalled_at"]
    list_filter = ["device_model", ("recalled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["device_model"]
    search_fields = ["lot", "gtin"]
    ordering = ["expires_on", "id"]

    delivered = ["clinic", "device_model", "gtin", "lot", "expires_on"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.delivered, "quantity", *(["recall_reason", "recalled_at"] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return [*self.delivered, "recalled_at", *(["recall_reason"] if obj.recalled_at else [])]

    def change_by_service(self, request: HttpRequest, obj: Any, changes: dict[str, Any]) -> None:
        obj.save(update_fields=["quantity"])
        if "recall_reason" in changes:
            services.recall_lot(
                lot_id=obj.pk, reason=changes["recall_reason"], at=timezone.now(), by=actor(request)
            )


@admin.register(ClinicalRule)
class ClinicalRuleAdmin(VersionedAdmin):
    list_display = version_columns("title", "value", "unit")
    search_fields = ["code", "title"]
    ordering = ["code", "-version"]
