"""Where skin is treated: areas that recover as one, and their zones."""

from django.db import models
from django.utils.translation import gettext

from clinic.models import Model
from clinic.values.names import shipped


class Area(Model):
    """A part of the body that recovers as one, such as the face. A catalogue."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        db_table = "patient_area"
        ordering = ["name"]

    def __str__(self) -> str:
        return shipped(self.name)


class Zone(Model):
    """A part of an area with a skin thickness of its own, such as the forehead. A catalogue.

    Its clinical limits are versioned: `sessions.models.ZoneLimit`.
    """

    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="zones")
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    near_mouth = models.BooleanField(
        default=False, help_text="Needling here can wake up cold sores (HSV)."
    )
    keloid_prone = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Where scars grow thick, as on the chest: with keloids, not on skin types IV–VI.",
    )

    class Meta:
        db_table = "patient_zone"
        ordering = ["name"]

    def __str__(self) -> str:
        return shipped(self.name)

    def why_not_on(self, area: Area) -> str:
        """Why it cannot be chosen where `area` is treated; empty if it can."""
        return (
            ""
            if self.area_id == area.pk
            else gettext("{name} is not on the area “{area}”.").format(name=self, area=area)
        )
