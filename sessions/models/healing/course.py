"""How a side effect goes, look by look."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.models import Model, User, append_only
from sessions.models.healing.outcome import Photo
from sessions.models.healing.side_effect import SideEffect


class SideEffectNote(Model):
    """One look at a side effect: how severe it was then, and what was done. Append-only; the side
    effect itself holds what was noted last."""

    side_effect = models.ForeignKey(SideEffect, on_delete=models.PROTECT, related_name="course")
    grade = models.PositiveSmallIntegerField(
        "severity grade", validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    is_expected = models.BooleanField("expected")
    note = EncryptedTextField(blank=True, max_length=5_000)
    treatment = EncryptedCharField(
        "treatment given", max_length=500, blank=True, help_text="What was done for it."
    )
    care_elsewhere = EncryptedCharField(
        max_length=200, blank=True, help_text="Who treated it, if it was not this clinic."
    )
    photo = models.ForeignKey(
        Photo, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "treatment_side_effect_note"
        constraints = [
            models.CheckConstraint(
                name="side_effect_note_grade_in_ctcae_range",
                condition=Q(grade__range=(1, 5)),
                violation_error_message=_("The grade must be 1 to 5 (CTCAE)."),
            )
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Grade {grade}").format(grade=self.grade)
