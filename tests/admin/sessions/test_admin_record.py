"""Screenings, consents and photographs in the admin: the same services, the same rules."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, User
from patients.models import ConsentText, Patient, PhotoConsent, Screening, TreatmentConsent
from sessions.models import Photo
from tests.admin.pages import client_of
from tests.factories import PatientFactory
from tests.support.forms import send
from tests.support.kept import kept
from tests.support.pictures import agree, files, jpeg

pytestmark = pytest.mark.django_db


@kept
def patient(alice: User, catalogue: None) -> Patient:
    return PatientFactory(clinic=alice.clinics.get())


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def add(client: Client, model: str, **data: Any) -> Any:
    return client.post(reverse(f"admin:{model}_add"), data)


def answers(client: Client, **yes: str) -> dict[str, str]:
    """All questions of the page, answered with no except those named, with their last time."""
    form = client.get(reverse("admin:patients_screening_add")).context["adminform"].form
    told = {name: "no" for name in form.fields if name.startswith("answer_")}
    for code, last in yes.items():
        told[f"answer_{code.replace('_', '-')}"] = "yes"
        if last:
            told[f"last_{code.replace('_', '-')}"] = last
    return told


def screen(client: Client, patient: Patient, told: dict[str, str], **changes: str) -> Any:
    rest = {"patient": str(patient.pk), "kind": "FULL", "good_health": "on"}
    return add(client, "patients_screening", **rest, **told, **changes)


def test_the_questionnaire_is_answered_on_one_page(client: Client, patient: Patient) -> None:
    Clinic.objects.update(handles_blood=True)  # or it does not ask about what is in blood
    told = answers(client, pregnancy="", chemical_peel="2026-01-05")

    assert screen(client, patient, told).status_code == 302

    screening = Screening.objects.get()
    assert screening.answers.count() == sum(name.startswith("answer_") for name in told) > 40
    yes = screening.answers.filter(answer=True).order_by("rule__code")
    assert [(a.rule.code, str(a.last_exposure_on)) for a in yes] == [
        ("chemical-peel", "2026-01-05"),
        ("pregnancy", "None"),
    ]
    page = client.get(reverse("admin:patients_screening_change", args=[screening.pk]))
    assert page.status_code == 200


def test_a_question_that_is_left_open_is_named(client: Client, patient: Patient) -> None:
    told = answers(client, chemical_peel="")
    del told["answer_pregnancy"]

    page = screen(client, patient, told)

    errors = page.context["adminform"].form.errors
    assert errors == {
        "answer_pregnancy": ["Yes or no?"],
        "last_chemical-peel": ["When was it last?"],
    }
    assert not Screening.objects.exists()


def sign(client: Client, patient: Patient, **changes: Any) -> Any:
    text = ConsentText.objects.get(kind="TREATMENT", language="en")
    data = {
        "patient": str(patient.pk),
        "text": str(text.pk),
        "clauses": [clause.code for clause in text.clauses.all()],
        "zones": ["cheeks", "forehead"],
        "device_models": ["skinpen-precision"],
        "signer_name": patient.full_name,
    }
    return add(client, "patients_treatmentconsent", **{**data, **changes})


def test_a_consent_is_signed_and_revoked_once(client: Client, patient: Patient) -> None:
    assert sign(client, patient).status_code == 302
    consent = TreatmentConsent.objects.get()
    assert consent.zones == ["cheeks", "forehead"]
    change = reverse("admin:patients_treatmentconsent_change", args=[consent.pk])

    send(client, change, revoke_reason="Changed her mind.")
    consent.refresh_from_db()
    first = consent.revoked_at
    send(client, change, revoke_reason="Once more.")
    consent.refresh_from_db()

    assert first is not None
    assert (consent.revoked_at, consent.revoke_reason) == (first, "Changed her mind.")


def test_a_consent_without_a_required_clause_is_refused(client: Client, patient: Patient) -> None:
    page = sign(client, patient, clauses=["risks"])

    assert "These must be agreed to" in page.content.decode()
    assert not TreatmentConsent.objects.exists()


def test_a_photo_consent_is_signed(client: Client, patient: Patient) -> None:
    text = ConsentText.objects.get(kind="PHOTO", language="en")
    data = {"patient": str(patient.pk), "text": str(text.pk), "scope": "CLINICAL"}

    assert add(client, "patients_photoconsent", **data, signer_name="Grace").status_code == 302
    assert PhotoConsent.objects.get().scope == "CLINICAL"


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(client: Client, patient: Patient, content: bytes) -> Any:
    now = timezone.localtime()
    return add(
        client,
        "treatment_sessions_photo",
        patient=str(patient.pk),
        view="FRONT",
        taken_at_0=f"{now:%Y-%m-%d}",
        taken_at_1=f"{now:%H:%M}",
        upload=SimpleUploadedFile("face.jpg", content, "image/jpeg"),
    )


def test_a_photo_is_stored_once_and_shown_while_the_patient_agrees(
    client: Client, patient: Patient, alice: User, media: Path
) -> None:
    consent = agree(patient, alice)

    assert upload(client, patient, jpeg()).status_code == 302
    photo = Photo.objects.get()
    source = reverse("admin:treatment_sessions_photo_file", args=[photo.pk, "thumbnail"])
    shown = client.get(source)
    assert len(files(media)) == 2
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    assert (
        source in client.get(reverse("admin:treatment_sessions_photo_changelist")).content.decode()
    )

    PhotoConsent.objects.filter(pk=consent.pk).update(
        revoked_at=timezone.now(), revoke_reason="No more."
    )
    assert client.get(source).status_code == 404


def test_a_photo_that_is_refused_leaves_nothing(
    client: Client, patient: Patient, alice: User, media: Path
) -> None:
    page = upload(client, patient, jpeg())
    assert "There is no valid consent to photographs" in page.content.decode()

    agree(patient, alice)
    page = upload(client, patient, b"<svg/>")
    assert "Send a JPEG" in page.content.decode()
    assert (files(media), Photo.objects.count()) == ([], 0)


def test_the_desk_sees_no_photos(patient: Patient, dana: User, alice: User, media: Path) -> None:
    agree(patient, alice)
    upload(client_of(alice), patient, jpeg())
    source = reverse("admin:treatment_sessions_photo_file", args=[Photo.objects.get().pk, "image"])

    assert client_of(dana).get(source).status_code == 404
    assert Client().get(source).status_code == 302
