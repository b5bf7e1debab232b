"""The clinic's own pages: sites, staff, rooms, devices, cartridges and clinical numbers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic import services
from clinic.accounts import second_factor
from clinic.accounts.own_address import may_be_set_by_others
from clinic.accounts.passwords import send_link_to, start_anew
from clinic.admin.base import (
    ClinicAdmin,
    ReadOnlyInline,
    ScopedFields,
    ScopedInline,
    ServiceAdmin,
    VersionedAdmin,
    version_columns,
)
from clinic.admin.forms.log_in import LogInForm
from clinic.admin.lists.any_size import PAGE
from clinic.admin.lists.lookups import OwnLookups
from clinic.admin.lists.search import FoldedSearch
from clinic.admin.reads import ReadsOnce, once_each
from clinic.admin.saving.save import SavesOnce
from clinic.admin.words import IN_USE
from clinic.db.locks import lock
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
    Role,
    Room,
    User,
)
from clinic.models.staff import SERVICE
from clinic.permissions import MAY_ASSIGN, actor
from clinic.tasks import send_password_links
from clinic.wakeups import wake

CONTACT = ("phone", "out_of_hours_phone", "email", "address", "emergency_phone")
BEFORE_NEEDLING = ("jurisdiction", "consent_cooling_off_days", "asks_for", "handles_blood")
PERSON = ("first_name", "last_name", "email", "mobile", "language")
admin.site.login_form = LogInForm


class OpeningHoursInline(ScopedInline):
    model = OpeningHours


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of a clinic. A passphrase is seen while it is typed, for somebody writes it down then; only a
    key that is made of it is kept."""

    downtime_passphrase = forms.CharField(
        label=_("New passphrase"),
        required=False,
        strip=False,
        validators=[validate_password],
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Opens the page that is kept for when the server is away, from the next hour on:"
            " 15 characters or more, written down where the clinic finds it then. Empty: as it is."
        ),
    )


@admin.register(Clinic)
class SiteAdmin(ClinicAdmin):
    form = SiteForm
    list_display = ["name", "time_zone", "phone", "email"]
    search_fields = ["name"]
    inlines = [OpeningHoursInline]
    fieldsets = [
        (None, {"fields": ["name", "short_name", "time_zone", "slot_minutes"]}),
        (_("Booking"), {"fields": ["hold_minutes", "late_cancel_hours"]}),
        (_("Before needling"), {"fields": BEFORE_NEEDLING}),
        (_("Protocols"), {"fields": ["numbers_by_two"]}),
        (_("After needling"), {"fields": ["asks_sharps_disposal", "is_user_facility"]}),
        (_("Contact"), {"fields": CONTACT}),
        (_("Log-in"), {"fields": ["requires_second_factor", "asks_who_signs"]}),
        (_("Records"), {"fields": ["care_team_only", "record_years"]}),
        (_("Quiet hours"), {"fields": ["quiet_from", "quiet_until"]}),
        (_("When the server is away"), {"fields": ["downtime_passphrase", "downtime_email"]}),
    ]

    @display(description=_("Downtime passphrase"))
    def downtime_passphrase(self, row: Any) -> str:
        """Nobody reads it, for it is not kept."""
        return "-"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if passphrase := form.cleaned_data.get("downtime_passphrase"):
            services.set_downtime_passphrase(
                clinic_id=obj.pk, passphrase=passphrase, at=timezone.now(), by=actor(request)
            )
        if not change and isinstance(request.user, User):
            request.user.clinics.add(obj)  # whoever opens a clinic can see it


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of a member of staff. A clinic keeps its last manager."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.instance
        if "email" in self.fields and (user._state.adding or not user.has_usable_password()):
            self.fields["email"].required = True  # where the invitation goes
        if "email" in self.fields and not user._state.adding and not may_be_set_by_others(user):
            self.fields["email"].disabled = True  # what is sent for it is not read
            self.fields["email"].help_text = gettext(
                "Links to a new password go there. So only its owner changes it, in the menu "
                "behind their own name."
            )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.instance._state.adding or "role" not in data:
            return data
        before = User.objects.get(pk=self.instance.pk)
        if before.role != Role.MANAGER or not before.is_active:
            return data
        stays = data["role"] == Role.MANAGER and data.get("is_active", True)
        kept = set(data.get("clinics", ())) if stays else set()
        lock("managers")  # two of them, each of whom takes the other out
        for clinic in before.clinics.all():
            others = clinic.staff.filter(role=Role.MANAGER, is_active=True).exclude(pk=before.pk)
            if clinic not in kept and not others.exists():
                raise forms.ValidationError(
                    gettext(
                        "{before} is the last manager of {clinic}. Make somebody else one first."
                    ).format(before=before, clinic=clinic)
                )
        return data


@once_each
def _works_elsewhere(request: HttpRequest, person: User) -> bool:
    """At a clinic that is not the caller's."""
    return person.clinics.exclude(pk__in=actor(request).clinic_ids).exists()


@admin.register(User)
class UserAdmin(  # type: ignore[misc]
    ScopedFields,
    OwnLookups,
    FoldedSearch,
    SavesOnce,
    ReadsOnce,
    DjangoUserAdmin,  # type: ignore[type-arg]
    ModelAdmin,
):
    """Nobody sets the password of somebody else: an invitation goes to their address."""

    form = StaffForm
    add_form = StaffForm
    actions = ["mail_link", "end_second_factor"]
    show_full_result_count = False
    list_per_page = PAGE
    list_display = ["username", "first_name", "last_name", "role", IN_USE]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username"]}),
        (_("Person"), {"fields": PERSON}),
        (_("Work"), {"fields": ["role", "clinics", "is_active"]}),
        (_("Log-in"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username"]}),
        (_("Person"), {"fields": PERSON}),
        (_("Work"), {"fields": ["role", "clinics"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Programs have a page of their own."""
        return super().get_queryset(request).exclude(role=SERVICE)

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
        return (
            obj.pk != request.user.pk
            and obj.role in _assignable(request)
            and not _works_elsewhere(request, obj)
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.is_staff = True
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            send_link_to(user=obj, at=timezone.now(), by=actor(request))
            transaction.on_commit(lambda: wake(send_password_links))

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        raise PermissionDenied

    @admin.action(description=_("Mail a link to set a new password"), permissions=["change"])
    def mail_link(self, request: HttpRequest, rows: Any) -> None:
        sent = 0
        for user in rows:
            if self.has_change_permission(request, user) and user.email and user.is_active:
                send_link_to(user=user, at=timezone.now(), by=actor(request))
                sent += 1
        transaction.on_commit(lambda: wake(send_password_links))
        self.message_user(
            request,
            gettext("A link goes to {sent} of {rows} people.").format(sent=sent, rows=len(rows)),
        )

    @admin.action(
        description=_("End a lost second factor, and mail a link to set a new password"),
        permissions=["change"],
    )
    def end_second_factor(self, request: HttpRequest, rows: Any) -> None:
        ended = 0
        for user in rows:
            if self.has_change_permission(request, user) and second_factor.is_set(user):
                start_anew(user=user, at=timezone.now(), by=actor(request))
                ended += 1
        transaction.on_commit(lambda: wake(send_password_links))
        self.message_user(
            request,
            gettext("The second factor of {ended} of {rows} people has ended.").format(
                ended=ended, rows=len(rows)
            ),
        )


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
        (_("Document"), {"fields": ["number", "issuer", "document"]}),
        (_("How long and how deep"), {"fields": ["valid_from", "expires_on", "depth_max_mm"]}),
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
