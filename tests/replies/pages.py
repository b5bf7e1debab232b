"""The page of one message, as its patient sees it."""

from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from aftercare.models import Anchor, Message, MessageStatus
from aftercare.pages import base
from aftercare.texts import links
from clinic import urls
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.factories import MessageFactory


def make(starts_at: datetime, status: str, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "session__starts_at": starts_at,
        "session__status": status,
        "session__plan__patient__given_name": "Grace",
        "session__plan__patient__family_name": "Secretname",
        "step__anchor": Anchor.STARTS if status == Status.BOOKED else Anchor.COMPLETED,
        "step__offset": timedelta(days=-2) if status == Status.BOOKED else timedelta(0),
        "status": MessageStatus.SENT,
        "sent_at": timezone.now(),
        "due_at": timezone.now(),
    }
    if status == Status.COMPLETED:
        values["session__completed_at"] = starts_at
    return MessageFactory(**{**values, **changes})


def url(message: Message, part: str = "") -> str:
    return f"/p/{links.token_for(message)}/{part}"


def get(message: Message, part: str = "") -> str:
    answer = Client().get(url(message, part))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def post(message: Message, part: str, **form: Any) -> Any:
    """Press a button of the page, as a browser without cookies does."""
    return post_by(Client(enforce_csrf_checks=True), message, part, **form)


def post_by(browser: Client, message: Message, part: str, **form: Any) -> Any:
    return browser.post(url(message, part), {"form": base.form_key(message), **form})


def give_birth_date(browser: Client, message: Message, born: date | None, **form: Any) -> Any:
    assert born
    parts = {"day": born.day, "month": born.month, "year": born.year}
    return post_by(browser, message, "birth-date/", **parts, **form)


def opened_by(message: Message) -> Client:
    """A browser that has given the birth date."""
    browser = Client(enforce_csrf_checks=True)
    assert give_birth_date(browser, message, message.patient.date_of_birth).status_code == 303
    return browser


def status(message: Message) -> str:
    return TreatmentSession.objects.values_list("status", flat=True).get(pk=message.session_id)


def parts() -> list[str]:
    """What follows on a token, for every address of the patients that there is."""
    routes = [str(one.pattern) for one in urls.urlpatterns if isinstance(one, URLPattern)]
    prefix = "p/<str:token>/"
    found = [route.removeprefix(prefix) for route in routes if route.startswith(prefix)]
    for kind, value in (("<int:number>", "2"), ("<uuid:pk>", str(UUID(int=0)))):
        found = [part.replace(kind, value) for part in found]
    return found
