"""Whose sessions a figure is about."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, OuterRef, Q, Subquery

from clinic.models import Clinic
from clinic.values.wallclock import day_bounds
from patients.models import Area, Concern
from sessions.figures.cuts import DARKER_FROM, SkinGroup
from sessions.models import Kind, ZoneTreatment


@dataclass(frozen=True)
class Scope:
    """Whose figures: a clinic, days on its clock, and what else is asked for."""

    clinic: Clinic
    first: date
    last: date
    area: Area | None = None
    concern: Concern | None = None
    group: SkinGroup | None = None

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        zone = self.clinic.zone
        return day_bounds(self.first, zone)[0], day_bounds(self.last, zone)[1]

    def condition(self, prefix: str = "") -> Q:
        """On sessions, or on what has one under the name `prefix`."""
        start, end = self.bounds
        asked = {
            "clinic": self.clinic,
            "kind": Kind.TREATMENT,
            "starts_at__gte": start,
            "starts_at__lt": end,
            "area": self.area,
            "plan__concern": self.concern,
        }
        known = {name: value for name, value in asked.items() if value is not None}
        found = Q(**{f"{prefix}{name}": value for name, value in known.items()})
        return found & of_group(self.group, f"{prefix}patient__skin_type")


def of_group(group: SkinGroup | None, field: str) -> Q:
    if group is None:
        return Q()
    if group == SkinGroup.UNKNOWN:
        return Q(**{f"{field}__isnull": True})
    return Q(**{f"{field}__{'gte' if group == SkinGroup.DARKER else 'lt'}": DARKER_FROM})


def deepest(session: str) -> Subquery:
    """The deepest setting on any zone of a session; null if nothing is charted."""
    zones = ZoneTreatment.objects.filter(session=OuterRef(session)).order_by()
    return Subquery(zones.values("session").annotate(deepest=Max("depth_mm")).values("deepest"))
