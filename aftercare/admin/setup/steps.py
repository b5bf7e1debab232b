"""The steps of the first run. Nobody ticks one: each is done when the database says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from aftercare.models import CareStep, Message, MessageStatus, MessageTemplate
from clinic.models import (
    Clinic,
    Device,
    Heartbeat,
    OnCallShift,
    OpeningHours,
    Role,
    Room,
    User,
)
from clinic.values.moments import date_in_words
from patients.models import Channel, ConsentText, ScreeningRule
from sessions.models import Protocol, TriageSignature

TRIED = "try-"  # of the name under which it is kept when a provider has last taken a test message
ARRIVED = (MessageStatus.SENT, MessageStatus.DELIVERED)
NEEDED = (Role.MANAGER, Role.PRACTITIONER, Role.RECEPTIONIST)


@dataclass(frozen=True)
class Step:
    """`address` is where it is done, for whoever may; else `who` says who does."""

    title: str
    is_done: bool
    words: str
    address: str = ""
    who: str = ""
    channel: str = ""  # of a provider, which a test message tries


@dataclass(frozen=True)
class _Doors:
    """Where the caller may do something."""

    user: User

    def to(self, model: str, *, is_done: bool = True) -> str:
        """The list of what is there, or the form for a new one: as far as the caller may."""
        app, name = model.split(".")
        do, page = ("view", "changelist") if is_done else ("add", "add")
        may = self.user.has_perm(f"{app}.{do}_{name}")
        return reverse(f"admin:{app}_{name}_{page}") if may else ""

    def to_clinic(self, clinic: Clinic | None) -> str:
        if clinic is None:
            return self.to("clinic.clinic", is_done=False)
        may = self.user.has_perm("clinic.change_clinic")
        return reverse("admin:clinic_clinic_change", args=[clinic.pk]) if may else ""


def read_steps(user: User, at: datetime) -> list[Step]:
    """In the order in which they are done, with a fixed number of statements."""
    doors, clinics = _Doors(user), list(Clinic.objects.visible_to(user).order_by("id")[:2])
    clinic = clinics[0] if clinics else None
    of_clinic = doors.to_clinic(clinic)
    if clinic is None:
        words = gettext("Add the clinic: all else belongs to it. You work there from then on.")
        return [
            Step(
                gettext("The clinic"),
                False,
                words,
                of_clinic,
                gettext("A technical admin adds it."),
            )
        ]
    here = {"clinic__in": user.clinic_ids}
    room = Room.objects.filter(**here, is_active=True).exists()
    device = Device.objects.filter(**here, is_active=True).exists()
    on_call = OnCallShift.objects.filter(**here, ends_at__gt=at).exists()
    return [
        _site(user, of_clinic),
        Step(
            gettext("Opening hours"),
            OpeningHours.objects.filter(**here).exists(),
            gettext(
                "When the clinic is open. Who has no working hours of their own treats all that "
                "time."
            ),
            of_clinic,
        ),
        Step(
            "A room",
            room,
            gettext("Where patients are treated: no room is booked twice."),
            doors.to("clinic.room", is_done=room),
        ),
        Step(
            "A device",
            device,
            gettext("With its serial number; its model says how deep it goes."),
            doors.to("clinic.device", is_done=device),
        ),
        _staff(user, doors),
        *(_provider(channel, here) for channel in Channel),
        *_words(doors),
        Step(
            gettext("Somebody on call"),
            on_call,
            gettext("Who is told of an emergency that a patient reports, day and night."),
            doors.to("clinic.oncallshift", is_done=on_call),
            gettext("A manager plans it."),
        ),
    ]


def _site(user: User, address: str) -> Step:
    incomplete = Q(phone="") | Q(email="") | Q(address="")
    return Step(
        gettext("The clinic"),
        not Clinic.objects.visible_to(user).filter(incomplete).exists(),
        gettext("Its name, time zone, telephone, e-mail and address, as patients read them."),
        address,
    )


def _staff(user: User, doors: _Doors) -> Step:
    """Who is there, and who was invited and has not come in yet."""
    people = User.objects.visible_to(user).people().filter(is_active=True)
    rows = list(people.values_list("role", "password"))
    roles = {role for role, _ in rows}
    missing = [str(role.label).lower() for role in NEEDED if role not in roles]
    waiting = sum(password.startswith("!") for _, password in rows)
    words = gettext("Each gets a link by mail and chooses the own password.")
    if missing:
        words = gettext("Still missing: {missing}. {words}").format(
            missing=", ".join(missing), words=words
        )
    if waiting:
        words += " " + ngettext(
            "{n} of those invited has not done so yet.",
            "{n} of those invited have not done so yet.",
            waiting,
        ).format(n=waiting)
    return Step(gettext("Staff"), not missing, words, doors.to("clinic.user", is_done=not missing))


def _provider(channel: Channel, here: dict[str, Any]) -> Step:
    """True once a provider has taken a message: a test, or one to a patient."""
    is_email = channel == Channel.EMAIL
    name = gettext("EMAIL_URL or EMAIL_PROVIDER") if is_email else "SMS_PROVIDER"
    if not is_email and settings.SMS_PROVIDER == "capture":
        words = gettext("SMS go nowhere: name a provider in the environment, SMS_PROVIDER.")
        return Step("SMS", False, words, who=gettext("Whoever runs the server does this."))
    sent = Message.objects.filter(**here, channel=channel, status__in=ARRIVED)
    tried = Heartbeat.objects.filter(name=f"{TRIED}{channel}").first()
    words = gettext(
        "The provider is named in the environment ({name}). A test message shows that it works."
    ).format(name=name)
    if tried:
        words = gettext("The provider has taken a test message on {day} at {time} UTC.").format(
            day=date_in_words(tried.seen_at, "j M Y"), time=f"{tried.seen_at:%H:%M}"
        )
    return Step(
        gettext("E-mail") if is_email else "SMS",
        tried is not None or sent.exists(),
        words,
        channel=channel,
    )


def _words(doors: _Doors) -> list[Step]:
    """What is read and what is asked: the catalogue, the texts, and who answers for the rules."""
    catalogue = all(
        rows.exists() for rows in (Protocol.objects, ScreeningRule.objects, ConsentText.objects)
    )
    languages = set(
        MessageTemplate.objects.filter(step__in=CareStep.objects.all())
        .order_by()
        .values_list("language", flat=True)
        .distinct()
    )
    known = {code for code, _ in settings.LANGUAGES}
    signed = TriageSignature.objects.exists()
    return [
        Step(
            gettext("Protocols, questions and consents"),
            catalogue,
            gettext(
                "They ship with the product, each with its source: read them before you rely on "
                "them."
            )
            if catalogue
            else "They are missing: `manage.py seed_catalogue` brings them.",
            doors.to("treatment_sessions.protocol"),
            gettext("A manager reads them."),
        ),
        Step(
            gettext("Texts of the messages"),
            languages >= known,
            gettext(
                "What patients are sent, in English and Spanish: change what is not how you speak."
            ),
            doors.to("aftercare.messagetemplate"),
            gettext("A manager reads them."),
        ),
        Step(
            gettext("Triage rules are signed"),
            signed,
            gettext(
                "A clinician answers for what is said to a patient who reports a sign of harm."
            ),
            doors.to("treatment_sessions.triagesignature", is_done=signed),
            gettext("A practitioner signs them."),
        ),
    ]
