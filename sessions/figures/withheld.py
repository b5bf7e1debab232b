"""Why a number is not said."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Withheld(models.TextChoices):
    """Empty where it is said."""

    NOTHING = "", _("estimated")
    TOO_FEW = "TOO_FEW", _("fewer than 10")  # FEWEST_OF_CELL
    TOO_FEW_MEASURED = "TOO_FEW_MEASURED", _("fewer than 60 % of the planned were measured")
