"""What holds until its last day, and what may be written from its first."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.models import User
from patients import services
from patients.models import PhotoConsent, Screening
from patients.models.patient import FIRST_TO_SEE_A_DAY, birth_date, past_day
from patients.services.screening import BadAnswer, NothingToRescreen
from tests.factories import (
    DAY,
    NINE,
    PhotoConsentFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    clinical_rules,
)

TODAY = NINE.date()


def screen(patient_id: UUID, by: User, **changes: object) -> Screening:
    details = {"kind": "FULL", "answers": [], "good_health": True, "expectations_discussed": True}
    return services.record_screening(
        patient_id=patient_id,
        at=NINE,
        by=by,
        **{**details, **changes},  # type: ignore[arg-type]
    )


@pytest.mark.django_db
def test_a_full_screening_is_built_on_until_its_last_day(alice: User) -> None:
    last, over = (ScreeningFactory(valid_until=TODAY - days * DAY) for days in (0, 1))

    again = screen(last.patient_id, alice, kind="RESCREEN")
    with pytest.raises(NothingToRescreen):
        screen(over.patient_id, alice, kind="RESCREEN")

    assert (again.based_on, again.valid_until) == (last, TODAY)


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "taken"), [(0, True), (1, False)])
def test_an_exposure_lies_in_the_past_until_today(alice: User, days: int, taken: bool) -> None:
    clinical_rules()
    rule, patient = ScreeningRuleFactory(), ScreeningFactory().patient
    answer = {"rule": rule.code, "answer": True, "last_exposure_on": TODAY + days * DAY}

    if taken:
        found = screen(patient.pk, alice, answers=[answer])
        assert found.answers.get().last_exposure_on == TODAY
    else:
        with pytest.raises(BadAnswer, match="lies in the past"):
            screen(patient.pk, alice, answers=[answer])


@pytest.mark.django_db
def test_a_consent_holds_until_its_last_day() -> None:
    consent = PhotoConsentFactory(expires_on=TODAY)

    assert PhotoConsent.objects.valid(TODAY).get() == consent
    assert not PhotoConsent.objects.valid(TODAY + DAY).exists()


@pytest.mark.parametrize("check", [birth_date, past_day])
def test_a_day_of_the_past_is_1900_to_today_wherever_it_has_begun(check: type) -> None:
    today = timezone.localdate(timezone=FIRST_TO_SEE_A_DAY)
    for day in (date(1900, 1, 1), today):
        check(day)
    for day in (date(1899, 12, 31), today + DAY):
        with pytest.raises(ValidationError):
            check(day)


def test_nobody_was_born_tomorrow_at_the_clinic() -> None:
    zone = ZoneInfo("America/Los_Angeles")
    today = datetime.now(zone).date()

    birth_date(today, zone)
    with pytest.raises(ValidationError):
        birth_date(today + timedelta(days=1), zone)
