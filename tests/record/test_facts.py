"""What the safety rules are told about a session, at the day and the moment when it changes."""

from datetime import date, datetime, timedelta

import pytest

from clinic.models import ClinicalRule
from sessions.models import ProtocolVersion
from sessions.safety.loading import age_on, rules_in_effect
from sessions.services.plans import version_in_effect
from tests.factories import NINE, ProtocolFactory, ProtocolVersionFactory

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2008, 1, 7), date(2030, 1, 6), 21),
        (date(2008, 1, 7), date(2030, 1, 7), 22),
        (date(2008, 1, 7), date(2030, 1, 8), 22),
        (date(2008, 1, 7), date(2030, 12, 31), 22),
        (date(2008, 12, 31), date(2030, 12, 30), 21),
        (date(2008, 2, 29), date(2030, 2, 28), 21),
        (date(2008, 2, 29), date(2030, 3, 1), 22),
        (date(2008, 2, 29), date(2032, 2, 29), 24),
        (date(2030, 1, 7), date(2030, 1, 7), 0),
    ],
)
def test_somebody_is_a_year_older_on_the_birthday(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


@pytest.mark.django_db
@pytest.mark.parametrize(("at", "version"), [(NINE - MOMENT, 1), (NINE, 2), (NINE + MOMENT, 2)])
def test_a_version_counts_from_its_moment_on(at: datetime, version: int) -> None:
    protocol = ProtocolFactory()
    ProtocolVersionFactory(protocol=protocol, version=2, effective_from=NINE)
    for number, since in [(1, NINE - 365 * timedelta(days=1)), (2, NINE)]:
        ClinicalRule.objects.create(
            code="rescreen-hours", version=number, value=72 + number, effective_from=since
        )

    assert version_in_effect(protocol, at).version == version
    assert ProtocolVersion.objects.in_effect(at).get(protocol=protocol).version == version
    assert rules_in_effect(at)["rescreen-hours"].value == 72 + version
