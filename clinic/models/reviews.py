"""What somebody who watches over accesses has found in order, and why."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models.base import Model, append_only
from clinic.models.site import Clinic
from clinic.values.moments import date_in_words


class AccessReview(Model):
    """That one person's accesses to one patient on one day were looked at, by whom, and what was
    said of them. Like the accesses themselves it refers to no patient, so nothing that ends takes
    it along (decision 0071)."""

    tells_of_patients: ClassVar[bool] = True

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient_id = models.UUIDField(null=True, help_text="Empty: of many patients in an hour.")
    day = models.DateField(help_text="On the clinic's clock.")
    note = EncryptedCharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "clinic_access_review"
        constraints = [
            models.CheckConstraint(name="access_review_says_why", condition=~Q(note="")),
            models.CheckConstraint(
                name="access_review_by_somebody_else",
                condition=~Q(by=models.F("actor")),
                violation_error_message=_("Somebody else must look at it."),
            ),
        ]
        indexes = [models.Index(name="access_review_of_day", fields=["actor", "day"])]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Looked at on {day}").format(day=date_in_words(self.at, "j M Y"))


class AccessReport(Model):
    """That a clinic's managers and auditors were told of the accesses of a week, and what."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField(help_text="A Monday, on the clinic's clock.")
    numbers = models.CharField(max_length=180)

    class Meta:
        db_table = "clinic_access_report"
        constraints = [
            models.UniqueConstraint(
                name="access_report_once_a_week", fields=["clinic", "first_day"]
            )
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Accesses of the week of {day}").format(
            day=date_in_words(self.first_day, "j M Y")
        )
