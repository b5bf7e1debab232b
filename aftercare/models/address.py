"""The ledger of addresses: what was said about writing to a number or mailbox."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.models.message import Message
from clinic.db.encryption import EncryptedCharField
from clinic.models import Model, User, append_only, one_of, probe
from patients.models import Channel, Patient, Purpose

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class AddressSource(models.TextChoices):
    """Who says so."""

    REPLY = "REPLY", _("A reply from this number")
    UNSUBSCRIBE_LINK = "UNSUBSCRIBE_LINK", _("The unsubscribe link")
    PREFERENCES = "PREFERENCES", _("The settings page")
    COMPLAINT = "COMPLAINT", _("A spam complaint")
    HARD_BOUNCE = "HARD_BOUNCE", _("The address does not exist")
    NOT_THEIRS = "NOT_THEIRS", _("Whoever has it is not the patient")
    STAFF = "STAFF", _("Staff")


class AddressConsentQuerySet(models.QuerySet["AddressConsent"]):
    def last_words(self, *, channel: str, address: str) -> "dict[str, AddressConsent]":
        """The last word on an address for each purpose that was ever spoken of."""
        rows = self.filter(channel=channel, address=address).order_by("purpose", "-id")
        return {row.purpose: row for row in rows.distinct("purpose")}

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Words on the addresses of patients of the clinics where `user` works."""
        if isinstance(user, AnonymousUser):
            return self.none()
        theirs = Patient.objects.visible_to(user)
        address = OuterRef("address")
        return self.filter(
            Q(probe(theirs.filter(mobile=address).exclude(mobile="")))
            | Q(
                probe(
                    theirs.alias(mailbox=Lower("email")).filter(mailbox=address).exclude(email="")
                )
            )
        )


class AddressConsent(Model):
    """One entry: this address may, or may not, be written to for a purpose. Append-only.

    It holds for everybody who shares the address, beside each patient's own ContactConsent, which
    must be granted too. The last word counts; without any, nothing stands against the address.
    Rows are written one at a time per address (`optout.record`), so their ids are in order.
    """

    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254, help_text="E.164, or e-mail in lower case.")
    purpose = models.CharField(max_length=8, choices=Purpose)
    granted = models.BooleanField()
    source = models.CharField(max_length=16, choices=AddressSource)
    wording = EncryptedCharField(max_length=500, help_text="What was said, or reported.")
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = AddressConsentQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_address_consent"
        constraints = [
            one_of("address_consent_channel_known", channel=Channel),
            one_of("address_consent_purpose_known", purpose=Purpose),
            one_of("address_consent_source_known", source=AddressSource),
            models.CheckConstraint(
                name="address_consent_staff_has_a_name",
                condition=Q(source=AddressSource.STAFF, recorded_by__isnull=False)
                | (~Q(source=AddressSource.STAFF) & Q(recorded_by__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(  # read before every call: the last word on an address
                name="address_consent_newest", fields=["channel", "address", "purpose", "-id"]
            ),
            # for the lists of staff: also a value that few rows have, or none
            models.Index(name="address_consent_by_source", fields=["source", "id"]),
            models.Index(name="address_consent_by_answer", fields=["granted", "id"]),
        ]
        triggers = append_only()

    @classmethod
    def whose(cls, rows: Any, *, clinic_ids: Collection[UUID]) -> Iterator[Any]:
        """Who has these addresses (clinic.audit.subjects)."""
        addresses, theirs = rows.values("address"), Patient.objects.filter(clinic__in=clinic_ids)
        by_mailbox = theirs.alias(mailbox=Lower("email")).exclude(email="")
        yield theirs.filter(mobile__in=addresses).exclude(mobile="").values_list("pk")
        yield by_mailbox.filter(mailbox__in=addresses).values_list("pk")

    def __str__(self) -> str:
        words = (
            gettext("{address} may be written to: {source}")
            if self.granted
            else gettext("{address} must not be written to: {source}")
        )
        return words.format(address=self.address, source=self.get_source_display().lower())

    @property
    def why(self) -> str:
        """The reason of a suppression."""
        return f"{REFUSALS[self.source]} ({self.recorded_at:%Y-%m-%d})"


REFUSALS: dict[str, "StrOrPromise"] = {
    AddressSource.REPLY: _("this number has opted out by a reply"),
    AddressSource.UNSUBSCRIBE_LINK: _("this address has unsubscribed"),
    AddressSource.PREFERENCES: _("this address was taken off on the settings page"),
    AddressSource.COMPLAINT: _("this address has reported a message as spam"),
    AddressSource.HARD_BOUNCE: _("this address does not exist, says its provider"),
    AddressSource.NOT_THEIRS: _("whoever has this address is not the patient"),
    AddressSource.STAFF: _("staff have taken this address off"),
}
