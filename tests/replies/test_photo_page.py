"""Pictures that a patient sends with a check-in: kept once, put before a clinician, not shown."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from aftercare.models import Message
from clinic.models import User
from patients.models import Audience, StaffTask, TaskKind
from sessions import services
from sessions.lifecycle import Status
from sessions.models import CheckIn, Photo, View
from sessions.services.record import photos, pictures
from tests.factories import DAY, CheckInFactory, UserFactory, this_hour
from tests.replies.pages import get, make, opened_by, post, url
from tests.support.pictures import agree, encoded, jpeg

pytestmark = pytest.mark.django_db
GPS = 0x8825


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def healing() -> Message:
    return make(this_hour() - 3 * DAY, Status.COMPLETED)


@pytest.fixture
def report(healing: Message) -> CheckIn:
    answered: CheckIn = CheckInFactory(session=healing.session, reported_at=timezone.now(), day=3)
    return answered


def send(message: Message, report: CheckIn, content: bytes, **form: Any) -> Any:
    upload = SimpleUploadedFile("IMG_0001", content)
    return post(message, f"photo/?report={report.pk}", photo=upload, **form)


def stored(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def test_it_is_offered_once_something_is_answered(healing: Message, report: CheckIn) -> None:
    here = f"photo/?report={report.pk}"
    assert here in get(healing, f"check/done/?report={report.pk}")

    text = get(healing, here)

    assert 'accept="image/*" capture="environment"' in text
    assert "It goes into your record, never into an ad." in text
    assert Client().get(url(healing, "photo/"))["Location"] == url(healing, "check/")


@pytest.mark.parametrize("kind", ["JPEG", "HEIF"])
def test_a_picture_is_kept_without_its_place_and_put_before_a_clinician(
    healing: Message, report: CheckIn, kind: str
) -> None:
    image, exif = Image.new("RGB", (80, 60), "salmon"), Image.Exif()
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 0.0)})

    answer = send(healing, report, encoded(image, kind, exif=exif.tobytes()))

    assert answer.status_code == 303
    photo = Photo.objects.get()
    assert (photo.view, photo.uploaded_by, photo.number) == (View.SENT, None, 1)
    assert (photo.report, photo.session, photo.patient) == (
        report,
        healing.session,
        healing.patient,
    )
    with photo.image.open() as kept:
        assert not Image.open(BytesIO(kept.read())).getexif()
    task = StaffTask.objects.get()
    assert (task.kind, task.audience) == (TaskKind.HEALING, Audience.CLINICAL)
    text = Client().get(answer["Location"]).content.decode()
    assert "Pictures that we have from you: 1" in text
    assert "<img" not in text
    assert str(photo.image.name) not in text


def test_the_same_picture_is_kept_once_and_three_are_all(
    healing: Message, report: CheckIn, media: Path
) -> None:
    for width in (40, 40, 50, 60):
        assert send(healing, report, jpeg(width)).status_code == 303

    answer = send(healing, report, jpeg(70))

    assert (answer.status_code, Photo.objects.count(), stored(media)) == (409, 3, 6)
    text = answer.content.decode()
    assert "We have three pictures from you" in text
    assert "<form" not in text
    assert StaffTask.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"no picture", 415, "Your answers are safe"),
        (jpeg()[:200], 400, "Your answers are safe"),
        (b"", 400, "choose a picture first"),
    ],
)
def test_what_fails_says_so_and_loses_nothing(
    healing: Message, report: CheckIn, media: Path, content: bytes, code: int, words: str
) -> None:
    send(healing, report, jpeg())

    answer = send(healing, report, content)

    assert answer.status_code == code
    assert words in answer.content.decode()
    assert (Photo.objects.count(), stored(media), CheckIn.objects.count()) == (1, 2, 1)


def test_a_picture_has_twelve_megabytes_at_most(
    healing: Message, report: CheckIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = jpeg()
    monkeypatch.setattr(photos, "MOST_SENT", len(content))
    assert send(healing, report, content).status_code == 303

    answer = send(healing, report, content + b" ")

    assert answer.status_code == 413
    assert "larger than 12 MB" in answer.content.decode()
    assert pictures.MOST_SENT == 12_000_000


@pytest.mark.parametrize("area", ["breast", "groin"])
def test_of_some_parts_no_picture_is_asked_for(area: str) -> None:
    healing = make(
        this_hour() - 3 * DAY, Status.COMPLETED, session__plan__protocol__area__code=area
    )
    report = CheckInFactory(session=healing.session, reported_at=timezone.now())

    assert "photo/" not in get(healing, f"check/done/?report={report.pk}")
    assert send(healing, report, jpeg())["Location"] == url(healing, "check/")
    assert not Photo.objects.exists()


def test_another_reports_or_a_forged_form_keeps_nothing(healing: Message, report: CheckIn) -> None:
    stranger = CheckInFactory(reported_at=timezone.now())

    assert send(healing, stranger, jpeg())["Location"] == url(healing, "check/")
    assert send(healing, report, jpeg(), form="forged").status_code == 403
    assert not Photo.objects.exists()


def test_staff_see_it_at_the_report_the_task_and_the_patient(
    healing: Message, report: CheckIn
) -> None:
    """Whoever sees photographs; the picture itself by the address of every other one."""
    send(healing, report, jpeg())
    photo, task = Photo.objects.get(), StaffTask.objects.get()
    browser = Client()
    user = UserFactory(clinic=healing.clinic)
    browser.force_login(user)

    picture = reverse("admin:treatment_sessions_photo_file", args=[photo.pk, "thumbnail"])
    for name, row in (
        ("treatment_sessions_checkin", report),
        ("patients_stafftask", task),
        ("patients_patient", healing.patient),
    ):
        page = browser.get(reverse(f"admin:{name}_change", args=[row.pk]))
        assert picture in page.content.decode(), name
    assert browser.get(picture)["Content-Type"] == "image/jpeg"


def test_it_is_seen_until_consent_is_taken_back(
    healing: Message, report: CheckIn, dana: User
) -> None:
    at = timezone.now()
    consent = agree(healing.patient, dana, signed_at=at - 9 * DAY)
    with transaction.atomic():
        send(healing, report, jpeg())
    assert Photo.objects.filter(services.shown_photos(at=at)).count() == 1

    consent.revoked_at, consent.revoke_reason = timezone.now() + DAY, "no more"
    consent.save()

    assert not Photo.objects.filter(services.shown_photos(at=at)).exists()
    assert not Photo.objects.standard().exists()


def test_its_patient_sees_it_behind_the_birth_date(healing: Message, report: CheckIn) -> None:
    send(healing, report, jpeg())
    picture = f"own/{Photo.objects.get().pk}.jpg"
    assert "birth-date/" in Client().get(url(healing, picture))["Location"]
    browser = opened_by(healing)

    assert picture in browser.get(url(healing, "own/")).content.decode()
    assert browser.get(url(healing, picture))["Content-Type"] == "image/jpeg"
    photos.remove_files(Photo.objects.get().thumbnail.name)  # as after a restore without the media
    assert browser.get(url(healing, picture)).status_code == 404

    other = make(this_hour() - 3 * DAY, Status.COMPLETED)
    assert opened_by(other).get(url(other, picture)).status_code == 404
