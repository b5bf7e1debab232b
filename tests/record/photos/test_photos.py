"""Photographs over HTTP: what is kept, who sees it and for how long."""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Role, User
from patients.models import Patient, PhotoConsent
from sessions import services
from sessions.models import Photo
from tests.conftest import client_of
from tests.factories import (
    DAY,
    NINE,
    ClinicFactory,
    PatientFactory,
    PhotoFactory,
    SessionFactory,
    UserFactory,
    ZoneFactory,
)
from tests.support.accesses import RECORDED
from tests.support.kept import kept
from tests.support.pictures import URL, agree, files, jpeg, send, stored

pytestmark = pytest.mark.django_db
SEEN = ("", "file/", "thumbnail/")
NOBODY = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@kept
def patient(alice: User) -> Patient:
    """Grace, a patient of Alice's, who agrees to photographs."""
    patient: Patient = PatientFactory(clinic=alice.clinics.get())
    agree(patient, alice)
    return patient


def test_a_picture_is_kept_and_shown(
    as_alice: APIClient, alice: User, patient: Patient, media: Path
) -> None:
    session = SessionFactory(plan__patient=patient)
    zone = ZoneFactory(area=session.area)

    answer = send(as_alice, patient, jpeg(), session=str(session.pk), zone=zone.code)

    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert told == as_alice.get(f"{URL}{told['id']}/").json()
    assert (told["patient"], told["session"]) == (str(patient.pk), str(session.pk))
    assert (told["zone"], told["view"], told["uploaded_by"]) == (zone.code, "FRONT", str(alice.pk))
    assert (told["width"], told["height"]) == (80, 60)
    served = as_alice.get(f"{URL}{told['id']}/file/").getvalue()
    photo = Photo.objects.get()
    assert served == Path(photo.image.path).read_bytes()
    assert told["sha256"] == hashlib.sha256(served).hexdigest() == photo.sha256
    assert [path.stat().st_mode & 0o777 for path in files(media)] == [0o600, 0o600]
    assert (media / "photos").stat().st_mode & 0o777 == 0o700


def test_a_picture_is_served_as_nothing_but_a_picture(
    as_alice: APIClient, patient: Patient
) -> None:
    photo = send(as_alice, patient, jpeg(), name="Grace Hopper.jpg").json()["id"]

    for part in ("file/", "thumbnail/"):
        for accept in ("*/*", "image/jpeg", "image/avif,image/webp,*/*;q=0.8", "application/json"):
            answer = as_alice.get(f"{URL}{photo}/{part}", HTTP_ACCEPT=accept)
            assert answer.status_code == 200
            assert answer["Content-Type"] == "image/jpeg"
            assert answer["Cache-Control"] == "private, no-store"
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Content-Security-Policy"].startswith("default-src 'none'; ")
            assert re.fullmatch(
                rf'inline; filename="\w+-{photo}\.jpg"', answer["Content-Disposition"]
            )
            assert int(answer["Content-Length"]) == len(answer.getvalue())
            assert not answer.has_header("ETag")
            assert not answer.has_header("Last-Modified")
    for path in (f"{URL}{photo}/", URL, f"{URL}{patient.pk}/"):
        assert as_alice.get(path)["Cache-Control"] == "private, no-store"
    missing = as_alice.get(f"{URL}{patient.pk}/file/", HTTP_ACCEPT="image/jpeg")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert missing["Content-Type"] == "application/problem+json"


