"""Every page of the patients, by its name in the resolver, in each state that somebody can meet."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from aftercare.models import Message
from aftercare.pages import base
from aftercare.pages.check_in.questions import STEPS
from aftercare.pages.home import Home
from clinic.values.languages import override_language
from patients.models import ConsentText, StaffTask
from patients.services import take_task
from sessions.lifecycle import Status
from tests.browser.links import (
    answered,
    asking,
    booked,
    closed_now,
    exported,
    guessed,
    healing,
    late,
    of_recall,
    over,
    somebody_elses,
    treated,
    unread_recall,
)
from tests.conftest import Booking
from tests.factories import (
    DAY,
    LONG_AGO,
    NINE,
    CheckInFactory,
    MessageFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    SentPhotoFactory,
    UserFactory,
    clinical_rules,
    this_hour,
)
from tests.replies.pages import make, opened_by, post, post_by, url
from tests.replies.test_home_page import of

UNBORN = {"session__plan__patient__date_of_birth": None}
CALM = {"redness": "1", "swelling": "0", "pain": "0", "itch": ""}


@dataclass(frozen=True)
class State:
    """What is opened, or sent if there is a form."""

    message: Message
    part: str
    form: dict[str, Any] | None = field(default=None)
    has_opened: bool = False  # with the birth date

    def page(self) -> HttpResponse:
        browser = opened_by(self.message) if self.has_opened else Client()
        if self.form is not None:
            return post_by(browser, self.message, self.part, **self.form)  # type: ignore[no-any-return]
        return browser.get(url(self.message, self.part), follow=True)  # type: ignore[return-value]


def reported(message: Message, signs: str) -> State:
    """The page after a check-in."""
    part = "check/2/"
    for form in ({"signs": signs}, CALM, {"words": ""}):
        part = str(post(message, part, **form)["Location"]).split("/", 3)[3]
        if "done" in part:
            break
    return State(message, part)


def pictured(message: Message, sent: int, more: str = "") -> State:
    """With so many pictures that came before."""
    report = CheckInFactory(session=message.session, reported_at=timezone.now())
    for number in range(1, sent + 1):
        SentPhotoFactory(report=report, number=number, sha256=str(number) * 64)
    return State(message, f"photo/?report={report.pk}{more}")


def seen() -> State:
    message = healing()
    state = reported(message, "pus")
    task = StaffTask.objects.open().get(patient=message.patient)
    take_task(task_id=task.pk, at=timezone.now(), by=UserFactory(clinic=message.clinic))
    return state


def getting_ready() -> dict[str, list[State]]:
    """One page of questions, with a day and what stops; a text to sign."""
    clinical_rules()
    for number in range(2):
        ScreeningRuleFactory(severity="BLOCK", asks_last_exposure=number == 1, ask_again=True)
    ConsentText.objects.create(
        kind="TREATMENT",
        language="en",
        title="Consent",
        body="# Risks\n\nRedness.",
        effective_from=LONG_AGO,
    ).clauses.create(code="risks", wording="I know the risks.", is_required=True)
    visit, again = booked(), booked()
    later = timezone.now() + 99 * DAY
    ScreeningFactory(patient=again.patient, taken_at=LONG_AGO, valid_until=later.date())
    own = partial(State, has_opened=True)
    dones = ("recorded", "unsure", "signed", "read")
    return {
        "patient-ready": [
            *(own(visit, f"ready/?done={done}") for done in dones),
            own(again, "ready/"),
        ],
        "patient-ready-questions": [
            own(visit, "ready/1/?stop=yes"),
            own(visit, "ready/1/", {}),
        ],
        "patient-ready-end": [own(visit, "ready/end/?stop=yes"), own(visit, "ready/end/", {})],
        "patient-ready-consent": [
            own(visit, "ready/consent/"),
            own(visit, "ready/consent/", {"sign": "yes"}),
        ],
    }


def patients_pages(booking: Booking) -> dict[str, list[State]]:
    """Asks for signed triage rules, and for `other_times` on the clock of NINE."""
    told = MessageFactory(session=booking.book(NINE + 7 * DAY))
    visit, heals, ended, asks = booked(), healing(), over(), asking()
    night = {"session__plan__patient__clinic": closed_now("+49 30 99999999")}
    alone = {"session__plan__patient__clinic": closed_now()}
    return {
        "patient-page": [
            *(State(of(purpose), "") for purpose in Home),
            State(visit, "?done=change"),
            State(asks, "?done=change"),
            State(ended, ""),
            State(unread_recall(), ""),
        ],
        "patient-visit": [State(visit, "visit/"), State(of(Home.CANCELLED), "visit/")],
        "patient-confirm": [
            State(visit, "confirm/", {"form": "x"}),
            State(of(Home.MISSED), "confirm/", {}),
        ],
        "patient-book": [State(asks, "book/"), State(asks, "book/", {})],
        "patient-change": [
            State(told, "change/", {"text": ""}),
            State(asks, "change/", {"text": ""}),
        ],
        "patient-move": [State(told, "move/"), State(told, "move/", {})],
        "patient-cancel": [
            State(visit, "cancel/"),
            State(late(), "cancel/"),
            State(visit, "cancel/", {"text": "x" * 501}),
        ],
        "patient-today": [State(heals, "today/"), State(visit, "today/")],
        "patient-leaflet": [
            State(heals, "leaflet/"),
            State(treated(), "leaflet/", has_opened=True),
            State(visit, "leaflet/"),
        ],
        "patient-check": [State(heals, "check/"), State(ended, "check/")],
        "patient-check-step": [
            *(State(heals, f"check/{number}/") for number in STEPS),
            State(heals, "check/1/?a=worse"),
            State(heals, "check/2/", {"signs": ["pus", "none"]}),
            State(visit, "check/1/"),
        ],
        "patient-check-done": [
            *(reported(healing(), sign) for sign in ("none", "unsure", "pus", "breathing")),
            *(reported(healing(**night), sign) for sign in ("unsure", "pus")),
            reported(healing(**alone), "pus"),
            seen(),
        ],
        "patient-birth-date": [
            State(visit, "birth-date/"),
            State(visit, "birth-date/", {"day": "31", "month": "2", "year": "1984"}),
            State(visit, "birth-date/", {"day": "1", "month": "2", "year": "1903"}),
            State(make(this_hour() + 2 * DAY, Status.BOOKED, **UNBORN), "birth-date/"),
            State(guessed(), "birth-date/"),
        ],
        **getting_ready(),
        "patient-photo": [
            pictured(heals, 0),
            pictured(heals, 2, "&done=sent"),
            pictured(heals, 3, "&done=sent"),
            State(heals, "photo/"),
            replace(pictured(heals, 0), form={}),
        ],
        "patient-own": [State(treated(), "own/", has_opened=True)],
        "patient-record": [
            State(treated(), "record/", has_opened=True),
            State(exported(), "record/", has_opened=True),
            State(exported(parts=["rows", "file"], done=1), "record/", has_opened=True),
            State(exported(failed_at=timezone.now()), "record/", has_opened=True),
        ],
        "patient-answer": [State(answered(), "answer/")],
        "patient-recall": [
            State(of_recall(), "recall/"),
            State(of_recall(read_at=timezone.now()), "recall/", has_opened=True),
            State(of_recall(), "recall/", {"form": "x"}),
            State(heals, "recall/"),
        ],
        "patient-write": [
            State(heals, "write/"),
            State(visit, "write/", {"text": ""}),
            *(State(heals, f"write/?done={kind}") for kind in ("written", "urgent", "emergency")),
        ],
        "patient-settings": [
            State(visit, "settings/"),
            State(visit, "settings/?done=saved"),
        ],
        "patient-not-me": [State(visit, "not-me/"), State(somebody_elses(), "not-me/")],
        "patient-language": [State(visit, "language/", {"language": "xx"})],
        "patient-unsubscribe": [
            State(visit, "unsubscribe/"),
            State(visit, "unsubscribe/", {}),
        ],
    }


# Files, and an address that leads on.
NO_PAGE = {"patient-calendar", "patient-leaflet-pdf", "patient-own-photo", "patient-preferences"}


def without_page(message: Message) -> list[Callable[[], HttpResponse]]:
    """What is shown when there is no link, or nothing can be shown."""
    request = RequestFactory()
    shown = request.get(url(message))

    def page(name: str, status: int) -> HttpResponse:
        with override_language(message.patient.language):
            return base.show(shown, message, name, status=status)

    return [
        lambda: base.trouble(request.get("/p/x/"), status=404),
        lambda: base.trouble(shown, status=500),
        partial(page, "busy", 503),
        partial(page, "refused", 409),
    ]
