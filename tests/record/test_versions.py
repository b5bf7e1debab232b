"""The version of an object: it changes with every write, and with nothing else."""

import pytest
from django.db import connection

from clinic.db.versions import version_of
from patients.models import Patient
from tests.factories import PatientFactory, SkinTypeAssessmentFactory

pytestmark = pytest.mark.django_db


def test_a_version_stays_while_nobody_writes() -> None:
    patient = PatientFactory()
    before = version_of(patient)

    Patient.objects.select_for_update().get(pk=patient.pk)
    PatientFactory(clinic=patient.clinic)

    assert version_of(patient) == before


def test_every_write_changes_the_version_even_sql_that_changes_nothing() -> None:
    patient = PatientFactory()
    seen = [version_of(patient)]

    patient.save()
    seen.append(version_of(patient))
    Patient.objects.filter(pk=patient.pk).update(notes="Latex")
    seen.append(version_of(patient))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE patient SET notes = notes WHERE id = %s", [patient.pk])
    seen.append(version_of(patient))

    assert len(set(seen)) == 4


def test_a_new_part_changes_the_version_of_the_whole() -> None:
    patient = PatientFactory()
    alone, with_parts = version_of(patient), version_of(patient, "skin_type_assessments")

    SkinTypeAssessmentFactory(patient=patient)

    assert version_of(patient, "skin_type_assessments") != with_parts
    assert version_of(patient) == alone
