"""Another key for the encrypted columns: begun, killed, begun again, beside an open clinic."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection

from aftercare.models import InboundMessage
from clinic.db import rotation
from clinic.db.encryption import key_of, number_of_key
from clinic.db.rotation import encrypted_columns, encrypted_models, keys_used
from sessions.models import ChartDraft, PlanEvent, SideEffect
from tests.factories import (
    ChartDraftFactory,
    InboundFactory,
    PlanFactory,
    SideEffectFactory,
    UserFactory,
)
from tests.released import dumps

BATCH = 10


def rotated(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


def keys_of(model: Any, column: str) -> list[int | None]:
    """The number of the key of each row, in the order of the rows."""
    key = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY {key}")  # noqa: S608
        return [number_of_key(token) for (token,) in cursor.fetchall()]


@pytest.fixture
def writer() -> Iterator["psycopg.Connection[Any]"]:
    """Somebody else, who holds what they have changed."""
    url = dumps.beside(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    with psycopg.connect(url) as other:
        yield other
        other.rollback()


@pytest.mark.django_db(transaction=True)
def test_one_that_is_killed_goes_on_and_loses_nothing(
    settings: Any, writer: "psycopg.Connection[Any]"
) -> None:
    settings.FIELD_KEYS = ["old"]
    first = SideEffectFactory(note="0")
    others = [SideEffect(**_copied(first), note=str(number)) for number in range(1, 3 * BATCH)]
    SideEffect.objects.bulk_create(others)
    history: Any = SideEffect._meta.get_field("history").related_model
    words = list(SideEffect.objects.order_by("pk").values_list("pk", "note"))
    events = list(history.objects.order_by("pk").values_list("pk", "note"))
    assert len(words) == len(events) == 3 * BATCH
    # The second batch does not end: somebody is writing one of its rows.
    busy, newer = words[BATCH + 1][0], key_of("old").encrypt(b"Soft by now.").decode()
    writer.execute("UPDATE treatment_side_effect SET note = %s WHERE id = %s", (newer, busy))
    url = dumps.beside(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "manage.py", "rotate_keys", "--batch", str(BATCH)],
        cwd=project.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "FIELD_KEYS": "new,old"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert f"treatment_side_effect: {BATCH} rows" in process.stdout.readline()

    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    writer.commit()

    settings.FIELD_KEYS = ["new", "old"]
    assert keys_of(SideEffect, "note") == [0] * BATCH + [1] * (2 * BATCH)
    said = dict(words) | {busy: "Soft by now."}
    assert dict(SideEffect.objects.values_list("pk", "note")) == said
    told = rotated(batch=BATCH)
    assert "Key 2 is used nowhere any more" in told
    assert f"treatment_side_effect: {2 * BATCH} rows, {BATCH} values" in told
    settings.FIELD_KEYS = ["new"]
    assert dict(SideEffect.objects.values_list("pk", "note")) == said
    told_by_history = dict(history.objects.order_by("pk").values_list("pk", "note"))
    assert {key: told_by_history[key] for key, _ in events} == dict(events)
    assert len(told_by_history) == len(events) + 1  # what the writer has changed, no more


def _copied(effect: SideEffect) -> dict[str, Any]:
    names = ("session_id", "kind", "grade", "is_expected", "onset_at", "recorded_by_id")
    return {name: getattr(effect, name) for name in names}


@pytest.mark.django_db
def test_every_encrypted_column_of_every_table_is_rotated(settings: Any) -> None:
    """Derived from the models; what is kept by triggers as well: a reply as it was received."""
    settings.FIELD_KEYS = ["old"]
    InboundFactory(body="Is this normal?")
    SideEffectFactory(note="Firm.")
    ChartDraftFactory(content={"depth": "1.25"})
    PlanFactory().events.create(new_status="ON_HOLD", by=UserFactory(), reason="Travels.")
    settings.FIELD_KEYS = ["new", "old"]
    tables = {(m._meta.db_table, c) for m in encrypted_models() for c in encrypted_columns(m)}
    assert {
        ("aftercare_inbound_message", "body"),
        ("treatment_side_effect", "note"),
        ("treatment_side_effect_history", "note"),
        ("treatment_chart_draft", "content"),
        ("treatment_plan_event", "reason"),
    } <= tables
    assert "Key 2 of FIELD_KEYS: 5 values." in rotated(check=True)

    told = rotated()

    assert keys_used().values == {0: 5}
    assert "Key 1 of FIELD_KEYS: 5 values.\nKey 2 is used nowhere" in told
    settings.FIELD_KEYS = ["new"]
    assert InboundMessage.objects.get().body == "Is this normal?"
    assert ChartDraft.objects.get().content == {"depth": "1.25"}
    assert PlanEvent.objects.get().reason == "Travels."
    assert "rows" not in rotated()  # nothing left to do


@pytest.mark.django_db
def test_what_is_written_meanwhile_stays(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading of a batch and its writing; the next round has it."""
    settings.FIELD_KEYS = ["old"]
    effect = SideEffectFactory(note="Firm.")
    replace = rotation._replace
    late: list[int] = []

    def with_somebody_else(*given: Any, **named: Any) -> None:
        if not late:
            settings.FIELD_KEYS = ["old"]  # their process has former settings
            late.append(SideEffect.objects.filter(pk=effect.pk).update(note="Soft."))
            settings.FIELD_KEYS = ["new", "old"]
        replace(*given, **named)

    monkeypatch.setattr(rotation, "_replace", with_somebody_else)
    settings.FIELD_KEYS = ["new", "old"]

    rotated()

    assert SideEffect.objects.get().note == "Soft."
    assert keys_of(SideEffect, "note") == [0]


@pytest.mark.django_db
def test_what_no_key_opens_is_told_and_left_as_it_is(settings: Any) -> None:
    settings.FIELD_KEYS = ["lost"]
    SideEffectFactory(note="Firm.")
    settings.FIELD_KEYS = ["old"]
    InboundFactory(body="Is this normal?")
    settings.FIELD_KEYS = ["new", "old"]

    with pytest.raises(
        CommandError, match=r"opens 2 values \(1 in treatment_side_effect\.note; 1 in"
    ):
        rotated()

    assert keys_of(InboundMessage, "body") == [0]
    settings.FIELD_KEYS = ["new", "old", "lost"]
    assert SideEffect.objects.get().note == "Firm."
    assert "Key 3 is used nowhere any more" in rotated()
