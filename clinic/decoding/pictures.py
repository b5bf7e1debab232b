"""Pictures: their pixels, encoded again. Runs in the process of clinic.decoding.child alone."""

import re
import warnings
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError
from pillow_heif import register_heif_opener

MAX_SIDE = 12_000
MAX_PIXELS = 60_000_000
MAX_SCANS = 50  # real pictures have 1 to 15
STORED_SIDE = 2_400
THUMBNAIL_SIDE = 400
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

# Pillow's own guard: what is larger is refused when its header is read.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

# Of a HEIC, only the picture itself is decoded, not the smaller one, depths and masks beside it.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION = 0x0112
SHRINKABLE = ("RGB", "L", "CMYK", "RGBA")  # modes that Pillow resamples well
PNG_END = b"IEND\xae\x42\x60\x82"
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
HEIF_START = re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
HEIF_TURN = re.compile(rb"irot|imir")
HEVC = b"hvcC"  # how a HEIC's pixels are coded; other codes come in the same boxes (AVIF)
JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # the others are part of the data


class Refused(Exception):
    """Why there is no picture, for programs and for people."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind = kind
        super().__init__(words)


def decoded(content: bytes) -> tuple[dict[str, int], list[bytes]]:
    """The pixels as a JPEG of ours, upright, in sRGB and without anything else, and a small one.
    Raises Refused, MemoryError."""
    try:
        return _encoded(_decoded(content))
    except (Refused, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # decoders answer to bad bytes with errors of every kind
        if isinstance(error, UnidentifiedImageError) and not HEIF_START.match(content):
            raise Refused("no_photo", "") from error
        raise Refused("damaged", "") from error


def _decoded(content: bytes) -> Image.Image:
    # Progressive scans may be next to empty: a small file of thousands would be decoded for hours.
    if content.startswith(JPEG_START) and _scans(content) > MAX_SCANS:
        raise Refused("damaged", f"A JPEG may have {MAX_SCANS} scans at most.")
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        _require_size(image)
        image.verify()  # the check sums of a PNG; nothing is decoded yet
        if image.format == "PNG" and PNG_END not in content:
            raise EOFError("the PNG does not end")
        if image.format == "HEIF" and HEVC not in content:
            raise Refused("no_photo", "")
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        orientation, profile = _orientation(image, content), image.info.get("icc_profile")
        shown = image if image.mode in SHRINKABLE else _as_rgba(image)
        shown.thumbnail((STORED_SIDE, STORED_SIDE))  # a JPEG shrinks while it is decoded
        shown = _in_srgb(_on_white(shown), profile)
        if orientation in TURNED:
            shown = shown.transpose(TURNED[orientation])
        # Pillow writes what it knows of a picture, such as its comment, back into the next file:
        # only an image that was never read from one is sure to know nothing.
        clean = Image.new("RGB", shown.size)
        clean.paste(shown)
        return clean


def _scans(jpeg: bytes) -> int:
    """How many scans a JPEG has; what stands behind its end does not count."""
    at, scans = len(JPEG_START), 0
    while (marker := JPEG_MARKER.search(jpeg, at)) and marker[0] != JPEG_END:
        scans += marker[0] == JPEG_SCAN
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    return scans


def _require_size(image: Image.Image) -> None:
    if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Refused:
    words = f"At most {MAX_SIDE:,} pixels a side and {MAX_PIXELS // 1_000_000} megapixels."
    return Refused("pixels", words)


def _orientation(image: Image.Image, content: bytes) -> Any:
    if image.format == "HEIF":  # its decoder has turned it if a box says so, and then EXIF is void
        return None if HEIF_TURN.search(content) else image.info["original_orientation"]
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # EXIF that cannot be read is no reason to refuse a picture that can
        return None


def _as_rgba(image: Image.Image) -> Image.Image:
    """A picture with a palette, or of 16 bits."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda level: level / 256).convert("L")
    return image.convert("RGBA")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Redness is read from colours: those of a phone's wider gamut are converted, not dropped."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a profile that is broken or of other channels says nothing about the colours
    return image.convert("RGB")


def _encoded(image: Image.Image) -> tuple[dict[str, int], list[bytes]]:
    small = image.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    facts = {"width": image.width, "height": image.height}
    return facts, [_jpeg(image), _jpeg(small)]


def _jpeg(image: Image.Image) -> bytes:
    file = BytesIO()
    # Colour at full resolution (4:4:4): the edges of redness are what one looks for.
    image.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()
