"""Two workers have counted a clinic's week at the same moment: it is told once."""

from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from aftercare.records.accesses import weekly
from clinic.models import AccessReport, AccountNotice, Clinic, Role, User
from clinic.values.wallclock import instant_of
from tests.concurrency.conftest import race, waiting_for_each_other
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def watcher(clinic: Clinic) -> User:
    return UserFactory(role=Role.MANAGER, clinic=clinic, email="manager@clinic.example")


@pytest.fixture
def monday(clinic: Clinic) -> datetime:
    day = timezone.localdate(timezone=clinic.zone)
    return instant_of(day - timedelta(days=day.weekday()), weekly.FROM, clinic.zone)


def told_by_two(monday: datetime) -> int:
    """How many mails there are, once both have looked before either writes."""
    with patch.object(weekly, "_numbers", waiting_for_each_other()(weekly._numbers)):
        outcomes = race(*[lambda: weekly.report_accesses(at=monday)] * 2)
    assert set(outcomes) <= {"0", "1"}
    return AccountNotice.objects.count()


def test_one_of_two_tells(monday: datetime) -> None:
    assert told_by_two(monday) == 1
    assert AccessReport.objects.count() == 1


def test_control_without_the_row_both_tell(monday: datetime) -> None:
    with patch.object(AccessReport.objects, "get_or_create", return_value=(None, True)):
        assert told_by_two(monday) == 2


def test_who_comes_later_counts_nothing_again(monday: datetime) -> None:
    weekly.report_accesses(at=monday)

    with patch.object(weekly, "_numbers") as counted:
        assert weekly.report_accesses(at=monday + timedelta(hours=1)) == 0

    counted.assert_not_called()
