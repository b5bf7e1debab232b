"""The demo: forty people in every phase of treatment, and nothing that a rule would refuse."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db.models import Count, Q
from django.utils import timezone

from aftercare.models import InboundMessage, Message, MessageStatus, RecallNotice
from clinic.demo.accounts import HILLTOP, RIVERSIDE
from clinic.demo.records.story import Story
from clinic.demo.seed import seed
from clinic.models import CartridgeLot, Closure, TimeOff, WorkingHours
from patients.models import (
    Audience,
    OtherTreatment,
    Patient,
    PhotoConsent,
    Screening,
    StaffTask,
    TreatmentConsent,
)
from patients.screening import DARKER_SKIN
from sessions.lifecycle import PlanStatus, Status
from sessions.models import (
    Candidacy,
    CandidacyOutcome,
    CheckIn,
    Deviation,
    Kind,
    Milestone,
    OutcomeMeasure,
    Photo,
    SessionFinding,
    SideEffect,
    TreatmentPlan,
    TreatmentSession,
    WaitlistEntry,
)
from sessions.safety.assessment import assess_session
from sessions.scheduling.availability import free_slots
from sessions.services import book_session
from sessions.services.booking.checks.rules import OpenSideEffects

PHASES = [
    *(Status.BOOKED, Status.CONFIRMED, Status.CHECKED_IN),
    *(Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW),
]


def counted(rows: Any, field: str) -> Counter[Any]:
    return Counter(rows.values_list(field, flat=True))


class Stopped(Exception):
    """Somebody has pressed Ctrl-C."""


def stopped_after(most: int, play: Any, now: datetime) -> Any:
    """Each patient is shown as soon as they are there, and sent nothing for what is past."""
    played = []

    def one_more(story: Story) -> None:
        play(story)
        assert not Message.objects.filter(status=MessageStatus.PENDING, due_at__lt=now).exists()
        played.append(story)
        if len(played) > most:
            raise Stopped

    return one_more


# One test: playing forty stories takes a while.
def test_forty_patients_in_every_phase(
    catalogue: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path

    now = timezone.now()
    play = Story.play
    monkeypatch.setattr(Story, "play", stopped_after(3, play, now))
    with pytest.raises(Stopped):
        seed()
    assert Patient.objects.count() == 3
    monkeypatch.setattr(Story, "play", stopped_after(40, play, now))
    assert seed() == f"added {RIVERSIDE} and {HILLTOP} with 40 patients"
    assert seed() == "the demo is there already"

    assert counted(Patient.objects, "clinic__name") == {RIVERSIDE: 30, HILLTOP: 10}
    assert set(counted(Patient.objects, "skin_type")) == {None, 1, 2, 3, 4, 5, 6}
    assert Patient.objects.exclude(archived_at=None).count() == 1
    assert set(counted(TreatmentPlan.objects, "status")) == set(PlanStatus.values)
    assert Patient.objects.filter(plans=None).count() >= 4
    statuses = counted(TreatmentSession.objects, "status")
    assert set(statuses) == set(Status.values)
    shown = set(TreatmentSession.objects.values_list("kind", "status"))
    assert set(product(Kind.values, PHASES)) <= shown
    assert statuses[Status.COMPLETED] > 40
    assert not TreatmentSession.objects.filter(
        status=Status.COMPLETED, ends_at__gt=timezone.now()
    ).exists()
    assert TreatmentSession.objects.exclude(rescheduled_from=None).exists()

    anton = Patient.objects.get(family_name="Falck")
    assert [p.family_name for p in Patient.objects.possible_duplicates_of(anton)] == ["Falk"]

    audiences = counted(InboundMessage.objects.filter(task__done_at=None), "audience")
    assert audiences == {Audience.FRONT_DESK: 1, Audience.CLINICAL: 1}
    for model in (WorkingHours, TimeOff, Closure, WaitlistEntry):
        assert model.objects.exists(), model
    reported = CheckIn.objects.filter(redness__isnull=False)
    assert set(counted(reported, "session").values()) == {3}
    read = [f"check-in:{one}" for one in reported.values_list("session", flat=True).distinct()]
    tasks = [StaffTask.objects.filter(source__startswith=source).get() for source in read]
    assert all(task.done_note for task in tasks)
    _records_are_whole()
    waiting = Message.objects.filter(status=MessageStatus.PENDING)
    assert waiting.exists()
    assert not waiting.filter(due_at__lt=now).exists(), "a flood of old messages would go out"
    assert not Message.objects.filter(status=MessageStatus.SENT, template=None).exists()


def _an_open_infection_stops_a_booking() -> None:
    infection = SideEffect.objects.get(kind="INFECTION")
    assert infection.resolved_at is None
    plan = TreatmentPlan.objects.with_booking_facts().get(pk=infection.session.plan_id)
    at = timezone.now()
    first = at.date() + timedelta(days=1)
    slots = free_slots(
        wanted=plan, first=first, last=first + timedelta(days=20), practitioner=None, at=at
    )
    free = next(iter(slots))
    with pytest.raises(OpenSideEffects, match="Infection"):
        book_session(
            plan=plan,
            starts_at=free.starts_at,
            practitioner=free.practitioner,
            room=free.room,
            device=free.device,
            at=at,
            by=free.practitioner,
        )


def _records_are_whole() -> None:
    done = TreatmentSession.objects.filter(kind=Kind.TREATMENT, status=Status.COMPLETED)
    for part in ("zone_treatments", "cartridge_uses", "product_uses", "findings"):
        assert not done.filter(**{part: None}).exists(), part
    assert not done.filter(Q(screening=None) | Q(consent=None)).exists()
    first = done.filter(patient__skin_type__in=DARKER_SKIN).order_by("patient", "starts_at")
    for session in first.distinct("patient"):
        assert all(treated.depth_mm <= 1 for treated in session.zone_treatments.all())

    assert SessionFinding.objects.exclude(override_reason="").count() >= 5
    assert SideEffect.objects.filter(resolved_at=None, grade__gte=2).count() == 2
    _an_open_infection_stops_a_booking()
    assert Deviation.objects.get().code == "consent_zone_missing"
    assert TreatmentConsent.objects.get(signer_relation="mother").patient_assented
    in_the_chair = TreatmentSession.objects.with_record().get(status=Status.IN_PROGRESS)
    said = {entry.finding.code for entry in assess_session(in_the_chair, at=timezone.now())}
    assert "anaesthetic_dose_of_day" in said
    assert SideEffect.objects.exclude(resolved_at=None).count() >= 2
    assert set(counted(OutcomeMeasure.objects, "milestone")) == {
        Milestone.SESSION,
        Milestone.DAY_90,
        Milestone.DAY_180,
    }
    assert set(counted(Candidacy.objects, "outcome")) == set(CandidacyOutcome.values)
    others = OtherTreatment.objects.order_by("status")
    assert list(others.values_list("status", "kind")) == [("DONE", "LASER"), ("PLANNED", "PEEL")]
    task = StaffTask.objects.open().get(source=others[1].task_source)
    assert "7 days after needling there" in task.detail
    assert TreatmentPlan.objects.get(kind="MAINTENANCE").patient.family_name == "Fischer"
    called = Patient.objects.get(date_of_birth=None)
    assert {visit.kind for visit in called.sessions.all()} == {Kind.CONSULTATION}
    assert Photo.objects.values("patient").annotate(n=Count("id")).filter(n__gte=6).count() >= 3
    assert PhotoConsent.objects.exclude(revoked_at=None).count() == 1
    assert CartridgeLot.objects.exclude(recalled_at=None).count() == 2
    here = RecallNotice.objects.filter(lot__clinic__short_name="Riverside")
    assert set(counted(here, "state")) == {"READ", "CALLED", "SILENT"}
    assert Screening.objects.filter(answers__rule__code="pregnancy", answers__answer=True).exists()
