"""That messages do not go out stands on top of every page, for whoever may see messages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.admin.frame import waiting
from aftercare.admin.trouble import in_words
from aftercare.models import Outage
from clinic.models import Clinic, Heartbeat, Role, User
from tests.admin.pages import client_of
from tests.factories import MessageFactory, UserFactory
from tests.support.kept import kept

NOW = datetime.fromisoformat("2030-01-07T09:00:00+00:00")
MINUTE = timedelta(minutes=1)


def outage(channel: str, minutes: int, reply: str = "454 4.7.0 TLS not available") -> Any:
    opened = (NOW - minutes * MINUTE).isoformat()
    return {"channel": channel, "opened_at": opened, "reply": reply}


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (([], None, NOW), []),
        (([], NOW + MINUTE, None), []),
        (([], NOW - 5 * MINUTE + MINUTE / 60, NOW), []),
        (([], NOW - 5 * MINUTE, NOW - MINUTE), ["not gone out for 5 minutes. Tell whoever"]),
        (([], NOW - 300 * MINUTE, NOW - 2 * MINUTE), ["5 hours. The part that wakes the sender"]),
        (([outage("EMAIL", 12)], NOW - 12 * MINUTE, NOW), ["accepted by e-mail for 12 minutes."]),
        (([outage("SMS", 1, "")], None, NOW), ["accepted by SMS for 1 minute. What waits goes"]),
        (
            ([outage("EMAIL", 12), outage("SMS", 3)], NOW - 12 * MINUTE, None),
            ["says: “454 4.7.0 TLS not available”. What", "by SMS for 3 minutes. The"],
        ),
    ],
)
def test_in_the_words_of_the_desk(read: Any, said: list[str]) -> None:
    told = in_words(read, at=NOW)

    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


@kept
def refused(db: None) -> None:
    now = timezone.now()
    Heartbeat.beat("beat", at=now)
    MessageFactory(due_at=now - 14 * MINUTE, channel="EMAIL")
    Outage.objects.create(
        channel="EMAIL",
        opened_at=now - 12 * MINUTE,
        paused_until=now,
        refusals=9,
        reply="454 4.7.0 <b>TLS</b>",
        suspect_id="01890000-0000-7000-8000-000000000000",
    )


def test_it_is_read_in_the_statement_of_the_badges(
    refused: None, dana: User, clinic: Clinic
) -> None:
    assert dana.clinic_ids
    with CaptureQueriesContext(connection) as asked:
        [said] = waiting(dana)[1]

    assert len(asked) == 1
    assert said.startswith("Nothing accepted by e-mail for 12 minutes. The provider says: “454")
    Outage.objects.update(opened_at=None, paused_until=None)
    assert "have not gone out for 14 minutes" in waiting(dana)[1][0]


def test_it_stands_on_pages_of_who_sees_messages_and_on_no_others(
    refused: None, dana: User, clinic: Clinic, side_bar: None
) -> None:
    auditor = UserFactory(role=Role.AUDITOR, clinic=clinic)
    for address in ("/admin/", "/admin/patients/patient/"):
        page = client_of(dana).get(address).content.decode()
        assert "for 12 minutes" in page
        assert "&lt;b&gt;TLS" in page
    assert 'id="sending-trouble"' not in client_of(auditor).get("/admin/").content.decode()
    Outage.objects.update(opened_at=timezone.now(), paused_until=timezone.now())
    assert "have not gone out" in client_of(dana).get("/admin/").content.decode()
