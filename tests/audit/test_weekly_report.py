"""The mail about the accesses of a week: once, to who watches over them, and without a name."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from aftercare.records.accesses.weekly import FROM, report_accesses
from clinic.accounts.notices import send_notices
from clinic.models import AccessReport, AccountNotice, Clinic, Role, User
from clinic.values.wallclock import instant_of
from tests.factories import HOUR, PatientFactory, UserFactory
from tests.support.accesses import access_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def monday(clinic: Clinic) -> datetime:
    """The hour of the report of a week that the table has months for."""
    day = timezone.localdate(timezone=clinic.zone) + timedelta(days=30)
    return instant_of(day - timedelta(days=day.weekday()), FROM, clinic.zone)


def test_it_is_told_once_in_numbers_and_without_a_name(
    clinic: Clinic, alice: User, monday: datetime
) -> None:
    patient: Any = PatientFactory(clinic=clinic, family_name=alice.last_name)
    for days in (3, 5, 12):
        access_to(patient, by=alice, at=monday - timedelta(days=days))
    access_to(patient, by=alice, at=monday - timedelta(days=3), outcome="REFUSED")
    for role in Role.values:
        UserFactory(role=role, clinic=clinic, email=f"{role.lower()}@clinic.example")

    assert report_accesses(at=monday - HOUR) == 0
    assert report_accesses(at=monday) == 1
    assert report_accesses(at=monday + 5 * HOUR) == 0
    send_notices(at=timezone.now())

    assert {one.to[0] for one in mail.outbox} == {
        *("manager@clinic.example", "auditor@clinic.example"),
    }
    text = str(mail.outbox[0].body)
    assert "2 accesses by staff, 1 refused; 0 by break-glass; 2 look unusual, 0 of them" in text
    assert "/admin/accesses/unusual/" in text
    assert patient.family_name not in text
    assert patient.given_name not in text


def test_each_clinic_has_its_own(
    clinic: Clinic, other_clinic: Clinic, bob: User, monday: datetime
) -> None:
    access_to(PatientFactory(clinic=other_clinic), by=bob, at=monday - timedelta(days=3))

    report_accesses(at=monday)

    by_clinic = dict(AccessReport.objects.values_list("clinic", "numbers"))
    assert by_clinic[clinic.pk].startswith("0 accesses")
    assert by_clinic[other_clinic.pk].startswith("1 accesses")
    assert not AccountNotice.objects.exists()  # nobody watches there
