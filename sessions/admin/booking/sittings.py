"""Several areas in one sitting: booked in one go, shown with each other, and left out."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.forms import CharField, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from clinic.accounts.signing import FIELD
from clinic.admin.lists.lookups import OwnAutocompleteSelectMultiple
from clinic.admin.reads import once_each
from clinic.permissions import actor
from sessions import services
from sessions.admin.booking.visits import NOW
from sessions.admin.record.signer import is_asked_when_booking, signer_field
from sessions.lifecycle import NEXT, Status
from sessions.models import Kind, TreatmentPlan, TreatmentSession

GOING_ON = [status for status in Status if NEXT[status]]
MOST = 5  # further areas


class BookingForm(ModelForm):  # type: ignore[type-arg]
    side_effect_override_reason = CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("Reason to book all the same"),
        help_text=_(
            "Only from a practitioner: before a side effect is resolved, although the last "
            "screening rules the patient out, or although it was decided against."
        ),
    )

    class Meta:
        labels = {"spacing_override_reason": _("Reason to come sooner")}
        help_texts = {
            "spacing_override_reason": _(
                "Only from a practitioner: why the skin need not wait for the hard minimum of days."
            ),
            "starts_at": NOW,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].required = False


def further_plans_field(request: HttpRequest, model: type[Model], label: str, words: str) -> Any:
    """The plans of other areas, of whom the caller may book for."""
    return ModelMultipleChoiceField(
        queryset=TreatmentPlan.objects.with_booking_facts().visible_to(actor(request)),
        required=False,
        widget=OwnAutocompleteSelectMultiple(model._meta.get_field("plan"), admin.site),
        label=label,
        help_text=words,
    )


def booking_form(request: HttpRequest) -> type[BookingForm]:
    words = gettext("Plans of the same patient for other areas: all are booked, or none.")
    field = further_plans_field(
        request, TreatmentSession, gettext("Also treat in this sitting"), words
    )
    fields: dict[str, Any] = {"further_plans": field}
    if is_asked_when_booking(request):
        fields[FIELD] = signer_field(gettext("This clinic asks who books in spite of a rule."))
    return type("BookingForm", (BookingForm,), fields)


class SkipForm(ModelForm):  # type: ignore[type-arg]
    skip_reason = CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("Why this area is left out"),
        help_text=_("Then press Leave out: the other areas stay booked."),
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        pressed = any(name.rpartition("_")[2] == "skip" for name in self.data)
        if data.get("skip_reason") and not pressed:
            self.add_error("skip_reason", gettext("Press Leave out as well, or take it out."))
        return data


class SittingPages:
    """For the page of sessions: the other areas of a sitting, and the button that leaves one out.

    What is typed for the further plans is told at their one field, whichever it was.
    """

    typed_as = {
        "reason": "skip_reason",
        **{f"further_plans/{number}": "further_plans" for number in range(MOST)},
    }

    def may_skip(self, request: HttpRequest, session: TreatmentSession) -> bool:
        may_change: bool = self.has_change_permission(request, session)  # type: ignore[attr-defined]
        if not may_change or Status.CANCELLED not in NEXT[session.status]:
            return False
        others = sitting(session).exclude(pk=session.pk)
        return bool(others.filter(status__in=GOING_ON).exists())

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        shown: list[Any] = super().get_actions_submit_line(request, object_id)  # type: ignore[misc]
        others = [button for button in shown if button.method.__name__ != "skip"]
        if len(others) == len(shown):
            return shown
        session = self.get_object(request, unquote(str(object_id)))  # type: ignore[attr-defined]
        return shown if self.may_skip(request, session) else others

    @display(description=_("areas of this sitting"))
    def areas_treated(self, session: TreatmentSession) -> str:
        rows = [
            (
                reverse("admin:treatment_sessions_treatmentsession_change", args=[row.pk]),
                row.about,
                row.get_status_display().lower(),
            )
            for row in sitting(session).select_related("area").order_by("sitting", "pk")
        ]
        return format_html_join(
            "", '<p class="mb-2"><a class="text-primary-600" href="{}">{}</a>: {}</p>', rows
        )

    @action(description=_("Leave out"), permissions=["change"])
    def skip(self, request: HttpRequest, obj: TreatmentSession) -> None:
        reason = request.POST.get("skip_reason", "")
        self.press(request, services.skip_area, session_id=obj.pk, reason=reason)  # type: ignore[attr-defined]


def sitting(session: TreatmentSession) -> Any:
    return TreatmentSession.objects.of_sitting(session.pk)


@once_each
def has_several_areas(session: TreatmentSession) -> bool:
    if session.kind != Kind.TREATMENT:
        return False
    return session.sitting_id is not None or session.further_areas.exists()
