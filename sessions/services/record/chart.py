"""Writing down what was done, and what is added after the signature."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import NotRequired, TypedDict
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import User, in_words
from clinic.permissions import require_sight
from patients.models import Area, Zone
from patients.services.records import require_open
from sessions.lifecycle import SIGNED, Status
from sessions.models import (
    Addendum,
    Product,
    ProductUse,
    SessionFinding,
    TreatmentSession,
    ZoneTreatment,
)
from sessions.safety.assessment import assess_session, override_row
from sessions.services.record.sign_off import require_may_override


class NotInProgress(Conflict):
    code = "not_in_progress"
    title = gettext_noop("The session is not in progress")


class NotATreatment(Conflict):
    code = "not_a_treatment"
    title = gettext_noop("This visit treats nothing")


class NotSigned(Conflict):
    code = "not_signed"
    title = gettext_noop("The record is not signed yet")


class ZoneElsewhere(DomainError):
    code = "zone_elsewhere"
    title = gettext_noop("The zone is not on the session's area")


class ZoneTwice(DomainError):
    code = "zone_twice"
    title = gettext_noop("The zone is named twice")


class NoSuchFinding(Conflict):
    code = "no_such_finding"
    title = gettext_noop("There is no such finding")


def open_are(messages: list[str]) -> str:
    """What a refusal says that knows of no such finding."""
    if not messages:
        return gettext("Open are: none.")
    return gettext("Open are: {findings}").format(findings=" ".join(messages))


class ZoneEntry(TypedDict):
    zone: Zone
    depth_mm: Decimal
    passes: int
    side: NotRequired[str]
    directions: NotRequired[list[str]]
    endpoint: NotRequired[str]
    note: NotRequired[str]


class ProductEntry(TypedDict):
    product: Product
    lot: str
    grams: NotRequired[Decimal | None]
    area_cm2: NotRequired[int | None]
    on_at: NotRequired[datetime | None]
    off_at: NotRequired[datetime | None]
    is_occluded: NotRequired[bool]
    prescriber: NotRequired[str]
    tube_label: NotRequired[str]
    identifiers: NotRequired[list[str]]
    note: NotRequired[str]


def require_on(area: Area | None, zone: Zone | None, *, field: str = "zone") -> None:
    """What treats no area may tell of any zone. Raises ZoneElsewhere."""
    if zone and area and (why := zone.why_not_on(area)):
        raise ZoneElsewhere(why, field=field)


def require_treatment(session: TreatmentSession) -> Area:
    """The area that it treats. Raises NotATreatment."""
    if session.area is None:
        raise NotATreatment(
            gettext("Nothing is treated at a {visit}: it has no chart.").format(visit=session.about)
        )
    return session.area


def in_progress(session_id: UUID, *, by: User) -> TreatmentSession:
    """The locked session. Raises NotInProgress, PatientArchived, RecordClosed."""
    session = TreatmentSession.objects.with_record().locked().get(pk=session_id)
    require_in_progress(session, by=by)
    return session


def require_in_progress(session: TreatmentSession, *, by: User) -> None:
    """Raises NotInProgress, PatientArchived, RecordClosed."""
    require_open(session.patient)
    require_sight(by, session.patient_id)
    if session.status != Status.IN_PROGRESS:
        raise NotInProgress(
            gettext(
                "The chart is written while the session is in progress; it is {status}."
            ).format(status=in_words(Status, session.status))
        )


@retried_transaction
def write_chart(
    *,
    session_id: UUID,
    zones: Sequence[ZoneEntry],
    at: datetime,
    by: User,
    products: Sequence[ProductEntry] | None = (),
    pain_score: int | None = None,
    sharps_disposed: bool = False,
    notes: str = "",
) -> TreatmentSession:
    """Replace the chart of a session in progress: zones, products, pain (0-10), whether the sharps
    are disposed of, and notes. Products that are None stay as they are.

    Raises NotInProgress, NotATreatment, ZoneElsewhere and ZoneTwice, naming the entry. Depths
    outside the band are refused by the constraint `zone_depth_in_band`; what else is unusual
    becomes a finding.
    """
    session = in_progress(session_id, by=by)
    area = require_treatment(session)
    seen = set()
    for index, entry in enumerate(zones):
        zone, key = entry["zone"], (entry["zone"].pk, entry.get("side", "BOTH"))
        where = f"zones/{index}/zone"
        require_on(area, zone, field=where)
        if key in seen:
            raise ZoneTwice(gettext("{zone} is named twice.").format(zone=zone), field=where)
        seen.add(key)
    session.zone_treatments.all().delete()
    treated = [ZoneTreatment(session=session, **entry) for entry in zones]
    _require_clean("zones", [partial(row.clean_fields, {"session", "zone"}) for row in treated])
    ZoneTreatment.objects.bulk_create(treated)
    if products is not None:
        _write_products(session, products)
    session.pain_score, session.notes = pain_score, notes
    session.sharps_disposed = sharps_disposed
    session.save(update_fields=["pain_score", "sharps_disposed", "notes"])
    return session


def _write_products(session: TreatmentSession, products: Sequence[ProductEntry]) -> None:
    session.product_uses.all().delete()
    uses = [ProductUse(session=session, **entry) for entry in products]
    _require_clean("products", [row.full_clean for row in uses])
    _require_tubes_once(uses)
    ProductUse.objects.bulk_create(uses)


def _require_tubes_once(uses: Sequence[ProductUse]) -> None:
    """Raises ValidationError. A tube of another visit has another label."""
    labels = [use.tube_label for use in uses]
    for index, label in enumerate(labels):
        if label and label in labels[:index]:
            raise ValidationError(
                {
                    f"products/{index}/tube_label": gettext(
                        "This tube was used before: throw it away."
                    )
                }
            )


def _require_clean(part: str, checks: Sequence[Callable[[], None]]) -> None:
    """Raises ValidationError that names the place, such as `products/0/lot`."""
    for index, check in enumerate(checks):
        try:
            check()
        except ValidationError as error:
            raise ValidationError(
                {f"{part}/{index}/{name}": said for name, said in error.message_dict.items()}
            ) from error


@retried_transaction
def override_finding(
    *,
    session_id: UUID,
    code: str,
    subject: str,
    reason: str,
    at: datetime,
    by: User,
    signed_off_by: str = "",
    signed_off_on: date | None = None,
) -> SessionFinding:
    """Go on in spite of a finding, with a reason. It holds for the numbers as they are now.

    Where the rule asks for a sign-off: by who holds that credential, or with the name of the
    physician who has signed off and the day. Raises NoSuchFinding, OverrideNotAllowed if the rule
    does not leave it to this role, SignOffMissing, SignOffAhead.
    """
    session = TreatmentSession.objects.with_record().locked().get(pk=session_id)
    require_open(session.patient)
    require_sight(by, session.patient_id)
    if session.status in SIGNED:
        raise NoSuchFinding(gettext("The record is signed: nothing can be decided any more."))
    found = {(e.finding.code, e.finding.subject): e.finding for e in assess_session(session, at=at)}
    finding = found.get((code, subject))
    if finding is None or not finding.needs_decision:
        raise NoSuchFinding(
            open_are([entry.message for entry in found.values()]),
            field="code",
        )
    today = at.astimezone(session.clinic.zone).date()
    require_may_override(finding, by=by, on=today, named=signed_off_by, named_on=signed_off_on)
    session.findings.filter(code=code, subject=subject).delete()
    row = override_row(session, finding, reason=reason, at=at, by=by)
    row.signed_off_by, row.signed_off_on = signed_off_by, signed_off_on
    row.save()
    return row


@retried_transaction
def add_addendum(
    *, session_id: UUID, text: str, at: datetime, by: User, is_patients_wish: bool = False
) -> Addendum:
    """Add to a signed record, of one's own or what its patient disputes; the record itself stays as
    it is. Raises NotSigned."""
    session = TreatmentSession.objects.select_related("patient").locked().get(pk=session_id)
    require_open(session.patient)
    require_sight(by, session.patient_id)
    if session.status not in SIGNED:
        raise NotSigned(gettext("The record is still open: write it into the chart."))
    return Addendum.objects.create(
        session=session, text=text, is_patients_wish=is_patients_wish, at=at, by=by
    )
