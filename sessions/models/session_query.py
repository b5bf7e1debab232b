"""What is asked about sessions."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from clinic.db.among import Among
from clinic.models import ClinicScoped
from sessions.lifecycle import OCCUPIES, UPCOMING, Status
from sessions.models.occupation import clash_conditions, recovers
from sessions.models.protocol import ProtocolVersion
from sessions.models.visit_type import Kind

if TYPE_CHECKING:
    from sessions.models.session import TreatmentSession


class TreatmentSessionQuerySet(ClinicScoped["TreatmentSession"]):
    def locked(self) -> Self:
        """Locks the rows, always in the same order. See Note [Lock order] in services."""
        return self.select_for_update(of=("self",)).order_by("pk")

    def with_record(self) -> Self:
        """Together with all that the safety rules look at first."""
        return self.select_related(
            *("clinic", "patient", "area", "plan__concern", "device__model"),
            "protocol_version__protocol__concern",
        )

    def of_sitting(self, session_id: Any) -> Self:
        """That session, and the other areas of its sitting."""
        leading = self._leading(session_id)
        return self.filter(Q(pk=leading) | Q(sitting=leading))

    def leading(self, session_id: Any) -> Self:
        """The session that leads the sitting of that one; that one, if it is in none."""
        return self.filter(pk=self._leading(session_id))

    def _leading(self, session_id: Any) -> Subquery:
        return Subquery(
            self.model.objects.filter(pk=session_id).values(lead=Coalesce("sitting", "pk"))
        )

    def occupying(self) -> Self:
        return self.filter(status__in=OCCUPIES)

    def recovering(self) -> Self:
        """Sessions that skin recovers from."""
        return self.filter(recovers())

    def ending_courses(self) -> Self:
        """The completed sessions of plans after which no other one was done or is booked."""
        later = self.model.objects.occupying().filter(
            plan=OuterRef("plan"), kind=Kind.TREATMENT, starts_at__gt=OuterRef("starts_at")
        )
        return self.filter(~Exists(later), kind=Kind.TREATMENT, status=Status.COMPLETED)

    def about_sitting(self) -> Self:
        """Those about a plan that is treated by the row of the outer query, or in its sitting."""
        leading = Coalesce(OuterRef(OuterRef("sitting")), OuterRef(OuterRef("pk")))
        together = self.model.objects.filter(Q(pk=leading) | Q(sitting=leading))
        return self.filter(plan__in=together.values("plan"))

    def overlapping(self, start: datetime, end: datetime) -> Self:
        """Sessions that hold their room at some time in [start, end)."""
        return self.filter(occupied_from__lt=end, released_at__gt=start)

    def clashing_with(self, session: "TreatmentSession", *what: str) -> Self:
        """The other sessions that occupy what `session` would take up: any of it, or only the
        skin, practitioner, room, device or patient, as `clash_conditions` names them."""
        found = [q for name, q in clash_conditions(session).items() if name in what or not what]
        return self.exclude(pk=session.pk).filter(reduce(or_, found))

    def closer_than(self, version: ProtocolVersion, *, at: datetime) -> Self:
        """Those still to come that follow sooner on a session of the same protocol than a version
        of it demands, with the id and start of that one (`follows_on`, `followed_at`).

        They were booked while less was demanded, or sooner by somebody who approved it: those are
        looked through, and not all that are still to come.
        """
        less = ProtocolVersion.objects.filter(
            protocol=version.protocol_id, hard_min_days__lt=version.hard_min_days
        )
        since = at - timedelta(days=version.hard_min_days + 1)
        followed = self.recovering().filter(protocol_version__in=list(less), starts_at__gt=since)
        approved = self.filter(spacing_override_by__isnull=False, starts_at__gt=at)
        before = (
            self.model.objects.recovering()
            .filter(
                patient=OuterRef("patient"),
                area=OuterRef("area"),
                starts_at__lt=OuterRef("starts_at"),
            )
            .order_by("-starts_at")
        )
        by_the_same = before.filter(protocol_version__protocol=version.protocol_id)
        zone, day = F("clinic__time_zone"), models.DateTimeField()
        on_the_clock = Func(zone, F("followed_at"), function="timezone", output_field=day)
        apart = ExpressionWrapper(
            on_the_clock + timedelta(days=version.hard_min_days), output_field=day
        )
        recovered = Func(zone, apart, function="timezone", output_field=day)
        return (
            self.filter(
                Among("patient", followed.values("patient")) | Among("pk", approved.values("pk")),
                status__in=UPCOMING,
                starts_at__gt=at,
            )
            .annotate(
                follows_on=Subquery(by_the_same.values("pk")[:1]),
                followed_at=Subquery(by_the_same.values("starts_at")[:1]),
            )
            .filter(starts_at__lt=recovered)
            .order_by("starts_at", "id")
        )

    def on_skin_of(self, session: "TreatmentSession") -> Self:
        """The other sessions that the same area of the same patient recovers from."""
        return (
            self.recovering()
            .filter(patient=session.patient_id, area=session.area_id)
            .exclude(pk=session.pk)
        )
