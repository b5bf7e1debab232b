"""Numbing cream on and off, stamped with the clock as it happens."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User, in_words
from clinic.permissions import require_sight
from patients.services.records import require_open
from sessions.lifecycle import Status
from sessions.models import ProductKind, ProductUse, TreatmentSession
from sessions.services.record.chart import ProductEntry, require_treatment

HERE = (Status.CHECKED_IN, Status.IN_PROGRESS)


class NotHere(Conflict):
    code = "not_here"
    title = gettext_noop("The patient is not there")


class NotACream(DomainError):
    code = "not_a_cream"
    title = gettext_noop("This is no numbing cream")


class NoCream(Conflict):
    code = "no_cream"
    title = gettext_noop("There is no such cream")


@retried_transaction
def put_cream_on(
    *, session_id: UUID, at: datetime, by: User, entry: ProductEntry | None = None
) -> TreatmentSession:
    """Numbing cream goes on the skin now: the one of the `entry`, and whatever was entered without
    a time. Before the treatment starts too, as soon as the patient is checked in.

    Raises NotHere, NotATreatment, NotACream, NoCream, PatientArchived.
    """
    session = _here(session_id, by=by)
    if entry:
        if entry["product"].kind != ProductKind.ANAESTHETIC:
            raise NotACream(
                gettext("{product} numbs nothing.").format(product=entry["product"]),
                field="product",
            )
        use = ProductUse(session=session, **{**entry, "on_at": at})
        use.full_clean()
        use.save(force_insert=True)
    waiting = _creams(session).filter(on_at__isnull=True)
    if not waiting.update(on_at=at) and not entry:
        raise NoCream(gettext("Enter the numbing cream with its lot first."))
    return session


@retried_transaction
def take_cream_off(*, session_id: UUID, at: datetime, by: User) -> TreatmentSession:
    """All numbing cream comes off now. Raises NotHere, NotATreatment, NoCream, PatientArchived."""
    session = _here(session_id, by=by)
    on_the_skin = _creams(session).filter(on_at__lte=at, off_at__isnull=True)
    if not on_the_skin.update(off_at=at):
        raise NoCream(gettext("No cream is on the skin."))
    return session


def _here(session_id: UUID, *, by: User) -> TreatmentSession:
    session = TreatmentSession.objects.with_record().locked().get(pk=session_id)
    require_open(session.patient)
    require_sight(by, session.patient_id)
    require_treatment(session)
    if session.status not in HERE:
        raise NotHere(
            gettext(
                "Cream goes on and off between check-in and the end of the session, which is "
                "{status}."
            ).format(status=in_words(Status, session.status))
        )
    return session


def _creams(session: TreatmentSession) -> QuerySet[ProductUse]:
    return session.product_uses.filter(product__kind=ProductKind.ANAESTHETIC)
