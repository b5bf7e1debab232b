"""The staff inbox and the ledger of addresses, in the admin."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.forms import BooleanField, CharField, ChoiceField, ModelChoiceField, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.text import Truncator, format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from aftercare.models import LONGEST_ANSWER, AddressConsent, InboundMessage, StaffAnswer
from aftercare.replies.inbox import candidates, handle
from aftercare.services import answer_reply
from aftercare.texts.checks import MOST_IN_SMS
from clinic.admin import ClinicAdmin, FixedRows, ReadOnly, ReadOnlyInline, StatusButtons
from clinic.admin.words import AGREED, badge, yes_no_column
from clinic.errors import DomainError
from clinic.permissions import actor
from patients.models import Channel, Patient

OPT_OUT = yes_no_column("maybe_opt_out", _("opt-out"), yes=(_("Maybe"), "warning"), no=("", ""))


class AnswerForm(ModelForm):  # type: ignore[type-arg]
    """What the buttons below it send."""

    answer_text = CharField(
        required=False,
        max_length=LONGEST_ANSWER,
        widget=UnfoldAdminTextareaWidget,
        label=_("Your answer"),
        help_text=format_lazy(
            _(
                "An SMS of up to {number} characters that tells nothing of skin has the "
                "words, in two parts at most; any other has a link to them. Name no place on the "
                "body and nothing that was put on it."
            ),
            number=MOST_IN_SMS,
        ),
    )
    answer_channel = ChoiceField(
        required=False,
        choices=[("", _("As the patient wrote")), *Channel.choices],
        widget=UnfoldAdminSelectWidget,
        label=_("By"),
    )
    answer_patient = ModelChoiceField(
        Patient.objects.none(),
        required=False,
        empty_label=_("Whoever has written"),
        widget=UnfoldAdminSelectWidget,
        label=_("To"),
        help_text=_("Of several at one number, say whom."),
    )
    answer_anyway = BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        label=_("Answer anyway"),
        help_text=_("Also if somebody else has answered."),
    )
    note = CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        label=_("What was found and done"),
        help_text=_("For the record, when it is handled."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["answer_patient"]
        choices.queryset = Patient.objects.filter(
            pk__in=[one.pk for one in self.instance.candidates]
        )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("answer_text") and not any("_answer" in name for name in self.data):
            self.add_error("answer_text", gettext("Press “Send answer” as well, or take it out."))
        return data


class StaffAnswerInline(ReadOnlyInline):
    model = StaffAnswer
    fields = ["answered_at", "answered_by", "text", "channel", "as_link", "sms_parts", "status"]
    readonly_fields = fields
    ordering = ["id"]

    @display(description=_("status"))
    def status(self, answer: StaffAnswer) -> str:
        """Of each message that tells it."""
        return ", ".join(
            f"{message.get_channel_display()}: {message.get_status_display()}"
            for message in answer.messages.order_by("id")
        )


class WaitingFilter(admin.SimpleListFilter):
    """What waits, unless somebody asks for more or searches: of all there ever was, that is a few
    rows, which an index has."""

    title = _("handled")
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", gettext("Waiting")), ("yes", gettext("Handled")), ("all", gettext("All"))]

    def value(self) -> str:
        return super().value() or ("all" if self.request.GET.get("q") else "no")

    def choices(self, changelist: Any) -> Iterator[Any]:
        _, *ours = super().choices(changelist)  # without Django's own "All"
        yield from ours

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        if self.value() == "no":
            return rows.waiting()
        return rows.filter(is_handled=True) if self.value() == "yes" else rows


@admin.register(InboundMessage)
class InboxAdmin(StatusButtons, FixedRows, ClinicAdmin):
    """What nobody has looked after yet. Nobody is guessed: a number that several patients share
    shows all of them."""

    form = AnswerForm
    typed_as = {
        "text": "answer_text",
        "channel": "answer_channel",
        "patient": "answer_patient",
        "anyway": "answer_anyway",
    }
    inlines = [StaffAnswerInline]
    buttons = {"answer": "", "answer_and_handled": "HANDLED", "handled": "HANDLED"}
    actions_submit_line = list(buttons)
    actions = ["all_handled"]
    list_display = ["received_at", "who", "excerpt", "keyword", OPT_OUT, "shown_status"]
    ordering = ["-id"]
    everything, nothing = "handled=all", _("Nothing waits")
    list_filter = [WaitingFilter, "keyword", "maybe_opt_out", "audience"]
    list_select_related = ["patient", "clinic", "task"]
    search_fields = ["sender", "body", "patient__family_name", "patient__given_name"]
    fields = [
        *("received_at", "channel", "sender", "may_be", "body", "keyword", OPT_OUT),
        *("reply", "message", "task", "clinic", "handled_at", "handled_by", "handled_note"),
    ]
    readonly_fields = fields
    answer_fields = [
        *("answer_text", ("answer_channel", "answer_patient"), "answer_anyway", "note"),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [
            (None, {"fields": self.fields}),
            (gettext("Answer the patient"), {"fields": self.answer_fields}),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """What is typed goes out with a button, so there is nothing to save."""
        context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_handled()

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Answered can be at any time; handled, as long as there is something to look after."""
        shown: list[Any] = super(StatusButtons, self).get_actions_submit_line(request, object_id)
        inbound = self.get_object(request, unquote(str(object_id))) if object_id else None
        if inbound and not inbound.is_handled:
            return shown
        return [button for button in shown if button.method.__name__ == "answer"]

    @display(description=_("from"))
    def who(self, inbound: InboundMessage) -> str:
        return str(inbound.patient or inbound.sender)

    @display(description=_("text"))
    def excerpt(self, inbound: InboundMessage) -> str:
        return Truncator(inbound.body).chars(80)

    @display(description=_("status"))
    def shown_status(self, inbound: Any) -> str:
        return (
            badge(gettext("Handled"), "success")
            if inbound.is_handled
            else badge(gettext("Waiting"), "warning")
        )

    @display(description=_("may be from"))
    def may_be(self, inbound: InboundMessage) -> str:
        return format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            [
                (reverse("admin:patients_patient_change", args=[patient.pk]), patient)
                for patient in inbound.candidates
            ],
        )

    def read_more(self, request: HttpRequest, row: InboundMessage) -> None:
        candidates([row], user=actor(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What came in is never edited; only the button does something."""

    def before_pressing(self, request: HttpRequest, form: Any) -> None:
        form.instance.typed = form.cleaned_data

    def press_result(self, pressed: str, obj: Any) -> str:
        if pressed == "Handled":
            return "handled."
        sent = obj.answers.latest("id")
        link = gettext(" as a link") if sent.as_link else ""
        cost = (
            gettext(" in {sms_parts} parts").format(sms_parts=sent.sms_parts)
            if (sent.sms_parts or 0) > 1
            else ""
        )
        return gettext("answered by {channel}{link}{cost}.").format(
            channel=sent.get_channel_display(), link=link, cost=cost
        )

    @action(description=_("Send answer"), permissions=["change"])
    def answer(self, request: HttpRequest, obj: InboundMessage) -> None:
        self._answer(request, obj, finish=False)

    @action(description=_("Send answer, handled"), permissions=["change"])
    def answer_and_handled(self, request: HttpRequest, obj: InboundMessage) -> None:
        self._answer(request, obj, finish=True)

    def _answer(self, request: HttpRequest, obj: Any, *, finish: bool) -> None:
        typed, patient = obj.typed, obj.typed["answer_patient"]
        self.press(
            request,
            answer_reply,
            inbound_id=obj.pk,
            text=typed["answer_text"],
            channel=typed["answer_channel"],
            patient=patient and patient.pk,
            anyway=typed["answer_anyway"],
            finish=finish,
            note=typed["note"],
        )

    @action(description=_("Handled"), permissions=["change"])
    def handled(self, request: HttpRequest, obj: Any) -> None:
        self.press(request, handle, inbound_id=obj.pk, note=obj.typed["note"])

    @admin.action(description=_("Handled"), permissions=["change"])
    def all_handled(self, request: HttpRequest, rows: Any) -> None:
        done = 0
        for inbound in rows:
            try:
                handle(inbound_id=inbound.pk, at=timezone.now(), by=actor(request))
                done += 1
            except DomainError as error:
                messages.error(request, f"{inbound}: {error.message}")
        if done:
            messages.success(request, gettext("{done} handled.").format(done=done))


@admin.register(AddressConsent)
class AddressConsentAdmin(ReadOnly, ClinicAdmin):
    """The last word on an address counts. New ones come from patients, providers, and the API."""

    list_display = ["recorded_at", "address", "purpose", AGREED, "source", "wording"]
    list_filter = ["channel", "purpose", "granted", "source"]
    search_fields = ["address"]
    ordering = ["-id"]
