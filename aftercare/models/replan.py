"""How far the change of a step has been carried out."""

from django.db import models
from django.db.models import Q

from aftercare.models.sequence import CareStep


class StepReplan(models.Model):
    """Of one step, its last change that concerns so many visits that a worker goes through them:
    aftercare.planning.gradual."""

    step = models.OneToOneField(
        CareStep, on_delete=models.CASCADE, primary_key=True, related_name="replan"
    )
    begun_at = models.DateTimeField()
    total = models.PositiveIntegerField(help_text="The visits that it concerned when it was made.")
    looked_at = models.PositiveIntegerField(default=0, help_text="So many of them so far.")
    position = models.UUIDField(null=True, help_text="The last one that was looked at.")
    moved = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "aftercare_step_replan"
        constraints = [
            models.CheckConstraint(
                name="step_replan_ends_once_begun",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("begun_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.looked_at} of {self.total}"
