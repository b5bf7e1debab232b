"""What was done to a row is told to each role in as much as its own page shows."""

import pytest

from clinic.models import User
from tests.admin.pages import client_of, url
from tests.factories import ConcernFactory, PatientFactory
from tests.support.forms import send
from tests.support.marked_words import BEGIN, END, words_marked

pytestmark = pytest.mark.django_db


def test_the_desk_does_not_read_what_ails_a_patient_in_the_log(alice: User, dana: User) -> None:
    patient = PatientFactory(clinic=alice.clinics.get(), allergies="")
    concern = ConcernFactory(name="Melasma", areas=[])
    send(client_of(alice), url(patient), allergies="Lidocaine", given_name="Gracia")
    added = {
        "concerns-TOTAL_FORMS": "1",
        "concerns-0-concern": str(concern.pk),
        "concerns-0-baseline_grade": "2",
    }
    send(client_of(alice), url(patient), **added)
    page = url(patient).replace("change", "history")

    clinician = client_of(alice).get(page).content.decode()
    desk = client_of(dana).get(page).content.decode()

    assert "Allergies" in clinician
    assert "Melasma" in clinician
    assert "Given name and what your role does not see" in desk
    assert "Allergies" not in desk
    assert "Melasma" not in desk


def test_it_is_told_in_the_language_of_the_page(alice: User, dana: User) -> None:
    patient = PatientFactory(clinic=alice.clinics.get(), allergies="")
    send(client_of(alice), url(patient), allergies="Lidocaine", given_name="Gracia")
    dana.language = "es"
    dana.save()

    with words_marked("es"):
        desk = client_of(dana).get(url(patient).replace("change", "history")).content.decode()

    assert f"{BEGIN}given name{END}" in desk
    assert f"{BEGIN}what your role does not see{END}" in desk
