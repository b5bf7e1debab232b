"""Two of the staff answer one reply at once: one is told who was first."""

from collections.abc import Callable
from typing import Any

import pytest

from aftercare.models import Message, StaffAnswer
from aftercare.services import answer_reply
from aftercare.services import answers as service
from clinic.models import Clinic, User
from tests.concurrency.conftest import race
from tests.factories import (
    NINE,
    CareStepFactory,
    ContactConsentFactory,
    InboundFactory,
    SessionFactory,
    TemplateFactory,
    UserFactory,
)


@pytest.fixture
def answer(clinic: Clinic) -> Callable[[User, str], Callable[[], StaffAnswer]]:
    session = SessionFactory(plan__patient__clinic=clinic)
    step = CareStepFactory(code="answer", anchor="ANSWERED", channel_policy="EMAIL")
    TemplateFactory(step=step, body="{{ answer }}")
    ContactConsentFactory(patient=session.patient)
    reply = InboundFactory(clinic=clinic, patient=session.patient, channel="EMAIL")

    def by(user: User, words: str) -> Callable[[], StaffAnswer]:
        return lambda: answer_reply(inbound_id=reply.pk, text=words, at=NINE, by=user)

    return by


def test_one_of_two_is_told_who_has_answered(clinic: Clinic, answer: Any) -> None:
    staff = [UserFactory(clinic=clinic) for _ in range(4)]

    results = race(*[answer(user, f"Answer {number}.") for number, user in enumerate(staff)])

    first = StaffAnswer.objects.get()
    assert results == {str(first): 1, "Answered": 3}
    assert Message.objects.filter(answer=first).count() == 1


def test_a_button_that_is_pressed_many_times_sends_once(clinic: Clinic, answer: Any) -> None:
    user = UserFactory(clinic=clinic)

    race(*[answer(user, "Yes.")] * 4)

    assert Message.objects.filter(answer__isnull=False).count() == 1


def test_without_a_look_behind_the_lock_two_answers_would_go_out(
    clinic: Clinic, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control arm."""
    monkeypatch.setattr(service, "_require_unanswered", lambda *_, **__: None)

    race(*[answer(UserFactory(clinic=clinic), f"Answer {number}.") for number in range(2)])

    assert Message.objects.filter(answer__isnull=False).count() == 2
