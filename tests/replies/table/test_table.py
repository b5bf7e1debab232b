"""All replies of the table, through the service that takes them in."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import transaction

from aftercare.models import Anchor, InboundMessage, MessageStatus
from aftercare.replies import opt_out
from aftercare.replies.vocabulary import BODY
from clinic.values.letters import letters
from patients.models import Channel, Patient, StaffTask
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, TriageVersion
from tests.factories import DAY, HOUR, NINE, CareStepFactory, MessageFactory, SessionFactory
from tests.replies.sms import NUMBER, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules_read_once")]
GROUPS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "replies.yaml").read_text())
CONTEXTS = ("visit", "healing", "both", "neither")
NOTHING: dict[str, Any] = {"does": "", "answers": "", "tasks": []}


@pytest.fixture
def rules_read_once(triage_rules: TriageVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the shipped rules anew takes longer than all the rest of a reply."""
    monkeypatch.setattr(TriageVersion.objects, "to_use", lambda at: triage_rules)


def world_of(context: str, grace: Patient) -> None:
    """A visit in two days, announced yesterday; a treatment of three days ago, asked about an hour
    ago; both; or neither."""
    sent: dict[str, Any] = {"channel": Channel.SMS, "status": MessageStatus.SENT}
    if context in ("visit", "both"):
        visit = SessionFactory(plan__patient=grace, starts_at=NINE + 2 * DAY)
        before = CareStepFactory(anchor=Anchor.STARTS, offset=-2 * DAY)
        MessageFactory(session=visit, step=before, sent_at=NINE - DAY, **sent)
    if context in ("healing", "both"):
        past = NINE - 3 * DAY
        done = SessionFactory(
            plan__patient=grace, starts_at=past, status=Status.COMPLETED, completed_at=past
        )
        after = CareStepFactory(anchor=Anchor.COMPLETED, offset=3 * DAY)
        MessageFactory(session=done, step=after, sent_at=NINE - HOUR, **sent)


def faults(groups: list[dict[str, Any]], context: str, grace: Patient) -> list[Any]:
    """What is done, answered or put before whom otherwise than the table says; and what is about a
    body and not answered. One world for all rows: each reply is undone before the next."""
    world_of(context, grace)
    found: list[Any] = []
    for language in ("en", "es"):
        Patient.objects.filter(pk=grace.pk).update(language=language)
        for group in groups:
            expected = {**NOTHING, **group.get(context, {})}
            for body in group.get(language, ()):
                with transaction.atomic():
                    kept = text(body)
                    became = outcome(kept)
                    if became != expected:
                        found.append((body, became, expected))
                    if not kept.reply and BODY.search(letters(body)):
                        found.append((body, "silent"))
                    transaction.set_rollback(True)
    return found


def outcome(kept: InboundMessage) -> dict[str, Any]:
    did = ""
    if opt_out.refusal(channel=Channel.SMS, address=NUMBER, purpose="CARE"):
        did = "ends"
    elif TreatmentSession.objects.filter(status=Status.CONFIRMED).exists():
        did = "confirms"
    tasks = sorted(StaffTask.objects.values_list("audience", flat=True))
    assert bool(kept.reply) == bool(kept.reply_kind)
    assert bool(tasks) == (kept.task is not None)
    return {"does": did, "answers": kept.reply_kind, "tasks": tasks}


@pytest.mark.parametrize("context", CONTEXTS)
def test_what_becomes_of_real_replies(grace: Patient, context: str) -> None:
    found = faults(GROUPS, context, grace)

    assert not found, "\n".join(map(str, found))


def test_a_reply_that_is_taken_for_something_else_is_found(grace: Patient) -> None:
    wrong = {"en": ["Yes", "It itches"], "visit": {"does": "confirms", "answers": "confirm"}}

    (fault,) = faults([wrong], "visit", grace)

    assert fault[0] == "It itches"


def test_the_table_is_as_long_as_promised() -> None:
    for language in ("en", "es"):
        bodies = [body for group in GROUPS for body in group[language]]
        assert len(set(bodies)) == len(bodies)
    assert sum(len(group["en"]) + len(group["es"]) for group in GROUPS) >= 120
