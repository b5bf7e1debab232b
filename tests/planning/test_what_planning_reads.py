"""What planning reads of a patient and of a clinic is what plans again when it is saved."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftercare.models import Anchor, Message
from aftercare.planning import conditions, reach, reconcile, timing
from aftercare.planning import plan as planning
from aftercare.receivers import READ_OF_CLINIC, READ_OF_PATIENT
from clinic.db.prepared import Prepared
from clinic.models import Clinic
from patients.models import Patient
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import CareStepFactory, ContactConsentFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PLANNING = (planning, reconcile, reach, conditions, timing)
WATCHED: dict[type[Any], set[str]] = {Patient: READ_OF_PATIENT, Clinic: READ_OF_CLINIC}
# Who a row is, and where it belongs, never changes; the end of a record has a signal of its own
# (`archived_or_restored`), because it asks first what becomes of what waits.
FIXED = {"id", "pk", "clinic", "clinic_id", "archived_at"}


def columns_of(model: type[Any]) -> set[str]:
    return {name for f in model._meta.concrete_fields for name in (f.name, f.attname)} - FIXED


@kept
def waiting(booking: Booking) -> TreatmentSession:
    """A session with steps of every anchor and condition, on both channels."""
    for anchor in Anchor:
        CareStepFactory(
            anchor=anchor,
            offset=-30 * HOUR if anchor == Anchor.STARTS else HOUR,
            useful_for=20 * HOUR,
            channel_policy="EMAIL_ELSE_SMS",
            skin_types=[1, 2, 3, 4, 5, 6],
        )
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(patient=booking.plan.patient, channel=channel)
    Patient.objects.update(skin_type=3)
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    session = booking.book(noon + timedelta(days=20), at=timezone.now())
    assert Message.objects.open().exists()
    return session


def plan_all(session: TreatmentSession, at: datetime) -> None:
    """Everything that planning does, on rows that are read afresh."""
    fresh = TreatmentSession.objects.get(pk=session.pk)
    planning.plan_messages(session=fresh, anchors=list(Anchor), at=at)
    planning.follow_course(session=fresh, at=at, known=planning.look_up(fresh, list(Anchor)))
    planning.replan_patient(session.patient_id, at=at)
    planning.replan_waiting(at, clinic=session.clinic_id)
    for message in Message.objects.open().select_related("step"):
        planning.replan(message.step, at=at)
        planning.fall_back(Message.objects.get(pk=message.pk), at=at)
    planning.stop_messages(session=fresh, at=at)


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type[Any]], set[str]]]:
    """Which fields were read of the instances of each model."""
    seen: dict[type[Any], set[str]] = {model: set() for model in WATCHED}

    def spy_on(model: type[Any]) -> None:
        columns = columns_of(model)
        get: Any = model.__getattribute__

        def note(row: Any, name: str) -> Any:
            if name in columns:
                seen[model].add(name)
            return get(row, name)

        monkeypatch.setattr(model, "__getattribute__", note)

    for model in WATCHED:
        spy_on(model)
    yield seen.__getitem__
    monkeypatch.undo()


def statements() -> Iterator[str]:
    """The prepared statements of planning."""
    for module in PLANNING:
        for value in vars(module).values():
            if isinstance(value, Prepared):
                yield value.preparation


def asked_by(sql: str, model: type[Any]) -> set[str]:
    """The columns of the model's table that a statement names."""
    table = re.escape(model._meta.db_table)
    return set(re.findall(rf'\b{table}"?\."?(\w+)', sql)) & columns_of(model)


def test_what_planning_reads_is_what_is_planned_again_for(
    waiting: TreatmentSession, spied: Callable[[type[Any]], set[str]]
) -> None:
    for model in WATCHED:
        spied(model).clear()
    with CaptureQueriesContext(
        connection,
    ) as ran:
        plan_all(waiting, timezone.now())
    # What an ORM statement fetches is only read if somebody looks at it; what it filters by, is.
    ends = r" WHERE (.*?)(?= ORDER BY | LIMIT |$)"  # also of subqueries, which stand first
    filters = [text for one in ran.captured_queries for text in re.findall(ends, one["sql"])]
    texts = [*filters, *statements()]
    read = {m: spied(m).union(*(asked_by(sql, m) for sql in texts)) for m in WATCHED}
    assert read == WATCHED


@pytest.mark.parametrize("model", list(WATCHED))
def test_each_of_them_plans_again_when_it_is_saved_and_nothing_else_does(
    waiting: TreatmentSession, model: type[Any]
) -> None:
    row = model.objects.get(pk=waiting.patient_id if model is Patient else waiting.clinic_id)
    names = {field.name for field in model._meta.concrete_fields if not field.generated} - FIXED
    hears = set()
    for name in names:
        with planning.collect_replans() as heard:
            row.save(update_fields=[name])
        hears |= {name} if heard else set()
    assert hears == WATCHED[model]
    with planning.collect_replans() as heard:
        row.save()
    assert heard