def test_no_address_serves_the_folder(as_alice: APIClient, patient: Patient) -> None:
    send(as_alice, patient, jpeg())
    name = Photo.objects.get().image.name

    for path in (f"/{name}", f"/media/{name}", f"/static/{name}", f"/api/v1/{name}"):
        assert as_alice.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"image": SimpleUploadedFile("empty.jpg", b"")}, 400, "/image"),
        ({"image": "text"}, 400, "/image"),
        ({"view": "BEHIND"}, 400, "/view"),
        ({"taken_at": "2030-01-07T09:00:00"}, 400, "/taken_at"),
        ({"zone": "elbow"}, 400, "/zone"),
        ({"session": NOBODY}, 400, "/session"),
        ({"patient": NOBODY}, 400, "/patient"),
    ],
)
def test_bad_input_is_named(
    as_alice: APIClient, patient: Patient, changes: Any, status: int, pointer: str
) -> None:
    answer = send(as_alice, patient, jpeg(), **changes)

    assert answer.status_code == status
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_only_a_form_of_few_fields_is_read(as_alice: APIClient, patient: Patient) -> None:
    as_json = as_alice.post(URL, {"patient": str(patient.pk)}, format="json")
    many = send(as_alice, patient, jpeg(), **{f"more{n}": "x" for n in range(1_100)})
    long = send(as_alice, patient, jpeg(), note="x" * 3_000_000)

    assert as_json.status_code == 415
    assert [(a.status_code, a.json()["code"]) for a in (many, long)] == [(413, "too_large")] * 2


def test_a_transaction_that_fails_leaves_no_files(
    alice: User, patient: Patient, media: Path, monkeypatch: Any
) -> None:
    with pytest.raises(IntegrityError, match="photo_view_known"):
        stored(jpeg(), patient, alice, view="BEHIND")
    assert files(media) == []

    storage: Any = FileSystemStorage
    save = storage._save

    def disk_full(self: Any, name: str, content: Any) -> str:
        save(self, name, content)
        if len(files(media)) == 2:
            raise OSError(28, "No space left on device")
        return name

    monkeypatch.setattr(FileSystemStorage, "_save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        stored(jpeg(), patient, alice)
    assert (files(media), Photo.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {"scope": "TEACHING"},
        {"scope": "MARKETING"},
        {"revoked_at": NINE, "revoke_reason": "Changed her mind"},
        {"expires_on": date(2026, 1, 1)},
    ],
)
def test_without_a_valid_consent_no_picture_is_kept(
    as_alice: APIClient, alice: User, media: Path, given: Any
) -> None:
    patient = PatientFactory(clinic=alice.clinics.get())
    if given:
        agree(patient, alice, **given)
    agree(PatientFactory(clinic=patient.clinic), alice)  # somebody else's does not count

    answer = send(as_alice, patient, jpeg())

    assert (answer.status_code, answer.json()["code"]) == (409, "no_photo_consent")
    assert (files(media), Photo.objects.count()) == ([], 0)


def test_the_session_must_be_the_patients(
    as_alice: APIClient, patient: Patient, media: Path
) -> None:
    session = SessionFactory(plan__patient__clinic=patient.clinic)

    answer = send(as_alice, patient, jpeg(), session=str(session.pk))

    assert (answer.status_code, answer.json()["code"]) == (422, "other_patient")
    assert files(media) == []


def test_an_archived_record_takes_no_picture(
    as_alice: APIClient, patient: Patient, media: Path
) -> None:
    Patient.objects.update(archived_at=NINE)

    answer = send(as_alice, patient, jpeg())

    assert (answer.status_code, answer.json()["code"]) == (409, "patient_archived")
    assert files(media) == []


def hidden(client: APIClient, photo: Photo) -> bool:
    """Neither found nor listed by anybody."""
    paths = [f"{photo.pk}/{part}" for part in SEEN]
    paths += [f"?patient={photo.patient_id}", f"?session={photo.session_id}"]
    statuses = {client.get(f"{URL}{path}").status_code for path in paths}
    listed = [row["id"] for row in client.get(URL).json()["results"]]
    assert len(statuses) == 1
    assert (statuses == {404}) == (str(photo.pk) not in listed)
    return statuses == {404}


def test_a_revoked_consent_hides_the_pictures_at_once(
    as_alice: APIClient, alice: User, patient: Patient
) -> None:
    session = SessionFactory(plan__patient=patient)
    photo = stored(jpeg(), patient, alice, session=session)
    agree(patient, alice, scope="TEACHING")
    assert not hidden(as_alice, photo)

    consent = PhotoConsent.objects.get(scope="CLINICAL")
    revoke = f"/api/v1/photo-consents/{consent.pk}/revoke/"
    assert as_alice.post(revoke, {"reason": "Changed her mind"}).status_code == 200

    assert hidden(as_alice, photo)
    agree(patient, alice)
    assert not hidden(as_alice, photo)


