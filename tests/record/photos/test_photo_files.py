"""What may come in as a photograph, and what is left of it."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from rest_framework.test import APIClient

from clinic.decoding import pictures as decoders
from clinic.models import User
from patients.models import Patient
from sessions.models import Photo
from sessions.services.record import pictures
from tests.admin.pages import client_of
from tests.support.pictures import encoded, files, jpeg, opened, send

pytestmark = pytest.mark.django_db
CANARY = b"Kanarienvogel"


def with_metadata(kind: str) -> bytes:
    """A picture that says where it was taken, of whom, and more."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x010F] = exif[0x013B] = CANARY.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 3.5), 29: CANARY.decode()})
    exif.get_ifd(0x8769)[0x9286] = CANARY
    options: dict[str, Any] = {"exif": exif, "xmp": b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options["icc_profile"] = profile
    if kind == "JPEG":
        options["comment"] = CANARY
    if kind == "PNG":
        options["pnginfo"] = text = PngInfo()
        text.add_text("Comment", CANARY.decode())
        text.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    return encoded(Image.new("RGB", (90, 60), "tan"), kind, **options)


@pytest.mark.parametrize("kind", decoders.FORMATS)
def test_where_and_of_whom_it_was_taken_is_gone(
    as_alice: APIClient, patient: Patient, media: Path, kind: str
) -> None:
    content = with_metadata(kind)
    before = Image.open(io.BytesIO(content))
    assert CANARY in content
    assert before.getexif().get_ifd(0x8825)[2] == (48.0, 12.0, 3.5)

    answer = send(as_alice, patient, content)

    for part in ("file", "thumbnail"):
        after = opened(as_alice, answer, part)
        assert after.format == "JPEG"
        assert (dict(after.getexif()), after.getexif().get_ifd(0x8825)) == ({}, {})
        assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for path in files(media):
        for trace in (CANARY, b"Exif", b"xmp", b"ICC", b"GPS", b"http"):
            assert trace not in path.read_bytes()


@pytest.mark.parametrize("kind", ["JPEG", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(
    as_alice: APIClient, patient: Patient, kind: str, orientation: int
) -> None:
    image = Image.new("RGB", (120, 80), "white")
    image.paste("red", (0, 0, 40, 40))
    image.paste("blue", (80, 40, 120, 80))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(image, kind, exif=exif)

    shown = opened(as_alice, send(as_alice, patient, content))

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(image, exif=exif))))
    assert shown.size == upright.size
    for corner in ((9, 9), (-9, 9), (9, -9), (-9, -9)):
        at = (corner[0] % shown.width, corner[1] % shown.height)
        assert shown.getpixel(at) == pytest.approx(upright.getpixel(at), abs=12)


def test_colours_of_another_gamut_are_converted() -> None:
    """The profile is sRGB with red and green interchanged, so pure red means green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    image = Image.new("RGB", (20, 20), (255, 0, 0))

    swapped = pictures.remade(io.BytesIO(encoded(image, "PNG", icc_profile=bytes(profile))))
    broken = pictures.remade(io.BytesIO(encoded(image, "PNG", icc_profile=b"no profile")))

    assert Image.open(io.BytesIO(swapped.image)).getpixel((9, 9)) == pytest.approx(
        (0, 255, 0), abs=12
    )
    assert Image.open(io.BytesIO(broken.image)).getpixel((9, 9)) == pytest.approx(
        (255, 0, 0), abs=12
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_becomes_plain_colour(mode: str) -> None:
    image = Image.new(mode, (40, 30))
    picture = pictures.remade(io.BytesIO(encoded(image, "JPEG" if mode == "CMYK" else "PNG")))

    shown = Image.open(io.BytesIO(picture.image))

    assert (shown.mode, shown.size) == ("RGB", (40, 30))
    seen_through = {"LA", "RGBA"}  # nothing is drawn: the white below shows
    white = mode in seen_through or mode == "CMYK"
    assert shown.getpixel((9, 9)) == pytest.approx((255,) * 3 if white else (0,) * 3, abs=5)


@pytest.mark.parametrize(("orientation", "quarters"), [(8, 1), (3, 2), (6, 3)])
def test_a_heic_that_says_twice_how_it_stands_is_turned_once(
    orientation: int, quarters: int
) -> None:
    """As an iPhone's: in a box that the decoder obeys, and in the EXIF."""
    image = Image.new("RGB", (120, 80), "white")
    image.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(image, "HEIF", exif=exif)
    box = content.index(b"pixi")  # need not be there, and has room for the other
    turned = content[:box] + b"irot" + bytes([quarters]).ljust(8, b"\0") + content[box + 12 :]

    shown = Image.open(io.BytesIO(pictures.remade(io.BytesIO(turned)).image))

    upright = image.rotate(90 * quarters, expand=True)
    assert shown.size == upright.size
    for corner in ((9, 9), (-9, 9), (9, -9), (-9, -9)):
        at = (corner[0] % shown.width, corner[1] % shown.height)
        assert shown.getpixel(at) == pytest.approx(upright.getpixel(at), abs=12)


def test_a_heic_of_many_tiles_and_of_a_wide_gamut_is_one_picture() -> None:
    """An iPhone's: 12 megapixels in tiles of 512, with a colour profile and a smaller picture."""
    image = Image.linear_gradient("L").resize((1400, 1100)).convert("RGB")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"tile_size": 512, "thumbnails": [320], "icc_profile": profile}

    picture = pictures.remade(io.BytesIO(encoded(image, "HEIF", **options)))

    shown = Image.open(io.BytesIO(picture.image))
    assert shown.size == (1400, 1100)
    for at in ((3, 3), (700, 500), (1390, 1090)):
        assert shown.getpixel(at) == pytest.approx(image.getpixel(at), abs=12)


