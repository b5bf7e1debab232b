"""Why a number is not said."""

from django.db import models

from sessions.figures.cuts import FEWEST_OF_CELL


class Withheld(models.TextChoices):
    """Empty where it is said."""

    NOTHING = "", "estimated"
    TOO_FEW = "TOO_FEW", f"fewer than {FEWEST_OF_CELL}"
    TOO_FEW_MEASURED = "TOO_FEW_MEASURED", "fewer than 60 % of the planned were measured"
