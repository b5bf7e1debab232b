"""No edit in the admin undoes another's: who saves a form that is older than the row is told."""

import pytest

from clinic.models import User
from tests.factories import PatientFactory
from tests.forms import fields_of, opened, send
from tests.test_admin import client_of, url


@pytest.mark.django_db
def test_what_another_tab_saved_is_not_undone(alice: User, dana: User) -> None:
    """The page says who it was, keeps what was typed, shows what differs, and can be saved."""
    patient = PatientFactory(clinic=alice.clinics.get(), given_name="Grace", allergies="")
    page = url(patient)
    desk, clinician = client_of(dana), client_of(alice)
    older = opened(desk, page)
    send(clinician, page, allergies="Lidocaine", email="grace@clinic.example")

    refused = desk.post(page, {**older, "given_name": "Gracia", "_save": "1"})

    patient.refresh_from_db()
    assert (patient.given_name, patient.email) == ("Grace", "grace@clinic.example")
    words = refused.content.decode()
    assert f"was changed since you opened it, by {alice.get_full_name()} on" in words
    assert "Lidocaine" not in words
    told = {(one.label, one.now, one.typed) for one in refused.context["differences"]}
    assert ("Given name", "Grace", "Gracia") in told
    assert ("Email", "grace@clinic.example", older["email"]) in told
    assert not list(refused.context["messages"])
    again = fields_of(refused)
    assert again["given_name"] == "Gracia"
    assert desk.post(page, {**again, "_save": "1"}).status_code == 302
    patient.refresh_from_db()
    assert (patient.given_name, patient.allergies) == ("Gracia", "Lidocaine")


@pytest.mark.django_db
def test_a_form_from_before_there_were_versions_is_refused_once(alice: User) -> None:
    patient = PatientFactory(clinic=alice.clinics.get(), given_name="Grace")
    client = client_of(alice)
    fields = opened(client, url(patient))
    del fields["_version"]

    refused = client.post(url(patient), {**fields, "given_name": "Gracia", "_save": "1"})
    saved = client.post(url(patient), {**fields_of(refused), "_save": "1"})

    assert (refused.status_code, saved.status_code) == (200, 302)
    patient.refresh_from_db()
    assert patient.given_name == "Gracia"
