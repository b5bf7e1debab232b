"""Who was told that a lot is recalled, in the admin.

The page of a lot stands in the app at the bottom, which knows nothing of messages. Here it is
registered once more.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from aftercare.models import RecallNotice, RecallState
from aftercare.services import tell_patients
from aftercare.services.recall import progress_of
from clinic.admin import ClinicAdmin, ReadOnly, StatusButtons
from clinic.admin.base import OfTheirClinics
from clinic.admin.site import CartridgeLotAdmin
from clinic.admin.words import badge
from clinic.models import CartridgeLot
from clinic.permissions import may_see

COLOURS: dict[str, str] = {
    RecallState.WAITING: "info",
    RecallState.TOLD: "info",
    RecallState.READ: "success",
    RecallState.SILENT: "danger",
    RecallState.UNREACHABLE: "danger",
    RecallState.CALLED: "success",
}
LIST = "admin:aftercare_recallnotice_changelist"

admin.site.unregister(CartridgeLot)


@admin.register(CartridgeLot)
class RecalledLotAdmin(StatusButtons, CartridgeLotAdmin):
    """Of a lot that is recalled: how many of its patients stand where, and a button to say it
    again."""

    buttons = {"tell": ""}
    actions_submit_line = ["tell"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_fields(request, obj)
        return [*fields, "patients_told"] if _shows(request, obj) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "patients_told"]

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        shown: list[Any] = super(StatusButtons, self).get_actions_submit_line(request, object_id)
        lot = self.get_object(request, unquote(str(object_id))) if object_id else None
        return shown if lot and lot.recalled_at else []

    @display(description=_("patients"))
    def patients_told(self, lot: CartridgeLot) -> str:
        counts = progress_of(lot)
        address = f"{reverse(LIST)}?lot__id__exact={lot.pk}"
        each = format_html_join(
            "",
            '<li><a href="{}&state={}">{}: {}</a></li>',
            (
                (address, state.value, state.label, counts[state.lower()])
                for state in RecallState
                if counts[state.lower()]
            ),
        )
        return format_html(
            '<p><a href="{}">{} affected</a></p><ul>{}</ul>{}',
            address,
            counts["affected"],
            each,
            _going_on(counts["cartridges_left"]),
        )

    def press_result(self, pressed: str, obj: Any) -> str:
        waiting = _going_on(progress_of(obj)["cartridges_left"])
        return (
            gettext("being told. {waiting}").format(waiting=waiting)
            if waiting
            else gettext("told whom it had not reached.")
        )

    @action(description=_("Tell patients again"), permissions=["change"])
    def tell(self, request: HttpRequest, obj: CartridgeLot) -> None:
        """Nobody who was told is told twice."""
        self.press(request, tell_patients, lot_id=obj.pk)


def _going_on(cartridges_left: int) -> str:
    if not cartridges_left:
        return ""
    return gettext(
        "{number} cartridges are still to be looked at: a worker takes some minutes."
    ).format(number=format(cartridges_left, ","))


def _shows(request: HttpRequest, lot: CartridgeLot | None) -> bool:
    may = request.user.has_perm("aftercare.view_recallnotice")
    return may and lot is not None and lot.recalled_at is not None


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return RecallState.choices

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(state=self.value()) if self.value() else rows


@admin.register(RecallNotice)
class RecallNoticeAdmin(ReadOnly, ClinicAdmin):
    """One row a patient and recalled lot."""

    list_display = ["patient", "lot", "shown_state", "issued_at", "told_at", "read_at", "called_at"]
    list_filter = [StateFilter, ("lot", OfTheirClinics)]
    list_select_related = ["patient", "lot"]
    search_fields = ["patient__family_name", "patient__given_name", "lot__lot"]
    ordering = ["-id"]
    whole = [
        *("lot", "patient", "session", "shown_state", "issued_at", "told_at", "read_at"),
        *("call_asked_at", "call_reason", "called_at", "called_by"),
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What a patient said of the skin is not for the desk."""
        patient_id = obj and obj.patient_id
        may = may_see(request.user, "treatment_sessions.view_sideeffect", patient_id)
        return [*self.whole, "outcome"] if may else self.whole

    @display(description=_("state"), ordering="state")
    def shown_state(self, notice: RecallNotice) -> str:
        return badge(RecallState(notice.state).label, COLOURS[notice.state])
