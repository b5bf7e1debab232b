"""Tubes of a patient's own blood (PRP): whose they are is on the label, and in the database."""

from itertools import combinations
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from sessions.models.session import TreatmentSession

TUBE_LABEL = r"^[0-9A-F]{8}-[0-9A-F]{6}-[1-9]$"


class Identifier(models.TextChoices):
    """What tells a person from another. A room or a chair does not."""

    NAME = "NAME", _("Full name, said by the patient")
    BIRTH_DATE = "BIRTH_DATE", _("Birth date, said by the patient")
    PHOTO_ID = "PHOTO_ID", _("Photograph or document")
    ADDRESS = "ADDRESS", _("Address or telephone number")


# Two that differ: the same one twice is one.
TWO_IDENTIFIERS = Q()
for _pair in combinations(Identifier.values, 2):
    TWO_IDENTIFIERS |= Q(identifiers__contains=list(_pair))


def tube_code(session: "TreatmentSession") -> str:
    """What the labels of a session's tubes begin with: the ends of patient and session."""
    return f"{session.patient_id.hex[-8:]}-{session.pk.hex[-6:]}".upper()