@pytest.mark.parametrize(
    ("size", "image", "thumbnail"),
    [
        ((5000, 3000), (2400, 1440), (400, 240)),
        ((300, 2500), (288, 2400), (48, 400)),
        ((500, 400), (500, 400), (400, 320)),
        ((9, 5), (9, 5), (9, 5)),
        ((12_000, 1), (2400, 1), (400, 1)),
    ],
)
def test_the_longest_side_is_limited(
    as_alice: APIClient, patient: Patient, size: Any, image: Any, thumbnail: Any
) -> None:
    answer = send(as_alice, patient, jpeg(*size))

    assert opened(as_alice, answer).size == image
    assert opened(as_alice, answer, "thumbnail").size == thumbnail
    assert (answer.json()["width"], answer.json()["height"]) == image


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.js", CANARY)
    return file.getvalue()


def renamed_avif() -> bytes:
    return encoded(Image.new("RGB", (64, 64)), "AVIF").replace(b"ftypavif", b"ftypmif1")


def video(brand: bytes) -> bytes:
    """The boxes of a video are those of a HEIC."""
    return b"\0\0\0\x14ftyp" + brand + bytes(4) + b"mp41" + b"\0\0\0\x10mdat" + bytes(8)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert('Kanarienvogel')</script>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: SVG, id="svg"),
        pytest.param(lambda: HTML, id="html"),
        pytest.param(lambda: PDF, id="pdf"),
        pytest.param(zipped, id="zip"),
        pytest.param(lambda: zipped() + jpeg(), id="zip before a jpeg"),
        pytest.param(lambda: HTML + jpeg(), id="html before a jpeg"),
        pytest.param(lambda: b"GIF89a=1;alert(1)//" + bytes(99), id="gif and javascript"),
        pytest.param(lambda: encoded(Image.new("P", (9, 9)), "GIF"), id="gif"),
        pytest.param(lambda: encoded(Image.new("RGB", (9, 9)), "TIFF"), id="tiff"),
        pytest.param(lambda: encoded(Image.new("RGB", (9, 9)), "BMP"), id="bmp"),
        pytest.param(lambda: encoded(Image.new("RGB", (16, 16)), "ICO"), id="ico"),
        pytest.param(lambda: encoded(Image.new("RGB", (64, 64)), "AVIF"), id="avif"),
        pytest.param(lambda: renamed_avif(), id="avif that says it is a heif"),
        pytest.param(lambda: video(b"isom"), id="mp4"),
        pytest.param(lambda: video(b"qt  "), id="a live photo's video"),
        pytest.param(lambda: b"\xff\xd8\xff\xe0", id="first bytes of a jpeg"),
        pytest.param(lambda: b"\x00", id="a byte"),
    ],
)
def test_what_is_no_photograph_is_refused(
    as_alice: APIClient, patient: Patient, media: Path, make: Callable[[], bytes]
) -> None:
    answer = send(as_alice, patient, make(), name="front.jpg")

    assert (answer.status_code, answer.json()["code"]) == (415, "not_a_photo")
    assert answer.json()["errors"][0]["pointer"] == "/image"
    assert "JPEG, PNG, WebP or HEIC" in answer.json()["detail"]
    assert (files(media), Photo.objects.count()) == ([], 0)


@pytest.mark.parametrize("tail", [zipped(), HTML, PDF, b"<?php echo 1; ?>" + CANARY])
@pytest.mark.parametrize("kind", decoders.FORMATS)
def test_what_hides_behind_a_picture_stays_outside(
    as_alice: APIClient, patient: Patient, media: Path, kind: str, tail: bytes
) -> None:
    image = Image.new("RGB", (64, 48), "tan")

    answer = send(as_alice, patient, encoded(image, kind) + tail, name="front.html")

    assert opened(as_alice, answer).size == (64, 48)
    assert len(files(media)) == 2
    for path in files(media):
        content = path.read_bytes()
        assert content.startswith(b"\xff\xd8")
        assert content.endswith(b"\xff\xd9")
        for trace in (tail, CANARY, b"PK\x03\x04", b"<script", b"%PDF", b"<?php"):
            assert trace not in content


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/front.jpg",
        "..\\..\\front.jpg",
        "/etc/passwd",
        "Grace Hopper – лицо ✿ 顔.jpg",
        "front.jpg.php",
        "x" * 300 + ".jpg",
        'a"; filename="b.html',
    ],
)
def test_nothing_of_the_files_name_is_kept(
    as_alice: APIClient, patient: Patient, media: Path, name: str
) -> None:
    answer = send(as_alice, patient, jpeg(), name=name)

    assert answer.status_code == 201
    names = [str(path.relative_to(media)) for path in files(media.parent / "media")]
    assert len(names) == 2
    assert all(re.fullmatch(r"photos/[0-9a-f-]{36}\.jpg", stored) for stored in names)
    assert files(media.parent) == files(media)


def test_a_picture_whose_file_is_lost_is_not_found_and_the_operator_is_told(
    as_alice: APIClient, alice: User, patient: Patient, media: Path, caplog: Any
) -> None:
    photo = Photo.objects.get(pk=send(as_alice, patient, jpeg()).json()["id"])
    for path in files(media):
        path.unlink()

    for part in ("file", "thumbnail"):
        told = as_alice.get(f"/api/v1/photos/{photo.pk}/{part}/")
        assert told.status_code == 404, told.content
    page = reverse("admin:treatment_sessions_photo_file", args=[photo.pk, "image"])
    assert client_of(alice).get(page).status_code == 404
    assert caplog.text.count("A picture is lost") == 3
