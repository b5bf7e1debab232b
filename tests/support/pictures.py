"""Photographs for tests: real pictures, and what a patient and a client do with them."""

import io
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from pillow_heif import register_heif_opener
from rest_framework.test import APIClient

from clinic.models import User
from patients.models import ConsentText, Patient, PhotoConsent
from sessions import services
from sessions.models import Photo
from tests.factories import DAY, LONG_AGO, NINE

URL = "/api/v1/photos/"
register_heif_opener()  # so that tests can write one


def agree(patient: Patient, by: User, **changes: Any) -> PhotoConsent:
    text = ConsentText.objects.filter(kind="PHOTO").first() or ConsentText.objects.create(
        kind="PHOTO", language="en", title="Photos", body="I agree.", effective_from=LONG_AGO
    )
    details = {
        "scope": "CLINICAL",
        "signed_at": timezone.now() - 60 * DAY,
        "expires_on": timezone.localdate() + 300 * DAY,
    }
    return PhotoConsent.objects.create(
        patient=patient,
        text=text,
        text_sha256=text.sha256,
        signer_name="Grace Hopper",
        recorded_by=by,
        **{**details, **changes},
    )


def jpeg(width: int = 80, height: int = 60, **options: Any) -> bytes:
    return encoded(Image.linear_gradient("L").resize((width, height)).convert("RGB"), **options)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def send(
    client: APIClient,
    patient: Patient,
    content: bytes,
    /,
    *,
    name: str = "front.jpg",
    **changes: Any,
) -> Any:
    details = {
        "patient": str(patient.pk),
        "view": "FRONT",
        "taken_at": NINE.isoformat(),
        "image": SimpleUploadedFile(name, content, "image/jpeg"),
    }
    return client.post(URL, {**details, **changes}, format="multipart")


def stored(content: bytes, patient: Patient, by: User, **changes: Any) -> Photo:
    details = {"view": "FRONT", "taken_at": NINE, "at": timezone.now()}
    return services.store_photo(
        patient=patient, upload=io.BytesIO(content), by=by, **{**details, **changes}
    )


def files(media: Path) -> list[Path]:
    """All that is on the disk."""
    return sorted(path for path in media.rglob("*") if path.is_file())


def opened(client: APIClient, answer: Any, part: str = "file") -> Image.Image:
    assert answer.status_code == 201, answer.content
    return Image.open(io.BytesIO(client.get(f"{URL}{answer.json()['id']}/{part}/").getvalue()))
