"""Stored pictures as answers."""

import logging

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpResponse

JPEG = "image/jpeg"
logger = logging.getLogger(__name__)


def as_jpeg(stored: FieldFile, filename: str) -> HttpResponse:
    """A stored picture, which a browser can do nothing with but show it. Raises Http404 where its
    file is lost, as after a restore without the media, and tells the operator."""
    try:
        with stored.open("rb") as file:
            answer = HttpResponse(file.read(), content_type=JPEG)  # a megabyte or two, our own
    except FileNotFoundError:
        logger.error("A picture is lost: there is no %s. Restore it from a backup.", stored.name)
        raise Http404("The file of this picture is lost. It may be in a backup.") from None
    answer["Content-Disposition"] = f'inline; filename="{filename}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
