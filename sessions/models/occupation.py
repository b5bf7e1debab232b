"""What a session takes up, in the words of constraints: people, things and skin."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db.models import F, Func, Q

from sessions.lifecycle import OCCUPIES, Status

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from sessions.models.session import TreatmentSession


class Range(Func):
    """[start, end): back-to-back sessions do not clash."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


TREATMENT = ("starts_at", "ends_at")
OCCUPATION = ("occupied_from", "released_at")


def no_overlap_of_sessions(
    name: str, resource: str, span: tuple[str, str], code: str, message: "StrOrPromise"
) -> ExclusionConstraint:
    """No two occupying sessions hold the same `resource` in overlapping spans. Of a sitting, the
    leading row holds it for all areas.

    The resource comes first: GiST splits by the first column, and a check then reads the rows of
    one resource, not those of everybody in that time.
    """
    return ExclusionConstraint(
        name=name,
        expressions=[
            (resource, RangeOperators.EQUAL),
            (Range(*span, RangeBoundary()), RangeOperators.OVERLAPS),
        ],
        condition=Q(status__in=OCCUPIES, sitting__isnull=True),
        violation_error_code=code,
        violation_error_message=message,
    )


def recovers() -> Q:
    """The sessions that skin recovers from. One that was aborted before it needled anything counts
    for nothing: its recovery ends where it starts."""
    return Q(status__in=OCCUPIES) | Q(status=Status.ABORTED, recovers_at__gt=F("starts_at"))


def recovers_sql(session: str) -> str:
    """The same of a row of that name."""
    occupying = ", ".join(f"'{status}'" for status in OCCUPIES)
    return (
        f"({session}.status IN ({occupying}) OR ({session}.status = '{Status.ABORTED}' "
        f"AND {session}.recovers_at > {session}.starts_at))"
    )


def clash_conditions(session: "TreatmentSession") -> dict[str, Q]:
    """What the exclusion constraints refuse, by what is taken: the conditions under which another
    session stands in the way of one. A session lies within a day, so an index by start serves.
    What it does not take, nobody can be in the way of; a further area of a sitting takes only its
    skin."""
    day = timedelta(days=1)
    near = Q(starts_at__gt=session.starts_at - day, starts_at__lt=session.ends_at + day)
    treated = near & Q(starts_at__lt=session.ends_at, ends_at__gt=session.starts_at)
    used = near & Q(occupied_from__lt=session.released_at, released_at__gt=session.occupied_from)
    occupying = Q(status__in=OCCUPIES, sitting__isnull=True)
    found: dict[str, Q] = {}
    if session.area_id:
        skin = Q(patient=session.patient_id, area=session.area_id)
        unhealed = Q(starts_at__lt=session.recovers_at, recovers_at__gt=session.starts_at)
        found["skin"] = recovers() & skin & unhealed
    if session.sitting_id:
        return found
    found["practitioner"] = occupying & treated & Q(practitioner=session.practitioner_id)
    if session.room_id:
        found["room"] = occupying & used & Q(room=session.room_id)
    if session.device_id:
        found["device"] = occupying & used & Q(device=session.device_id)
    found["patient"] = occupying & treated & Q(patient=session.patient_id)
    return found
