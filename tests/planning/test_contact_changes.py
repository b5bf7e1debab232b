"""What waits is planned again when anything that planning reads has changed, whoever changes it."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from aftercare.models import Message, MessageStatus
from aftercare.planning import plan as planning
from clinic.models import Clinic
from patients.models import ContactConsent, Patient
from sessions.models import TreatmentSession
from tests.conftest import Booking
from tests.factories import CareStepFactory, ContactConsentFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
CHANGES: dict[str, Any] = {
    "patient.time_zone": "America/New_York",
    "patient.email": "new@patients.example",
    "patient.mobile": "+4915199999999",
    "clinic.time_zone": "Asia/Tokyo",
    "clinic.quiet_from": time(6),
    "clinic.quiet_until": time(12),
}


def waiting() -> list[tuple[Any, ...]]:
    rows = Message.objects.filter(status=MessageStatus.PENDING).order_by("step", "channel")
    return list(rows.values_list("session", "step", "channel", "due_at", "expires_at"))


@pytest.mark.parametrize("change", list(CHANGES))
def test_after_a_change_what_waits_is_what_a_fresh_plan_would_be(
    booking: Booking, change: str
) -> None:
    Clinic.objects.update(quiet_from=time(21), quiet_until=time(8))
    booking.plan.patient.clinic.refresh_from_db()
    for offset in (-2, -30, -49):
        CareStepFactory(anchor="STARTS", offset=offset * HOUR, useful_for=20 * HOUR)
    for channel in ("EMAIL", "SMS"):
        ContactConsentFactory(patient=booking.plan.patient, channel=channel)
    day = timezone.localdate() + timedelta(days=20)
    start = datetime.combine(day, time(10), tzinfo=ZoneInfo("Europe/Berlin"))
    session = booking.book(start, at=timezone.now())
    owner, _, name = change.partition(".")
    model: Any = Patient if owner == "patient" else Clinic
    row = model.objects.get(pk=session.patient_id if owner == "patient" else session.clinic_id)

    setattr(row, name, CHANGES[change])
    row.save()
    after = waiting()

    assert after
    assert not planning.replan_patient(session.patient_id, at=timezone.now())
    Message.objects.all().delete()
    fresh = TreatmentSession.objects.get(pk=session.pk)
    planning.plan_messages(session=fresh, anchors=["STARTS"], at=timezone.now())  # type: ignore[list-item]
    assert waiting() == after


def test_a_word_of_the_patient_moves_what_waits_to_the_channel_that_is_allowed(
    booking: Booking,
) -> None:
    CareStepFactory(anchor="STARTS", offset=-30 * HOUR, channel_policy="EMAIL_ELSE_SMS")
    ContactConsentFactory(patient=booking.plan.patient, channel="EMAIL")
    booking.book(
        timezone.now().replace(minute=0, second=0, microsecond=0) + 480 * HOUR, at=timezone.now()
    )
    assert [row[2] for row in waiting()] == ["EMAIL"]

    for channel, granted in (("SMS", True), ("EMAIL", False)):
        ContactConsentFactory.build(
            patient=booking.plan.patient, channel=channel, granted=granted
        ).save()

    assert [row[2] for row in waiting()] == ["SMS"]
    assert ContactConsent.objects.count() == 3
