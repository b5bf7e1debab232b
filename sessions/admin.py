"""Catalogues, plans, sessions and charts, in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from clinic.admin import ClinicAdmin, ReadOnlyInline, ScopedFields, ServiceAdmin
from clinic.errors import DomainError
from clinic.permissions import actor
from sessions import services
from sessions.lifecycle import NEXT, Status
from sessions.models import (
    Area,
    Protocol,
    SessionEvent,
    TreatmentPlan,
    TreatmentSession,
    Zone,
    ZoneTreatment,
)


class ZoneInline(TabularInline):
    model = Zone
    extra = 0


@admin.register(Area)
class AreaAdmin(ClinicAdmin):
    list_display = ["name", "code"]
    search_fields = ["name", "code"]
    inlines = [ZoneInline]


@admin.register(Zone)
class ZoneAdmin(ClinicAdmin):
    list_display = ["name", "area", "depth_min_mm", "depth_max_mm", "note"]
    list_filter = ["area"]
    list_select_related = ["area"]
    search_fields = ["name", "code"]


@admin.register(Protocol)
class ProtocolAdmin(ClinicAdmin):
    list_display = [
        "name",
        "concern",
        "area",
        "depth_min_mm",
        "depth_max_mm",
        "planned_sessions",
        "hard_min_days",
        "target_days",
        "is_active",
    ]
    list_filter = ["area", "concern", "is_active"]
    list_select_related = ["area", "concern"]
    search_fields = ["name", "code"]


@admin.register(TreatmentPlan)
class TreatmentPlanAdmin(ServiceAdmin):
    list_display = ["patient", "protocol", "area", "practitioner", "planned_sessions", "created_at"]
    list_filter = ["area", "concern"]
    list_select_related = ["patient", "protocol", "area", "practitioner"]
    search_fields = ["patient__family_name", "patient__given_name", "protocol__name"]
    autocomplete_fields = ["patient", "concern", "area", "protocol"]
    ordering = ["-id"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["patient", "concern", "area", "protocol", "practitioner"]
        return [*fields, "planned_sessions"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["patient", "concern", "area", "protocol"] if obj else []

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> TreatmentPlan:
        return services.create_plan(**data, by=actor(request))


class SessionEventInline(ReadOnlyInline):
    model = SessionEvent
    fields = ["at", "old_status", "new_status", "by", "reason"]
    readonly_fields = fields
    ordering = ["id"]
    verbose_name_plural = "history"


class ZoneTreatmentInline(ScopedFields, TabularInline):
    """The chart: open while the session is in progress, read-only before and after."""

    model = ZoneTreatment
    extra = 0
    hide_title = True
    fields = ["zone", "depth_mm", "passes", "endpoint", "note"]
    verbose_name_plural = "chart"

    def _is_open(self, obj: Any) -> bool:
        return obj is not None and obj.status == Status.IN_PROGRESS

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and super().has_delete_permission(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if obj is not None and "zone" in formset.form.base_fields:
            formset.form.base_fields["zone"].queryset = obj.area.zones.all()
        return formset


STATUS_COLOURS = {
    Status.BOOKED: "info",
    Status.CONFIRMED: "success",
    Status.CHECKED_IN: "warning",
    Status.IN_PROGRESS: "warning",
    Status.COMPLETED: "success",
    Status.NO_SHOW: "danger",
}


@admin.register(TreatmentSession)
class TreatmentSessionAdmin(ServiceAdmin):
    list_display = ["when", "patient", "area", "practitioner", "room", "device", "shown_status"]
    list_filter = ["status", ("starts_at", RangeDateTimeFilter), "practitioner", "room"]
    list_select_related = ["clinic", "patient", "area", "practitioner", "room", "device"]
    search_fields = ["patient__family_name", "patient__given_name"]
    autocomplete_fields = ["plan"]
    inlines = [ZoneTreatmentInline, SessionEventInline]
    ordering = ["-starts_at", "id"]
    actions_submit_line = [
        "confirm",
        "check_in",
        "start_treatment",
        "complete",
        "cancel",
        "no_show",
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return [
                *("plan", "starts_at", "practitioner", ("room", "device")),
                "spacing_override_reason",
            ]
        return [
            ("status", "when"),
            ("patient", "plan"),
            ("practitioner", "recovers_at"),
            ("room", "device"),
            ("completed_at", "rescheduled_from"),
            "spacing_override_reason",
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        rows = self.get_fields(request, obj) if obj else []
        return [name for row in rows for name in ([row] if isinstance(row, str) else row)]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return self.inlines if obj else []

    @display(description="starts at (clinic time)", ordering="starts_at")
    def when(self, session: TreatmentSession) -> str:
        return f"{session.starts_at_local:%a %d %b %Y, %H:%M}"

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, session: TreatmentSession) -> tuple[str, str]:
        return session.status, session.get_status_display()

    def add_by_service(self, request: HttpRequest, data: dict[str, Any]) -> TreatmentSession:
        details = {name: value for name, value in data.items() if name != "plan"}
        return services.book_session(
            plan_id=data["plan"].pk, **details, at=timezone.now(), by=actor(request)
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """First the chart is saved, then the pressed button moves the session."""
        super().save_related(request, form, formsets, change)
        for pressed in self.get_actions_submit_line(request, form.instance.pk):
            if change and pressed.action_name in request.POST:
                pressed.method(request, form.instance)

    def _filter_unfold_actions_by_permissions(
        self, request: HttpRequest, actions: list[Any], object_id: Any = None
    ) -> list[Any]:
        """Only the moves that are legal from where the session is."""
        allowed = super()._filter_unfold_actions_by_permissions(request, actions, object_id)
        status = TreatmentSession.objects.filter(pk=object_id).values_list("status", flat=True)
        legal = NEXT.get(status.first() or "", frozenset())
        return [a for a in allowed if MOVES.get(a.method.__name__) in legal]

    def _move(self, request: HttpRequest, session: TreatmentSession, to: Status) -> None:
        try:
            services.move_session(
                session_id=session.pk, to=to, at=timezone.now(), by=actor(request)
            )
        except DomainError as error:
            messages.error(request, error.message)

    def has_treat_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.treat")

    @action(description="Confirm", permissions=["change"])
    def confirm(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.CONFIRMED)

    @action(description="Check in", permissions=["change"])
    def check_in(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.CHECKED_IN)

    @action(description="Start", permissions=["treat"])
    def start_treatment(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.IN_PROGRESS)

    @action(description="Complete", permissions=["treat"])
    def complete(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.COMPLETED)

    @action(description="Cancel session", permissions=["change"])
    def cancel(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.CANCELLED)

    @action(description="No-show", permissions=["change"])
    def no_show(self, request: HttpRequest, obj: TreatmentSession) -> None:
        self._move(request, obj, Status.NO_SHOW)


MOVES = {
    "confirm": Status.CONFIRMED,
    "check_in": Status.CHECKED_IN,
    "start_treatment": Status.IN_PROGRESS,
    "complete": Status.COMPLETED,
    "cancel": Status.CANCELLED,
    "no_show": Status.NO_SHOW,
}
