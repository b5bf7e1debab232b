"""The people who work at a clinic."""

from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.db import models
from django.db.models import Q

from clinic.models.base import Id, UUIDv7
from clinic.models.site import Clinic


class Role(models.TextChoices):
    RECEPTIONIST = "RECEPTIONIST", "Receptionist"
    PRACTITIONER = "PRACTITIONER", "Practitioner"
    MANAGER = "MANAGER", "Manager"
    ADMIN = "ADMIN", "Technical admin"
    AUDITOR = "AUDITOR", "Auditor"


class StaffQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those who work at a clinic where `user` works."""
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(clinics__in=user.clinics.all()).distinct()

    def practitioners(self) -> Self:
        return self.filter(role=Role.PRACTITIONER, is_active=True)


class StaffManager(UserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    use_in_migrations = False


class User(AbstractUser):
    """A member of staff. What they may do follows from the role alone (`clinic.permissions`)."""

    id = Id(primary_key=True, db_default=UUIDv7(), editable=False)
    role = models.CharField(max_length=16, choices=Role)
    clinics = models.ManyToManyField(Clinic, related_name="staff", db_table="clinic_user_clinic")

    objects = StaffManager()  # type: ignore[misc]

    class Meta:
        db_table = "clinic_user"
        constraints = [
            models.CheckConstraint(name="user_role_known", condition=Q(role__in=Role.values))
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username
