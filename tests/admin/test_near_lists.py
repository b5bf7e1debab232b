"""Lists that count no further than anybody leafs."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftercare.models import Message, MessageStatus
from clinic.admin.lists import any_size
from clinic.http.middleware.common import unindented
from clinic.models import User
from sessions.models import TreatmentPlan
from tests.admin.pages import client_of
from tests.conftest import Booking, make_booking
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
URL = "/admin/aftercare/message/"


@pytest.fixture
def messages(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    monkeypatch.setattr(any_size, "MOST_COUNTED", 3)
    session = booking.book()
    session.messages.all().delete()
    return [MessageFactory(session=session, occurrence=number) for number in range(1, 5)]


def test_a_list_says_that_there_are_more_than_it_counts(
    booking: Booking, messages: list[Message]
) -> None:
    client = client_of(booking.practitioner)

    page = client.get(URL).content.decode()
    narrowed = client.get(f"{URL}?status__exact=CANCELLED").content.decode()

    assert "More than 3 messages" in page
    assert "0 messages" in narrowed


@pytest.mark.parametrize("most", [3, 10])
def test_nothing_is_done_to_more_rows_than_a_list_counts(
    booking: Booking,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
    dana: User,
    most: int,
) -> None:
    monkeypatch.setattr(any_size, "MOST_COUNTED", most)
    client = client_of(dana)
    ticked = {"action": "cancel", "select_across": "1", "_selected_action": str(messages[0].pk)}

    answer = client.post(URL, ticked, follow=True).content.decode()

    for message in messages:
        message.refresh_from_db()
    cancelled = sum(message.status == MessageStatus.CANCELLED for message in messages)
    assert cancelled == (0 if most == 3 else 4)
    assert ("narrow them by a filter first" in answer) == (most == 3)


def test_choices_that_are_typed_into_read_what_they_are_called_with_their_rows(
    booking: Booking, alice: User
) -> None:
    client = client_of(alice)
    taken: list[int] = []
    asked = {"app_label": "treatment_sessions", "model_name": "treatmentsession"}
    for number in (1, 3):
        while TreatmentPlan.objects.count() < number:
            make_booking(booking.plan.clinic, alice)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("admin:autocomplete"), {**asked, "field_name": "plan"})
        assert len(answer.json()["results"]) == number
        taken.append(len(queries))

    assert taken[0] == taken[1]


def test_what_stands_between_tags_is_left_out_and_what_somebody_wrote_is_not() -> None:
    written = "<textarea>As said:\n    a &gt;\n    &lt; b</textarea>"
    page = f"<ul>\n      <li>  one </li>\n\n    </ul>\n  {written}"

    def asked(path: str, kind: str = "text/html") -> str:
        answer = HttpResponse(page, content_type=kind)
        return unindented(lambda request: answer)(RequestFactory().get(path)).content.decode()

    assert asked("/admin/") == f"<ul>\n<li>  one </li>\n</ul>\n{written}"
    assert asked("/p/") == asked("/admin/", "text/csv") == page
