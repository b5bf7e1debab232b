"""Which database is the one that sends."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext


class DispatchGuard(models.Model):
    """One row: the identity of the database that may send messages. How it is used:
    aftercare.dispatch.guard."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    system_identifier = models.CharField(max_length=20, help_text="Of the PostgreSQL cluster.")
    timeline = models.PositiveIntegerField(help_text="Rises when a standby or a backup takes over.")
    database_oid = models.PositiveBigIntegerField(help_text="Of the database in its cluster.")
    site = models.CharField(max_length=253, help_text="The host name that patients reach it by.")
    adopted_at = models.DateTimeField()

    class Meta:
        db_table = "aftercare_dispatch_guard"
        constraints = [models.CheckConstraint(name="dispatch_guard_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return gettext("{site}, cluster {system_identifier}").format(
            site=self.site, system_identifier=self.system_identifier
        )
