"""Programs that work with the clinic's data by the API: who let them in, to what, until when."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from clinic.models.base import ClinicScoped, Model
from clinic.models.site import Clinic

LONGEST = timedelta(days=366)


class ServiceAccountQuerySet(ClinicScoped["ServiceAccount"]):
    pass


class ServiceAccount(Model):
    """What a program may do is in its scopes (clinic.permissions) and nowhere else. Its `user` is
    who accesses and rows name: it has no password, and no page of staff lets it in."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="service_account"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    scopes = ArrayField(models.CharField(max_length=20))
    made_by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)

    objects = ServiceAccountQuerySet.as_manager()

    class Meta:
        db_table = "clinic_service_account"
        constraints = [
            models.CheckConstraint(
                name="service_account_ends_within_a_year",
                condition=Q(expires_at__lte=F("created_at") + LONGEST),
            )
        ]

    def __str__(self) -> str:
        return self.name
