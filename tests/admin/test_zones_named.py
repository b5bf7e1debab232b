"""Whoever works on more than one clock reads with each time whose it is: on every page of staff."""

import re
from typing import Any

import pytest

from clinic.models import Role
from clinic.values.zones import clock_of
from patients.models import Patient
from tests.admin.pages import client_of
from tests.factories import BreakGlassFactory, ClinicFactory, UserFactory
from tests.support.words import visible
from tests.walks.test_other_doors import everything

pytestmark = pytest.mark.django_db
# Of a day that is named, or of an event; hours of work and examples are of each clinic.
MOMENT = re.compile(r"\d{4},? \d\d:\d\d\b")


def test_each_page_names_the_clock_of_its_times(rows: list[Any], catalogue: None) -> None:
    elsewhere = ClinicFactory(time_zone="America/New_York")
    roles = (Role.MANAGER, Role.PRACTITIONER, Role.ADMIN, Role.AUDITOR)
    people = [UserFactory(role=role, clinic=rows[0]) for role in roles]
    for person in people:
        person.clinics.add(elsewhere)
    for patient in Patient.objects.all():
        BreakGlassFactory(patient=patient, by=people[0])
    clocks = [clock_of(clinic.time_zone) for clinic in (rows[0], elsewhere)]
    silent, told = [], 0
    for name, there in everything(rows):
        for person in people:
            answer = client_of(person).get(there)
            if answer.status_code == 200:
                text = visible(answer) if "html" in answer["Content-Type"] else ""
                if MOMENT.search(text):
                    told += 1
                    if not any(clock in text for clock in clocks):
                        silent.append((name, person.role, MOMENT.findall(text)[:2]))
                break

    assert told > 60
    assert not silent, "\n".join(map(str, silent))
