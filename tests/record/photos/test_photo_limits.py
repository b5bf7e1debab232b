"""Pictures that are too large, or larger than they say."""

import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import connection
from PIL import Image
from rest_framework.test import APIClient

from clinic.decoding import pictures as decoders
from clinic.http.pdf import pdf_answer
from patients.models import Patient
from sessions import services
from sessions.models import Photo
from sessions.services.record import photos, pictures
from tests.support.pictures import encoded, files, jpeg, send

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "options", [{"progressive": True}, *({"kind": kind} for kind in decoders.FORMATS)]
)
def test_a_picture_that_was_cut_off_is_refused(
    as_alice: APIClient, patient: Patient, media: Path, options: dict[str, Any]
) -> None:
    pdf_answer("<html><body>Its library would take half of a picture.</body></html>", name="any")
    content = encoded(Image.effect_noise((200, 150), 90).convert("RGB"), **options)
    cuts = [len(content) * tenths // 10 for tenths in range(1, 10)]

    for cut in [*cuts, 200, len(content) - 30, len(content) - 2, len(content) - 1]:
        answer = send(as_alice, patient, content[:cut])
        assert (answer.status_code, answer.json()["code"]) == (400, "damaged_photo"), cut

    assert (files(media), Photo.objects.count()) == ([], 0)


def png_of(width: int, height: int) -> bytes:
    """A few bytes that say they are a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(9_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int) -> bytes:
    content = bytearray(jpeg())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def webp_of(width: int, height: int) -> bytes:
    content = bytearray(encoded(Image.new("RGB", (64, 64)), "WEBP", lossless=True))
    bits = content.index(b"VP8L") + 9
    size = (width - 1) | (height - 1) << 14
    content[bits : bits + 4] = struct.pack("<I", size)
    return bytes(content)


def heic_of(width: int, height: int, real: int = 64) -> bytes:
    content = bytearray(encoded(Image.new("RGB", (real, real)), "HEIF"))
    size = content.index(b"ispe") + 8
    content[size : size + 8] = struct.pack(">II", width, height)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png_of(50_000, 50_000), id="png of 2500 megapixels"),
        pytest.param(png_of(2_000_000_000, 1), id="png of one endless row"),
        pytest.param(png_of(12_001, 10), id="one side too long"),
        pytest.param(png_of(10_000, 6_001), id="just over 60 megapixels"),
        pytest.param(png_of(12_000, 10_000), id="120 megapixels"),
        pytest.param(jpeg_of(50_000, 50_000), id="jpeg"),
        pytest.param(webp_of(16_383, 16_383), id="webp"),
        pytest.param(heic_of(50_000, 50_000), id="heic of 2500 megapixels"),
        pytest.param(heic_of(12_001, 10), id="heic with one side too long"),
        pytest.param(heic_of(10_000, 6_001), id="heic just over 60 megapixels"),
    ],
)
def test_a_bomb_is_refused_by_its_header(
    as_alice: APIClient, patient: Patient, media: Path, content: bytes
) -> None:
    """None of these has the pixels that it announces: decoded, it would be `damaged_photo`."""
    began = time.monotonic()

    answer = send(as_alice, patient, content)

    assert (answer.status_code, answer.json()["code"]) == (413, "photo_too_many_pixels")
    assert time.monotonic() - began < 2
    assert (files(media), Photo.objects.count()) == ([], 0)


@pytest.mark.parametrize("size", [(10_000, 6_000), (12_000, 10)])
def test_a_picture_as_large_as_allowed_is_decoded(
    as_alice: APIClient, patient: Patient, media: Path, size: tuple[int, int]
) -> None:
    """It has none of the pixels that it announces, which only a decoder sees."""
    answer = send(as_alice, patient, png_of(*size))

    assert (answer.status_code, answer.json()["code"]) == (400, "damaged_photo")


def test_a_heic_that_says_it_is_smaller_than_it_is_is_refused(
    as_alice: APIClient, patient: Patient, media: Path
) -> None:
    answer = send(as_alice, patient, heic_of(64, 64, real=1_000))

    assert (answer.status_code, answer.json()["code"]) == (400, "damaged_photo")
    assert (files(media), Photo.objects.count()) == ([], 0)


def test_a_jpeg_of_endless_scans_is_refused_unread(
    as_alice: APIClient, patient: Patient, media: Path
) -> None:
    content = jpeg(progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]

    answer = send(as_alice, patient, content[:-2] + scan * 60 + b"\xff\xd9")
    a_video_behind_it = send(as_alice, patient, content + scan * 60)

    assert (answer.status_code, answer.json()["code"]) == (400, "damaged_photo")
    assert "scans" in answer.json()["detail"]
    assert a_video_behind_it.status_code == 201


def test_a_jpeg_may_have_fifty_scans(as_alice: APIClient, patient: Patient, media: Path) -> None:
    content = jpeg(progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]
    as_many = content[:-2] + scan * (50 - content.count(b"\xff\xda"))

    assert send(as_alice, patient, as_many + b"\xff\xd9").status_code == 201
    assert send(as_alice, patient, as_many + scan + b"\xff\xd9").status_code == 400


@pytest.mark.parametrize("size", [25_000_001, 26_000_000, 26 * 2**20, 40_000_000])
def test_26_megabytes_are_refused_before_they_are_looked_at(
    as_alice: APIClient, patient: Patient, media: Path, monkeypatch: Any, size: int
) -> None:
    monkeypatch.setattr(pictures, "decode", None)  # what called it would end as a fault

    answer = send(as_alice, patient, jpeg().ljust(size, b"\0"))

    assert (answer.status_code, answer.json()["code"]) == (413, "photo_too_large")
    assert "25 MB" in answer.json()["detail"]
    assert (files(media), Photo.objects.count()) == ([], 0)


def test_25_megabytes_wait_in_a_temporary_file_that_goes_away(
    as_alice: APIClient, patient: Patient, monkeypatch: Any
) -> None:
    seen = []

    def look(**details: Any) -> Photo:
        seen.append(details["upload"])
        assert Path(seen[0].temporary_file_path()).exists()
        return photos.store_photo(**details)

    look.as_step = look  # type: ignore[attr-defined]
    monkeypatch.setattr(services, "store_photo", look)
    answer = send(as_alice, patient, jpeg().ljust(25_000_000, b"\0"))

    assert answer.status_code == 201
    assert isinstance(seen[0], TemporaryUploadedFile)
    assert not Path(seen[0].temporary_file_path()).exists()


def test_a_picture_whose_access_cannot_be_written_leaves_no_file(
    as_alice: APIClient, patient: Patient, media: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON clinic_access_record FOR EACH ROW"
            " WHEN (NEW.outcome = 'DONE') EXECUTE FUNCTION clinic_access_kept()"
        )

    answer = send(as_alice, patient, jpeg())

    assert (answer.status_code, answer.json()["code"]) == (503, "access_not_recorded")
    assert (files(media), Photo.objects.count()) == ([], 0)
