"""Writing down what was done."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NotRequired, TypedDict

from django.db import transaction

from clinic.errors import Conflict, DomainError
from sessions.lifecycle import Status
from sessions.models import TreatmentSession, Zone, ZoneTreatment


class NotInProgress(Conflict):
    code = "not_in_progress"
    title = "The session is not in progress"


class ZoneElsewhere(DomainError):
    code = "zone_elsewhere"
    title = "The zone is not on the session's area"


class ZoneTwice(DomainError):
    code = "zone_twice"
    title = "The zone is named twice"


class ZoneEntry(TypedDict):
    zone: Zone
    depth_mm: Decimal
    passes: int
    endpoint: NotRequired[str]
    note: NotRequired[str]


@transaction.atomic
def write_chart(*, session_id: Any, zones: Sequence[ZoneEntry]) -> TreatmentSession:
    """Replace the treated zones of a session in progress.

    Raises NotInProgress, ZoneElsewhere and ZoneTwice, each naming the entry. Depths outside the
    band are refused by the constraint `zone_depth_in_band`.
    """
    session = TreatmentSession.objects.select_related("area").locked().get(pk=session_id)
    if session.status != Status.IN_PROGRESS:
        raise NotInProgress(
            f"The chart is written while the session is IN_PROGRESS; it is {session.status}."
        )
    seen = set()
    for index, entry in enumerate(zones):
        zone = entry["zone"]
        if zone.area_id != session.area_id:
            raise ZoneElsewhere(
                f"{zone} does not belong to the area “{session.area}”.",
                field=f"zones/{index}/zone",
            )
        if zone.pk in seen:
            raise ZoneTwice(f"{zone} is named twice.", field=f"zones/{index}/zone")
        seen.add(zone.pk)
    session.zone_treatments.all().delete()
    ZoneTreatment.objects.bulk_create(ZoneTreatment(session=session, **entry) for entry in zones)
    return session
