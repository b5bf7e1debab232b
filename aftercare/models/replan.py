"""How far workers have come with what is too much for one request."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext

from aftercare.models.sequence import CareStep
from clinic.models import CartridgeLot


def ends_once_begun(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name, condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("begun_at"))
    )


class Gradual(models.Model):
    """Stretch by stretch, each moving the row on: aftercare.planning.gradual."""

    begun_at = models.DateTimeField()
    total = models.PositiveIntegerField(help_text="What it concerned when it was begun.")
    looked_at = models.PositiveIntegerField(default=0, help_text="So many of them so far.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class StepReplan(Gradual):
    """Of one step, its last change that concerns so many visits that a worker goes through them:
    aftercare.planning.gradual."""

    step = models.OneToOneField(
        CareStep, on_delete=models.CASCADE, primary_key=True, related_name="replan"
    )
    position = models.UUIDField(null=True, help_text="The last one that was looked at.")
    moved = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "aftercare_step_replan"
        constraints = [ends_once_begun("step_replan_ends_once_begun")]

    def __str__(self) -> str:
        return gettext("{step}: {looked_at} of {total}").format(
            step=self.step, looked_at=self.looked_at, total=self.total
        )


class RecallTelling(Gradual):
    """Of one recalled lot that was used so often that a worker tells its patients, the last time
    that they were to be told: aftercare.services.telling."""

    lot = models.OneToOneField(
        CartridgeLot, on_delete=models.CASCADE, primary_key=True, related_name="telling"
    )
    position = models.CharField(
        max_length=20, blank=True, help_text="Serial number of the last use that was looked at."
    )

    class Meta:
        db_table = "aftercare_recall_telling"
        constraints = [ends_once_begun("recall_telling_ends_once_begun")]

    def __str__(self) -> str:
        return gettext("{lot}: {looked_at} of {total}").format(
            lot=self.lot, looked_at=self.looked_at, total=self.total
        )
