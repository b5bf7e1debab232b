"""What allows people, and premises, to treat: licences, trainings, insurance, with their days."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Self
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models.base import Model, of_clinics, one_of, track_history
from clinic.models.equipment import DeviceModel
from clinic.models.site import Clinic, Proof
from clinic.models.staff import User


class CredentialKind(models.TextChoices):
    PHYSICIAN = "PHYSICIAN", _("Physician")
    PRESCRIBER = "PRESCRIBER", _("Nurse or other prescriber")
    NURSE = "NURSE", _("Nurse")
    AESTHETICIAN = "AESTHETICIAN", _("Aesthetician")
    TRAINING = "TRAINING", _("Training on a device")
    INSURANCE = "INSURANCE", _("Insurance")
    PREMISES = "PREMISES", _("Licence of the premises")


DEPTHS = Decimal("0.50"), Decimal("2.50")  # the band of the product
PRESCRIBERS = (CredentialKind.PHYSICIAN, CredentialKind.PRESCRIBER)
LICENCES = (*PRESCRIBERS, CredentialKind.NURSE, CredentialKind.AESTHETICIAN)
PROOF_OF: dict[str, Proof] = {
    **dict.fromkeys(LICENCES, Proof.LICENCE),
    CredentialKind.TRAINING: Proof.TRAINING,
    CredentialKind.INSURANCE: Proof.INSURANCE,
    CredentialKind.PREMISES: Proof.PREMISES,
}


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Of the caller's clinics, and of who works there."""
        if isinstance(user, AnonymousUser):
            return self.none()
        colleagues = User.objects.visible_to(user)
        return self.filter(of_clinics(user.clinic_ids) | Q(user__in=colleagues))

    def licences_for(self, kinds: Collection[str], *, on: date) -> Self:
        """Those that count on a day for what asks for one of these `kinds`."""
        kinds = {
            *kinds,
            *([CredentialKind.PHYSICIAN] if CredentialKind.PRESCRIBER in kinds else []),
        }
        return self.filter(
            Q(valid_from=None) | Q(valid_from__lte=on),
            Q(expires_on=None) | Q(expires_on__gte=on),
            kind__in=kinds,
        )

    def for_treatment(self, *, practitioner_id: UUID, clinic_id: UUID) -> Self:
        return self.filter(Q(user=practitioner_id) | Q(clinic=clinic_id))


@track_history()
class Credential(Model):
    """One document: of a person, or of a clinic's premises. A renewed one is a further row."""

    user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="credentials",
        verbose_name="holder",
        help_text="Whose it is; empty for a licence of the premises.",
    )
    clinic = models.ForeignKey(
        Clinic,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="credentials",
        help_text="Of a licence of the premises alone.",
    )
    kind = models.CharField(max_length=16, choices=CredentialKind)
    device_model = models.ForeignKey(
        DeviceModel,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a training: on which device.",
    )
    number = models.CharField(max_length=60, help_text="As the document says.")
    issuer = models.CharField(
        max_length=80, help_text="State, authority, insurer or maker that gave it."
    )
    depth_max_mm = models.DecimalField(
        "deepest setting (mm)",
        max_digits=3,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(DEPTHS[0]), MaxValueValidator(DEPTHS[1])],
        help_text="In mm; empty if it sets no limit.",
    )
    valid_from = models.DateField(null=True, blank=True)
    expires_on = models.DateField(
        null=True, blank=True, help_text="The last day on which it counts; empty if it never ends."
    )
    document = models.CharField(max_length=200, blank=True, help_text="Where the document is kept.")

    objects = CredentialQuerySet.as_manager()

    class Meta:
        db_table = "clinic_credential"
        constraints = [
            one_of("credential_kind_known", kind=CredentialKind),
            models.CheckConstraint(
                name="credential_of_the_premises_or_a_person",
                condition=Q(kind=CredentialKind.PREMISES, clinic__isnull=False, user__isnull=True)
                | (~Q(kind=CredentialKind.PREMISES) & Q(clinic__isnull=True, user__isnull=False)),
                violation_error_message=_(
                    "Name a clinic for a licence of the premises, else a person."
                ),
            ),
            models.CheckConstraint(
                name="credential_device_iff_training",
                condition=Q(kind=CredentialKind.TRAINING, device_model__isnull=False)
                | (~Q(kind=CredentialKind.TRAINING) & Q(device_model__isnull=True)),
                violation_error_message=_("A training names its device, and nothing else does."),
            ),
            models.CheckConstraint(
                name="credential_named",
                condition=~Q(number="") & ~Q(issuer=""),
                violation_error_message=_("Say its number and who gave it."),
            ),
            models.CheckConstraint(
                name="credential_days_ordered",
                condition=Q(valid_from__isnull=True)
                | Q(expires_on__isnull=True)
                | Q(valid_from__lte=F("expires_on")),
                violation_error_message=_("It cannot end before it begins."),
            ),
            models.CheckConstraint(
                name="credential_depth_in_band",
                condition=Q(depth_max_mm__isnull=True) | Q(depth_max_mm__range=DEPTHS),
                violation_error_message=_("The depth must be 0.50 to 2.50 mm."),
            ),
        ]
        indexes = [
            models.Index(name="credential_by_expiry", fields=["expires_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number} ({self.issuer})"

    def clean(self) -> None:
        """The same as the constraints, at the fields."""
        wrong = {}
        if self.kind == CredentialKind.PREMISES:
            if not self.clinic_id:
                wrong["clinic"] = gettext("Name the clinic whose premises are licensed.")
            if self.user_id:
                wrong["user"] = gettext(
                    "A licence of the premises is nobody's own: leave this empty."
                )
        elif self.kind:
            if not self.user_id:
                wrong["user"] = gettext("Name who holds it.")
            if self.clinic_id:
                wrong["clinic"] = gettext(
                    "Only a licence of the premises is of a clinic: leave this empty."
                )
        is_training = self.kind == CredentialKind.TRAINING
        if is_training != bool(self.device_model_id):
            wrong["device_model"] = (
                gettext("Name the device.")
                if is_training
                else gettext("Only a training is on a device.")
            )
        if self.valid_from and self.expires_on and self.expires_on < self.valid_from:
            wrong["expires_on"] = gettext("It cannot end before it begins.")
        if wrong:
            raise ValidationError(wrong)
