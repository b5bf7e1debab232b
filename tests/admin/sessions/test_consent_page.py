"""A consent signed at the clinic: what is read, what the plan fills in, and what is kept of it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.records.export.consents import consent_page
from clinic.models import DeviceModel, User
from patients.models import ConsentText, Patient, TreatmentConsent
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import (
    DAY,
    ConsentClauseFactory,
    ConsentTextFactory,
    PlanFactory,
    ProtocolFactory,
    ZoneFactory,
)
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
ADD = reverse("admin:patients_treatmentconsent_add")
DRAWN = "M10 20L30 40L50 20M60 60L60 60"


@kept
def patient(booking: Booking) -> Patient:
    """With a plan, a visit that is booked, and a text in their own language."""
    Patient.objects.filter(pk=booking.plan.patient_id).update(language="es")
    ConsentClauseFactory(text=ConsentTextFactory(), wording="I see the risks")
    own = ConsentTextFactory(language="es", body="# Consentimiento\n\n**Agujas** finas")
    ConsentClauseFactory(text=own, code="risks", wording="Entiendo los riesgos", is_required=True)
    ConsentClauseFactory(text=own, code="photos", wording="Acepto las fotos")
    booking.book(timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) + 30 * DAY)
    ZoneFactory(name="Elsewhere")
    return Patient.objects.get(pk=booking.plan.patient_id)


def text_of(patient: Patient) -> ConsentText:
    return ConsentText.objects.get(language=patient.language, version=1)


def signed(user: User, patient: Patient, **changes: Any) -> Any:
    plan = patient.plans.get()
    form = {
        "patient": str(patient.pk),
        "text": str(text_of(patient).pk),
        "clauses": ["risks"],
        "zones": [zone.code for zone in plan.area.zones.all()],
        "device_models": [DeviceModel.objects.earliest("pk").code],
        "signer_name": "Ana Gil",
        "signature": DRAWN,
    }
    return client_of(user).post(ADD, form | changes)


def test_the_whole_text_is_read_and_the_plan_filled_in(
    patient: Patient, booking: Booking, alice: User
) -> None:
    page = client_of(alice).get(f"{ADD}?patient={patient.pk}")

    assert "<strong>Agujas</strong> finas" in page.content.decode()
    form = page.context["adminform"].form
    assert form["zones"].value() == [zone.code for zone in booking.plan.area.zones.all()]
    assert form["device_models"].value() == [booking.device.model.code]
    assert "Where, as planned" in visible(page)
    assert "Entiendo los riesgos" in visible(page)
    english = ConsentText.objects.get(language="en")
    other = client_of(alice).get(f"{ADD}?patient={patient.pk}&text={english.pk}")
    assert "I see the risks" in visible(other)
    assert "Entiendo los riesgos" not in visible(other)


def test_what_was_drawn_stands_on_the_page_and_on_paper(patient: Patient, alice: User) -> None:
    assert signed(alice, patient).status_code == 302

    consent = TreatmentConsent.objects.get()
    assert (consent.signature, consent.clauses, consent.recorded_by) == (DRAWN, ["risks"], alice)
    client = client_of(alice)
    assert f'd="{DRAWN}"' in client.get(url(consent)).content.decode()
    paper = consent_page(consent)
    assert f'd="{DRAWN}"' in paper
    for words in ("<dt>Con</dt>", "<dt>Firma</dt>", "Acepto las fotos <strong>No</strong>"):
        assert words in paper
    address = reverse("admin:patients_treatmentconsent_pdf", args=[consent.pk])
    assert address in client.get(url(patient)).content.decode()
    assert client.get(address).headers["Content-Type"] == "application/pdf"


def test_a_typed_name_signs_as_well(patient: Patient, alice: User) -> None:
    signed(alice, patient, signature="")
    consent = TreatmentConsent.objects.get()
    assert (consent.signature, consent.signer_name) == ("", "Ana Gil")
    assert "<svg" not in consent_page(consent)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"clauses": ["photos"]}, "These must be agreed to: risks."),
        ({"clauses": []}, "This field is required."),
        ({"clauses": ["made-up"]}, "made-up is not one of the available choices"),
        ({"zones": []}, "This field is required."),
    ],
)
def test_what_is_refused_leaves_all_that_was_typed_and_drawn(
    patient: Patient, alice: User, changes: dict[str, Any], says: str
) -> None:
    page = signed(alice, patient, **changes)

    assert says in visible(page)
    html = page.content.decode()
    assert f'<path d="{DRAWN}"/>' in html
    assert 'value="Ana Gil"' in html
    assert not TreatmentConsent.objects.exists()


@pytest.mark.parametrize(
    "drawn", ['M1 1"><script>', "M1000 1", "L1 1", "M1 1\nL2 2", "M1 1" * 9_000]
)
def test_what_is_no_drawing_is_refused(patient: Patient, alice: User, drawn: str) -> None:
    page = signed(alice, patient, signature=drawn)
    assert page.context["adminform"].form.errors.keys() == {"signature"}
    assert "<script>" not in page.content.decode().split("data-signature")[1].split("</svg>")[0]


def test_a_text_that_is_old_by_now_is_read_anew(patient: Patient, alice: User) -> None:
    old = text_of(patient)
    new = ConsentTextFactory(language="es", version=2, body="# Otro\n\nTexto nuevo")
    ConsentClauseFactory(text=new, code="risks", is_required=True)

    page = signed(alice, patient)

    assert "Let the patient sign the current text." in visible(page)
    assert "Texto nuevo" in visible(page)
    html = page.content.decode()
    assert f'name="text" value="{new.pk}"' in html
    assert f'name="text" value="{old.pk}"' not in html


def test_of_a_minor_it_is_said_who_signs(patient: Patient, alice: User) -> None:
    words = "A minor: a guardian signs"
    address = f"{ADD}?patient={patient.pk}"
    assert words not in visible(client_of(alice).get(address))
    Patient.objects.filter(pk=patient.pk).update(
        date_of_birth=timezone.localdate() - 365 * 12 * DAY
    )
    assert words in visible(client_of(alice).get(address))


def test_nothing_of_another_clinic_is_told_or_opened(
    patient: Patient, alice: User, bob: User, dana: User
) -> None:
    signed(alice, patient)
    pdf = reverse("admin:patients_treatmentconsent_pdf", args=[TreatmentConsent.objects.get().pk])

    assert patient.family_name not in visible(client_of(bob).get(f"{ADD}?patient={patient.pk}"))
    assert client_of(bob).get(pdf).status_code == 404
    assert client_of(dana).get(pdf).status_code == 403
    assert client_of(alice).get(f"{ADD}?patient=no-id").context["signing"] is None


def test_it_takes_a_fixed_number_of_statements(patient: Patient, alice: User) -> None:
    client, counts = client_of(alice), []
    for number in (0, 4):
        for _ in range(number):
            zone = ZoneFactory()
            protocol = ProtocolFactory(area=zone.area)
            PlanFactory(patient=patient, protocol=protocol)
        with CaptureQueriesContext(connection) as caught:
            client.get(f"{ADD}?patient={patient.pk}")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 24
