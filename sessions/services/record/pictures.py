"""Pictures as they come in: decoded, and encoded again as one of ours.

What is uploaded is never stored: its pixels are decoded and encoded again, in a process of its own
(clinic.decoding), so that neither the place where it was taken nor anything that hides behind a
picture gets in.
"""

import hashlib
import threading
from typing import IO, NamedTuple

from django.utils.translation import gettext, gettext_noop

from clinic.decoding.limited import GaveUp, Unreadable, decode
from clinic.errors import DomainError

MAX_BYTES = 25_000_000  # as WHAT_WE_TAKE says
MOST_SENT = 12_000_000  # bytes of a picture that a patient sends
KINDS = "JPEG, PNG, WebP or HEIC"
WHAT_WE_TAKE = gettext_noop("Send a JPEG, PNG, WebP or HEIC of at most 25 MB.")
DAMAGED = gettext_noop("The picture cannot be read to its end: upload it again.")
TOO_MUCH = gettext_noop(
    "The picture takes too long to read: save it anew as a JPEG, and upload that."
)
# What clinic.decoding says, which has no catalogue.
OF_DECODING = (
    gettext_noop("At most 12,000 pixels a side and 60 megapixels."),
    gettext_noop("A JPEG may have 50 scans at most."),
)

# A picture of 60 megapixels takes up to a gigabyte while it is decoded: one at a time.
_decoding = threading.Lock()


class PhotoTooLarge(DomainError):
    status = 413
    code = "photo_too_large"
    title = gettext_noop("The file is too large")


class PhotoTooManyPixels(DomainError):
    status = 413
    code = "photo_too_many_pixels"
    title = gettext_noop("The picture has too many pixels")


class NotAPhoto(DomainError):
    status = 415
    code = "not_a_photo"
    title = gettext_noop("The file is not a photograph")


class DamagedPhoto(DomainError):
    status = 400
    code = "damaged_photo"
    title = gettext_noop("The picture is damaged")


class Picture(NamedTuple):
    """A picture as we have encoded it, and the small one for lists."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.image).hexdigest()


def remade(upload: IO[bytes], *, most: int = MAX_BYTES) -> Picture:
    """The upload's pixels as a JPEG of ours, upright, in sRGB and without anything else."""
    upload.seek(0)
    content = upload.read(most + 1)  # the size that a client names is not relied on
    if len(content) > most:
        raise PhotoTooLarge(gettext(WHAT_WE_TAKE), field="image")
    try:
        with _decoding:
            facts, (image, thumbnail) = decode("picture", content)
    except Unreadable as error:
        raise _refusal(error) from error
    except GaveUp as error:
        raise DamagedPhoto(gettext(TOO_MUCH), field="image") from error
    return Picture(image, thumbnail, facts["width"], facts["height"])


def _refusal(error: Unreadable) -> DomainError:
    if error.kind == "pixels":
        return PhotoTooManyPixels(gettext(error.words), field="image")
    if error.kind == "no_photo":
        return NotAPhoto(gettext(WHAT_WE_TAKE), field="image")
    return DamagedPhoto(gettext(error.words or DAMAGED), field="image")