def test_an_expired_consent_hides_the_pictures(
    as_alice: APIClient, alice: User, patient: Patient
) -> None:
    until = timezone.localdate() - 2 * DAY
    former = PatientFactory(clinic=patient.clinic)
    agree(former, alice, expires_on=until)
    session = SessionFactory(plan__patient=former)
    at = timezone.now() - 9 * DAY

    photo = stored(jpeg(), former, alice, session=session, at=at)

    assert hidden(as_alice, photo)


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Europe/Berlin", datetime(2030, 1, 7, 23, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2030, 1, 7, 10, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2030, 1, 8, 8, tzinfo=UTC)),
    ],
)
def test_a_consent_lasts_to_the_end_of_its_day_at_the_clinic(
    alice: User, zone: str, ends: datetime
) -> None:
    patient = PatientFactory(clinic=ClinicFactory(time_zone=zone))
    agree(patient, alice, expires_on=date(2030, 1, 7))

    assert services.consenting_patients(at=ends - timedelta(seconds=1)).get() == patient
    assert not services.consenting_patients(at=ends).exists()


def test_another_clinic_sees_and_adds_nothing(
    as_alice: APIClient, as_bob: APIClient, alice: User, patient: Patient
) -> None:
    session = SessionFactory(plan__patient=patient)
    photo = stored(jpeg(), patient, alice, session=session)
    own = PatientFactory(clinic=User.objects.get(username="bob").clinics.get())

    assert hidden(as_bob, photo)
    assert not hidden(as_alice, photo)
    foreign_patient = send(as_bob, patient, jpeg())
    foreign_session = send(as_bob, own, jpeg(), session=str(session.pk))
    for answer, pointer in ((foreign_patient, "/patient"), (foreign_session, "/session")):
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert "does not exist" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("role", "reading", "adding"),
    [
        (Role.PRACTITIONER, 200, 201),
        (Role.MANAGER, 403, 403),
        (Role.RECEPTIONIST, 403, 403),
        (Role.ADMIN, 403, 403),
        (Role.AUDITOR, 403, 403),
        (None, 401, 401),
    ],
)
def test_who_may_see_and_add_pictures(
    alice: User, patient: Patient, role: Role | None, reading: int, adding: int
) -> None:
    photo = stored(jpeg(), patient, alice)
    client = client_of(UserFactory(role=role, clinic=patient.clinic) if role else None)

    assert {client.get(f"{URL}{photo.pk}/{part}").status_code for part in SEEN} == {reading}
    assert client.get(URL).status_code == reading
    assert send(client, patient, jpeg()).status_code == adding
    for method in (client.put, client.patch, client.delete):
        assert method(f"{URL}{photo.pk}/").status_code in (401, 405)


def test_pictures_are_listed_by_patient_and_session_with_one_question(
    as_alice: APIClient, patient: Patient, alice: User, django_assert_num_queries: Any
) -> None:
    session = SessionFactory(plan__patient=patient)
    for zone in (ZoneFactory(), ZoneFactory(), None):
        PhotoFactory(patient=patient, session=session, zone=zone)
    somebody = PatientFactory(clinic=patient.clinic)
    agree(somebody, alice)
    newest = PhotoFactory(patient=somebody)

    with django_assert_num_queries(1 + RECORDED):
        listed = as_alice.get(f"{URL}?page_size=3").json()
    with django_assert_num_queries(2 + RECORDED):  # one asks for the consent
        of_patient = as_alice.get(f"{URL}?patient={patient.pk}").json()
    with django_assert_num_queries(2 + RECORDED):
        of_session = as_alice.get(f"{URL}?session={session.pk}").json()
    with django_assert_num_queries(1 + RECORDED):
        as_alice.get(f"{URL}{newest.pk}/")

    assert len(listed["results"]) == 3
    assert listed["results"][0]["id"] == str(newest.pk)
    assert len(as_alice.get(listed["next"]).json()["results"]) == 1
    assert of_patient["results"] == of_session["results"]
    assert len(of_patient["results"]) == 3
    assert as_alice.get(f"{URL}?patient=me").status_code == 400
    assert as_alice.get(f"{URL}?view=FRONT").status_code == 400
