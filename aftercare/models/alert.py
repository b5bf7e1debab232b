"""Who of the staff is told of what is grave: one row for each person, step and channel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import ClinicScoped, Model, User, one_of
from patients.models import Channel, StaffTask


class AlertStep(models.IntegerChoices):
    """Whose turn it is while nobody is on the task."""

    ON_CALL = 1, _("on call")
    NEXT = 2, _("next on call")
    MANAGER = 3, _("manager")


class StaffAlertQuerySet(ClinicScoped["StaffAlert"]):
    clinic_path = "task__clinic"

    def waiting(self) -> "StaffAlertQuerySet":
        return self.filter(sent_at=None, ended_at=None)


class StaffAlert(Model):
    """One message to one of the staff that a grave task waits. It names no patient.

    Written with the task, or by the escalation; `id` is the key under which it is sent.
    """

    task = models.ForeignKey(  # the unique constraint below begins with it
        StaffTask, on_delete=models.PROTECT, related_name="alerts", db_index=False
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="alerts")
    step = models.PositiveSmallIntegerField(choices=AlertStep)
    channel = models.CharField(max_length=8, choices=Channel)
    raised_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Of the next try.")
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When it was given up; detail says why.")
    detail = models.CharField(max_length=300, blank=True)

    objects = StaffAlertQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_staff_alert"
        constraints = [
            models.UniqueConstraint(
                name="staff_alert_once_a_person_and_step",
                fields=["task", "step", "person", "channel"],
            ),
            one_of("staff_alert_step_known", step=AlertStep),
            one_of("staff_alert_channel_known", channel=Channel),
            models.CheckConstraint(
                name="staff_alert_sent_or_given_up",
                condition=Q(sent_at__isnull=True) | Q(ended_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="staff_alert_waiting",
                fields=["due_at"],
                condition=Q(sent_at__isnull=True, ended_at__isnull=True),
            ),
            # for lists of one step or channel: also one that hardly any has
            models.Index(name="staff_alert_by_step", fields=["step", "id"]),
            models.Index(name="staff_alert_by_channel", fields=["channel", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_channel_display()}: {self.get_step_display()}"
