"""What can happen to a clinic's own things."""

from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import CartridgeLot, Clinic, DeviceModel, User
from clinic.values.moments import date_in_words
from clinic.values.passphrase import PassphraseKey


class LotKnown(Conflict):
    code = "lot_known"
    title = gettext_noop("This lot is in store already")


class AlreadyRecalled(Conflict):
    code = "already_recalled"
    title = gettext_noop("This lot was recalled before")


@retried_transaction
def receive_cartridges(
    *,
    clinic: Clinic,
    device_model: DeviceModel,
    gtin: str,
    lot: str,
    expires_on: date,
    quantity: int,
    at: datetime,
    by: User,
) -> CartridgeLot:
    """Take a delivery into store. Raises LotKnown, or ValidationError by field."""
    known = CartridgeLot.objects.filter(clinic=clinic, gtin=gtin, lot=lot)
    if known.select_for_update().exists():
        raise LotKnown(gettext("Correct its quantity instead."), field="lot")
    delivery = CartridgeLot(
        clinic=clinic,
        device_model=device_model,
        gtin=gtin,
        lot=lot,
        expires_on=expires_on,
        quantity=quantity,
    )
    delivery.full_clean()
    delivery.save()
    return delivery


@retried_transaction
def recall_lot(*, lot_id: UUID, reason: str, at: datetime, by: User) -> CartridgeLot:
    """Stop the use of a lot: from now on the database refuses it. Raises AlreadyRecalled."""
    lot = CartridgeLot.objects.select_for_update(of=("self",)).get(pk=lot_id)
    if lot.recalled_at:
        raise AlreadyRecalled(
            gettext("It was recalled on {day}.").format(day=date_in_words(lot.recalled_at, "j M Y"))
        )
    lot.recalled_at, lot.recall_reason = at, reason
    lot.save(update_fields=["recalled_at", "recall_reason"])
    return lot


@retried_transaction
def set_downtime_passphrase(*, clinic_id: UUID, passphrase: str, at: datetime, by: User) -> None:
    """From the next hour on the downtime pack opens with this one; those that were written before
    open with the one before."""
    clinic = Clinic.objects.select_for_update(of=("self",)).get(pk=clinic_id)
    clinic.downtime_key = PassphraseKey.of(passphrase).sealed()
    clinic.save(update_fields=["downtime_key"])
