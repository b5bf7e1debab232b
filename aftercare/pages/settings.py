"""What we may send, and the way out of it: by a page, or by one POST of the mail program."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from aftercare.models import AddressConsent, AddressSource, Message
from aftercare.pages.base import (
    FORM_IS_OLD,
    TOO_OFTEN,
    has_opened,
    has_written_enough,
    is_from_our_form,
    lead_to,
    of_patient,
    show,
)
from aftercare.replies import opt_out
from aftercare.replies.address import lock_name, normalize_address
from aftercare.texts import links
from clinic.db.locks import lock
from clinic.db.retries import retried_transaction
from patients.models import Channel, ContactConsent, Patient, Purpose
from patients.services import record_contact_consent
from patients.services.contact import lock_name as consent_lock_name

PURPOSES = {
    Purpose.CARE: _("Appointments and aftercare"),
    Purpose.RECALL: _("Reminders of check-ups and offers"),
}
CHANNELS = {
    Channel.EMAIL: pgettext_lazy("a way to write to a patient", "E-mail"),
    Channel.SMS: pgettext_lazy("a way to write to a patient", "SMS"),
}


@dataclass(frozen=True)
class Choice:
    """One box: a purpose on a channel. What the patient cannot change here says why (`locked`)."""

    channel: Channel
    purpose: Purpose
    address: str
    masked: str
    is_on: bool
    refusal: AddressConsent | None
    granted: bool
    locked: str = ""

    @property
    def name(self) -> str:
        return f"{self.channel}-{self.purpose}"


@of_patient("GET", "HEAD", "POST")
def settings(request: HttpRequest, message: Message) -> HttpResponse:
    """Show what is agreed to; a POST records exactly what was changed. To get offers takes the
    birth date: whoever holds the link must not agree to advertising for somebody else."""
    at = timezone.now()
    is_open = has_opened(request, message, at=at)
    problem: str | Promise = ""
    status = 200
    if request.method == "POST":
        if not is_from_our_form(request, message):
            problem, status = FORM_IS_OLD, 403
        elif has_written_enough(message, at=at):
            problem, status = TOO_OFTEN, 429
        else:
            asked = choose(
                message,
                ticked=set(request.POST),
                shown=_shown(request),
                may_advertise=is_open,
                at=at,
            )
            if asked:
                return lead_to(message, "birth-date/", next="settings/")
            return lead_to(message, "settings/", done="saved")
    choices = choices_of(message.patient)
    is_saved = request.GET.get("done") == "saved"
    return show(
        request,
        message,
        "settings",
        status=status,
        purposes=[
            {
                "label": PURPOSES[purpose],
                "is_care": purpose == Purpose.CARE,
                "choices": [
                    {
                        "name": choice.name,
                        "label": CHANNELS[choice.channel],
                        "masked": choice.masked,
                        "is_on": choice.is_on,
                        "locked": choice.locked,
                    }
                    for choice in choices
                    if choice.purpose == purpose
                ],
            }
            for purpose in Purpose
        ],
        has_choices=bool(choices),
        nothing_warns=not any(one.is_on for one in choices if one.purpose == Purpose.CARE),
        is_open=is_open,
        notice=gettext("Saved. This counts from now on.") if is_saved else "",
        problem=problem,
    )


@of_patient("GET", "HEAD", "POST", ends=False)
def preferences(request: HttpRequest, message: Message) -> HttpResponse:
    """The address of before, which stands in mails that were sent, and in forms that are open."""
    asked = request.META.get("QUERY_STRING", "")
    url = f"/p/{links.token_for(message)}/settings/{'?' if asked else ''}{asked}"
    return HttpResponsePermanentRedirect(url, preserve_request=True)


@of_patient("GET", "HEAD", "POST", ends=False)
def unsubscribe(request: HttpRequest, message: Message) -> HttpResponse:
    """End this kind of message to this address. A mail program sends one POST (RFC 8058), without
    cookies or a form of ours; a person presses the button. Never ends, and ends what went to that
    address, whatever the record says by now."""
    address = normalize_address(message.channel, links.sent_to(message))
    refusal = (
        opt_out.refusal(channel=message.channel, address=address, purpose=message.step.purpose)
        if address
        else None
    )
    if request.method == "POST" and address and refusal is None:
        opt_out.record(
            channel=message.channel,
            address=address,
            purposes=[message.step.purpose],
            granted=False,
            source=AddressSource.UNSUBSCRIBE_LINK,
            wording="List-Unsubscribe=One-Click"
            if request.POST.get("List-Unsubscribe") == "One-Click"
            else "the button of the unsubscribe page",
            at=timezone.now(),
            message=message,
        )
    return show(
        request,
        message,
        "unsubscribe",
        title=gettext("No more texts of this kind")
        if message.channel == Channel.SMS
        else gettext("No more e-mails of this kind"),
        is_done=request.method == "POST" or refusal is not None,
        masked=masked(message.channel, address),
        purpose=PURPOSES[Purpose(message.step.purpose)],
        is_care=message.step.purpose == Purpose.CARE,
    )


def choices_of(patient: Patient) -> list[Choice]:
    """Every box for the addresses that the patient has. Takes three queries."""
    granted = {
        (word.channel, word.purpose)
        for word in ContactConsent.objects.filter(patient=patient).current()
        if word.granted
    }
    choices = []
    for channel, raw in ((Channel.EMAIL, patient.email), (Channel.SMS, str(patient.mobile or ""))):
        if not raw:
            continue
        address = normalize_address(channel, raw)
        words = AddressConsent.objects.last_words(channel=channel, address=address)
        for purpose in Purpose:
            word = words.get(purpose)
            refusal = word if word and not word.granted else None
            choices.append(
                Choice(
                    channel=channel,
                    purpose=purpose,
                    address=address,
                    masked=masked(channel, address),
                    is_on=(channel, purpose) in granted and refusal is None,
                    refusal=refusal,
                    granted=(channel, purpose) in granted,
                    locked=_why_locked(refusal),
                )
            )
    return choices


@retried_transaction
def choose(
    message: Message,
    *,
    ticked: set[str],
    shown: set[str] | None,
    may_advertise: bool,
    at: datetime,
) -> bool:
    """Record the boxes that the patient has changed, by their names. `shown` are those that were
    ticked when the page was opened: a box that another page has changed since stays as that left
    it. Locks first, so a form that is sent twice is recorded once.

    Returns whether something was left as it was because it is not to be switched on here.
    """
    patient = message.patient
    addresses = {(choice.channel, choice.address) for choice in choices_of(patient)}
    lock(consent_lock_name(patient.pk), *(lock_name(*address) for address in addresses))
    is_held = False
    for choice in choices_of(patient):
        was_on = choice.is_on if shown is None else choice.name in shown
        wanted = choice.name in ticked
        if wanted == was_on or wanted == choice.is_on or choice.locked:
            continue
        if wanted and choice.purpose == Purpose.RECALL and not may_advertise:
            is_held = True
        else:
            _record(choice, message, granted=wanted, at=at)
    return is_held


def _shown(request: HttpRequest) -> set[str] | None:
    """What the form says that it showed; None if it is from before forms said so."""
    return set(request.POST.getlist("shown")) if "shown" in request.POST else None


def _why_locked(refusal: AddressConsent | None) -> str:
    if refusal is None or not opt_out.WEIGHT[refusal.source]:
        return ""
    if refusal.source == AddressSource.REPLY:
        return gettext("This number has sent STOP. To get texts again, send START from it.")
    if refusal.source == AddressSource.NOT_THEIRS:
        return gettext("We were told that this is not yours. Please call us to correct it.")
    return gettext("Messages to this address came back. Please call us to correct it.")


def _record(choice: Choice, message: Message, *, granted: bool, at: datetime) -> None:
    """The patient's own word; and a yes also takes back what was chosen for the address here."""
    wording = f"Settings page: {choice.channel.label}, {choice.purpose.label}"
    if choice.granted != granted:
        record_contact_consent(
            patient_id=message.patient_id,
            channel=choice.channel,
            purpose=choice.purpose,
            granted=granted,
            wording=wording,
            at=at,
            by=None,
        )
    if granted and choice.refusal:
        opt_out.record(
            channel=choice.channel,
            address=choice.address,
            purposes=[choice.purpose],
            granted=True,
            source=AddressSource.PREFERENCES,
            wording=wording,
            at=at,
            message=message,
        )


def masked(channel: str, address: str) -> str:
    """Enough to know an address by, for whoever has it anyway."""
    if channel == Channel.SMS:
        return f"•••{address[-3:]}"
    name, _, domain = address.partition("@")
    return f"{name[:1]}•••@{domain[:1]}•••" if domain else "•••"
