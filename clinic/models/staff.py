"""The people who work at a clinic."""

from collections.abc import Collection
from typing import Any, Self
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from clinic.db.sight import seen
from clinic.db.ways import table_of_patients
from clinic.models.base import Id, UUIDv7, of_clinics, without_extension
from clinic.models.site import Clinic


class Role(models.TextChoices):
    RECEPTIONIST = "RECEPTIONIST", _("Receptionist")
    PRACTITIONER = "PRACTITIONER", _("Practitioner")
    MANAGER = "MANAGER", _("Manager")
    ADMIN = "ADMIN", _("Technical admin")
    AUDITOR = "AUDITOR", _("Auditor")


SERVICE = "SERVICE"  # in `User.role`, of a program; no role of people, so nobody can give it
ACCOUNT_ROLES = [*Role.choices, (SERVICE, _("Service account"))]  # as the API names them


# Whoever writes: with another password or role, and out of use, nothing opened before holds.
LOG_INS_END = pgtrigger.Trigger(
    name="log_ins_end",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("password", "role", "is_active"),  # type: ignore[no-untyped-call]
    condition=pgtrigger.Condition(
        "OLD.password <> NEW.password OR OLD.role <> NEW.role OR OLD.is_active <> NEW.is_active"
    ),
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        "WITH ended AS (DELETE FROM clinic_log_in WHERE user_id = NEW.id RETURNING session_key)"
        " DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM ended);"
        " DELETE FROM knox_authtoken WHERE user_id = NEW.id;"
        " DELETE FROM clinic_pin WHERE user_id = NEW.id;"
        " DELETE FROM clinic_device_stay WHERE user_id = NEW.id;"
        " RETURN NULL;"
    ),
)


class StaffQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those who work at a clinic where `user` works."""
        if isinstance(user, AnonymousUser):
            return self.none()
        works = User.clinics.through._default_manager.filter(user=models.OuterRef("pk"))
        return self.filter(models.Exists(works.filter(of_clinics(user.clinic_ids))))

    def people(self) -> Self:
        return self.exclude(role=SERVICE)

    def practitioners(self) -> Self:
        return self.filter(role=Role.PRACTITIONER, is_active=True)


class StaffManager(UserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    use_in_migrations = False


class User(AbstractUser):
    """A member of staff. What they may do follows from the role alone (`clinic.permissions`)."""

    id = Id(primary_key=True, db_default=UUIDv7(), editable=False)
    role = models.CharField(max_length=16, choices=Role)
    clinics = models.ManyToManyField(Clinic, related_name="staff", db_table="clinic_user_clinic")

    mobile = PhoneNumberField(
        blank=True,
        default="",
        db_default="",
        validators=[without_extension],
        help_text="Urgent replies are announced here by SMS, and to the e-mail address.",
    )

    language = models.CharField(
        max_length=8,
        choices=settings.LANGUAGES,
        default="en",
        db_default="en",
        help_text="Of the pages that they work with.",
    )

    objects = StaffManager()  # type: ignore[misc]

    class Meta:
        db_table = "clinic_user"
        constraints = [
            models.CheckConstraint(
                name="user_language_known",
                condition=models.Q(language__in=[code for code, _ in settings.LANGUAGES]),
            ),
            models.CheckConstraint(
                name="user_role_known", condition=models.Q(role__in=[*Role.values, SERVICE])
            ),
            models.CheckConstraint(
                name="user_service_has_no_password",
                condition=~models.Q(role=SERVICE) | models.Q(password__startswith="!"),  # noqa: S106
            ),
        ]
        triggers = [LOG_INS_END]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def works_at(self) -> list[Clinic]:
        """The clinics where they work, read once for each object.

        A request loads its caller anew, so it sees what a manager has changed before. What is
        changed through this object, such as `user.clinics.add(…)`, it sees at once.
        """
        read = getattr(self, "_prefetched_objects_cache", {})
        if "clinics" not in read:  # Django would look that up by a manager made for the question
            clinics = models.Prefetch("clinics", Clinic.objects.order_by("name"))
            models.prefetch_related_objects([self], clinics)
            read = self._prefetched_objects_cache
        return list(read["clinics"])

    @property
    def clinic_ids(self) -> list[UUID]:
        return [clinic.pk for clinic in self.works_at]

    @cached_property
    def opened(self) -> frozenset[UUID]:
        """The patients whose clinical record they have opened by break-glass, read once for each
        object, as their clinics are."""
        rows: Any = self.break_glasses  # of the app above
        return frozenset(rows.open(timezone.now()).values_list("patient_id", flat=True))

    @property
    def keeps_to_teams(self) -> list[UUID]:
        """The clinics where they treat, and what is clinical is for the care team alone."""
        if self.role != Role.PRACTITIONER or self._state.adding:
            return []
        return [clinic.pk for clinic in self.works_at if clinic.care_team_only]

    @property
    def narrowed(self) -> list[UUID]:
        """Those of them where they are not on call, so that it holds for them."""
        kept = self.keeps_to_teams
        return [pk for pk in kept if pk not in self._on_call_at] if kept else []

    @cached_property
    def _on_call_at(self) -> frozenset[UUID]:
        """Read once for each object, as what they have opened is."""
        now, shifts = timezone.now(), self.on_call_shifts
        now_on = shifts.filter(starts_at__lte=now, ends_at__gt=now)
        return frozenset(now_on.values_list("clinic", flat=True))

    def sees(self, patient_id: UUID | None) -> bool:
        """Whether the clinical record of a patient is open to them, whose role sees it of some."""
        if patient_id is None or patient_id in self.opened or not self.narrowed:
            return patient_id in self.opened
        if patient_id not in self._seen:
            rows = table_of_patients()._base_manager.filter(seen(self, "pk"), pk=patient_id)
            self._seen[patient_id] = rows.exists()
        return self._seen[patient_id]

    def sees_of(self, patient_ids: Collection[UUID]) -> set[UUID]:
        """Those of them, by one statement."""
        rows = table_of_patients()._base_manager.filter(seen(self, "pk"), pk__in=patient_ids)
        return set(rows.values_list("pk", flat=True))

    @cached_property
    def _seen(self) -> dict[UUID, bool]:
        return {}

    def forget_seen(self) -> None:
        """Whatever of it was read before something of it changed."""
        for name in ("opened", "_seen", "_on_call_at"):
            vars(self).pop(name, None)

    def remember_clinics(self, clinics: list[Clinic]) -> None:
        """They were read together with the user."""
        known: Any = self.clinics.all()
        known._result_cache, known._prefetch_done = clinics, True
        self._prefetched_objects_cache = {"clinics": known}
