"""Links to a patient's pages: one message each, and nothing that a guess or a change would open."""

import base64
import random
import re
from typing import Any
from uuid import uuid4

import pytest

from aftercare.models import Message
from aftercare.texts import links
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def message() -> Message:
    return MessageFactory()


def test_a_token_is_short_and_leads_back_to_its_message(message: Message) -> None:
    token = links.token_for(message)

    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert links.message_for(token) == message
    assert links.token_for(message) == token  # nothing is stored: always the same


def test_the_links_of_a_message(message: Message, settings: Any) -> None:
    settings.PUBLIC_URL = "https://clinic.example"
    token = links.token_for(message)

    assert links.page(message) == f"https://clinic.example/p/{token}/"
    assert links.settings_page(message) == f"https://clinic.example/p/{token}/settings/"
    assert links.unsubscribe(message) == f"https://clinic.example/p/{token}/unsubscribe/"


def test_no_changed_character_is_let_through(message: Message) -> None:
    token = links.token_for(message)

    for place, right in enumerate(token):
        for wrong in ALPHABET.replace(right, ""):
            assert links.message_for(token[:place] + wrong + token[place + 1 :]) is None


def test_no_flipped_bit_of_ten_thousand_is_let_through(message: Message) -> None:
    token = links.token_for(message)
    raw = int.from_bytes(base64.urlsafe_b64decode(token))
    dice = random.Random(5)  # noqa: S311

    for _ in range(10_000):
        flips = sum(1 << bit for bit in dice.sample(range(192), dice.randint(1, 8)))
        forged = base64.urlsafe_b64encode((raw ^ flips).to_bytes(24)).decode()
        assert links.message_for(forged) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "",
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t + "=",
        lambda t: t + "====",
        lambda t: f" {t}",
        lambda t: f"{t}\n",
        lambda t: t[:8] + "!" + t[8:],  # Base64 decoders skip what they do not know
        lambda t: t.swapcase(),
        lambda t: t[::-1],
        lambda t: "A" * 32,
        lambda t: "é" * 32,
        lambda t: "\x00" * 32,
        lambda t: "A" * 100_000,
    ],
)
def test_no_other_spelling_is_let_through(message: Message, change: Any) -> None:
    assert links.message_for(change(links.token_for(message))) is None


def test_the_key_alone_opens_nothing(message: Message) -> None:
    """Mail servers and providers know it."""
    mac = base64.urlsafe_b64decode(links.token_for(MessageFactory()))[16:]

    assert links.message_for(message.key.hex) is None
    assert links.message_for(str(message.key)) is None
    foreign_mac = base64.urlsafe_b64encode(message.key.bytes + mac).decode()
    assert links.message_for(foreign_mac) is None


def test_a_right_token_of_no_message_leads_nowhere() -> None:
    assert links.message_for(links.token_for(Message(pk=uuid4()))) is None


def test_a_forged_token_does_not_reach_the_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert links.message_for("A" * 32) is None


def test_another_secret_makes_other_tokens(message: Message, settings: Any) -> None:
    sent = links.token_for(message)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "b" * 50

    assert links.message_for(sent) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    assert links.message_for(sent) == message  # links in sent mail survive a new key
    assert links.token_for(message) != sent
