"""Which cartridge was used, by its code: also one that should not have been."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, gettext_noop

from clinic.db.constraints import constraint_of
from clinic.db.retries import retried_transaction
from clinic.errors import Conflict
from clinic.models import CartridgeLot, User
from clinic.values.moments import date_in_words
from sessions.gs1 import CartridgeCode, read_cartridge_code
from sessions.models import CartridgeUse, DeviationKind, TreatmentSession
from sessions.services.record.chart import NotATreatment, in_progress
from sessions.services.record.deviation import record_deviation


class UnknownLot(Conflict):
    code = "cartridge_unknown"
    title = gettext_noop("This clinic has no such lot")


class CartridgeUsed(Conflict):
    code = "cartridge_used"
    title = gettext_noop("This cartridge was used before")


class CartridgeExpired(Conflict):
    code = "cartridge_expired"
    title = gettext_noop("This cartridge has expired")


class CartridgeRecalled(Conflict):
    code = "cartridge_recalled"
    title = gettext_noop("This lot was recalled")


class OtherDevice(Conflict):
    code = "cartridge_of_other_device"
    title = gettext_noop("The cartridge belongs to another device")


class CartridgeIsFit(Conflict):
    code = "cartridge_is_fit"
    title = gettext_noop("This lot is neither recalled nor expired")


@retried_transaction
def use_cartridge(
    *,
    session_id: UUID,
    code: str,
    at: datetime,
    by: User,
    reason: str = "",
    action_taken: str = "",
) -> CartridgeUse:
    """Record the cartridge whose GS1 code was scanned; one serves all areas of a sitting and is
    kept with the leading one.

    One that was recalled or has expired is refused, unless it was in use before anybody knew: then
    how it came about and what was done is a deviation, and the record says what was on the skin.
    So the recall finds this patient too.

    Raises UnreadableCode, UnknownLot, OtherDevice, CartridgeExpired, CartridgeRecalled,
    CartridgeUsed, CartridgeIsFit, NotATreatment and NotInProgress. The database refuses the same by
    itself.
    """
    session = in_progress(session_id, by=by)
    if session.device is None:
        raise NotATreatment(gettext("Nothing is needled at this visit: it uses no cartridge."))
    scanned = read_cartridge_code(code)
    lot = _lot_of(session, scanned)
    if lot.device_model_id != session.device.model_id:
        raise OtherDevice(
            gettext("It fits {device_model}, not {device}.").format(
                device_model=lot.device_model, device=session.device
            ),
            field="code",
        )
    use = CartridgeUse(
        session_id=session.leading_id,
        clinic_id=session.clinic_id,
        lot=lot,
        serial=scanned.serial,
        used_on=at.astimezone(session.clinic.zone).date(),
    )
    if reason or action_taken:
        if lot.recalled_at is None and lot.expires_on >= use.used_on:
            raise CartridgeIsFit(
                gettext("Lot {lot}: scan it without a deviation.").format(lot=lot.lot), field="code"
            )
        use.deviation = record_deviation(
            session_id=session.leading_id,
            kind=DeviationKind.TRACEABILITY,
            reason=reason,
            action_taken=action_taken,
            at=at,
            by=by,
        )
    try:
        with transaction.atomic():
            use.save(force_insert=True)
    except IntegrityError as error:
        raise explain_cartridge(error, use) from error
    return use


def _lot_of(session: TreatmentSession, scanned: CartridgeCode) -> CartridgeLot:
    """Locked: a recall of the same moment comes before it and is seen, or finds the use."""
    lots = CartridgeLot.objects.select_for_update(of=("self",), no_key=True)
    lot = lots.filter(clinic=session.clinic_id, gtin=scanned.gtin, lot=scanned.lot).first()
    if lot is None or lot.expires_on != scanned.expires_on:
        raise UnknownLot(
            gettext(
                "Lot {lot} of GTIN {gtin}, expiry {day}, is not in this clinic's store. Take in "
                "the delivery first."
            ).format(
                lot=scanned.lot, gtin=scanned.gtin, day=date_in_words(scanned.expires_on, "j M Y")
            ),
            field="code",
        )
    return lot


def explain_cartridge(error: IntegrityError, use: CartridgeUse) -> Exception:
    """The words for the constraint that refused a cartridge."""
    match constraint_of(error):
        case "cartridge_used_once":
            return CartridgeUsed(
                gettext("Cartridge {serial} of lot {lot} was used before: throw it away.").format(
                    serial=use.serial, lot=use.lot.lot
                ),
                field="code",
            )
        case "cartridge_not_expired":
            return CartridgeExpired(
                gettext("Lot {lot} expired on {day}.").format(
                    lot=use.lot.lot, day=date_in_words(use.lot.expires_on, "j M Y")
                ),
                field="code",
            )
        case "cartridge_not_recalled":
            return CartridgeRecalled(
                gettext("Lot {lot} was recalled: {recall_reason}").format(
                    lot=use.lot.lot, recall_reason=use.lot.recall_reason
                ),
                field="code",
            )
    return error
