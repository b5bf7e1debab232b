"""Many guess the birth date at once: five tries are five."""

import pytest

from aftercare.models import BirthDateTry, Message
from aftercare.services import birth_date as service
from tests.concurrency.conftest import race
from tests.factories import NINE, MessageFactory, SessionFactory


@pytest.fixture
def links() -> list[Message]:
    session = SessionFactory()
    return [MessageFactory(session=session, occurrence=number) for number in (1, 2, 3)]


def wrong_at(message: Message) -> str:
    return str(service.try_birth_date(message_id=message.pk, born=NINE.date(), at=NINE).door)


def test_a_link_takes_five_however_many_are_sent_at_once(links: list[Message]) -> None:
    link = links[0]

    results = race(*[lambda: wrong_at(link)] * 8)

    assert results == {"wrong": 4, "closed": 4}
    assert BirthDateTry.objects.filter(message=link).count() == 5


def test_a_patient_has_ten_over_all_links(links: list[Message]) -> None:
    for link in links:
        race(*[lambda link=link: wrong_at(link)] * 4)

    assert BirthDateTry.objects.count() == 10


def test_without_the_lock_the_constraint_still_counts(
    links: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control arm: tries collide, and are sent back by the database."""
    monkeypatch.setattr(service, "lock", lambda *_: None)

    race(*[lambda: wrong_at(links[0])] * 8)

    assert BirthDateTry.objects.filter(message=links[0]).count() <= 5
