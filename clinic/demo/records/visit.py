"""What happens to a patient of the demo in the clinic: booked, treated, charted, seen again."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clinic.demo.records.delivered import deliver
from clinic.demo.records.intake import DAY, HOUR, Intake
from clinic.demo.records.people import CHARTS, NOSE, RED, WHY_NOT
from clinic.demo.records.pictures import portrait
from clinic.demo.records.recalled import RECALLED
from clinic.models import CartridgeLot
from patients.models import ScreeningKind, Zone
from patients.screening import DARKER_SKIN
from sessions import services
from sessions.lifecycle import Status
from sessions.models import (
    Milestone,
    OutcomeScale,
    Product,
    TreatmentPlan,
    View,
    VisitType,
    kind_of_finding,
)
from sessions.models import TreatmentSession as Session
from sessions.scheduling.availability import free_slots, offers
from sessions.scheduling.wanted import VisitRequest, sitting_of
from sessions.services import ProductEntry, ZoneEntry
from sessions.services.booking.moves import UnresolvedFindings


class Visits(Intake):
    """One person, session by session."""

    def _book(
        self,
        day: date,
        at: datetime,
        *,
        before: datetime | None = None,
        further: Sequence[TreatmentPlan] = (),
    ) -> Session:
        """The first free session in office hours from `day` on."""
        slots = free_slots(
            wanted=sitting_of(self.plan, *further),
            first=day,
            last=day + 3 * DAY,
            practitioner=self.clinician,
            at=at,
        )
        slot = next(
            slot
            for slot in slots
            if 9 <= slot.starts_at.astimezone(self.clinic.zone).hour < 16
            and (before is None or slot.ends_at + HOUR < before)
        )
        return services.book_session(
            plan=self.plan,
            further_plans=further,
            starts_at=slot.starts_at,
            practitioner=slot.practitioner,
            room=slot.room,
            device=slot.device,
            at=at,
            by=self.clinician,
        )

    def _consult(self) -> None:
        """A first visit in the days to come."""
        visit_type = VisitType.objects.get(clinic=self.clinic, code="consultation")
        today = self.now.astimezone(self.clinic.zone).date()
        offer = next(
            offer
            for offer in offers(
                wanted=VisitRequest(visit_type, self.patient),
                first=today + DAY,
                last=today + 4 * DAY,
                practitioner_id=self.clinician.pk,
                at=self.now,
            )
            if 9 <= offer.starts_at.astimezone(self.clinic.zone).hour < 16
        )
        services.book_caller(
            visit_type=visit_type,
            patient=self.patient,
            starts_at=offer.starts_at,
            practitioner=self.clinician,
            at=self.now,
            by=self.clinician,
        )

    def _move(self, session: Session, to: str, at: datetime, reason: str = "") -> None:
        """Move a session on; what a rule has against it is overridden, as a clinician would."""
        if to in (Status.CHECKED_IN, Status.CANCELLED):
            self._deliver(at)  # before the rest of the reminders is cancelled
        try:
            services.move_session(
                session_id=session.pk, to=to, at=at, by=self.clinician, reason=reason
            )
        except UnresolvedFindings as open_:
            for finding in open_.extra["findings"]:
                if not finding["overridable_by"]:
                    services.record_deviation(
                        session_id=session.pk,
                        kind=kind_of_finding(finding["code"]),
                        code=finding["code"],
                        subject=finding["subject"],
                        reason="The nose was treated along with the cheeks, out of habit.",
                        action_taken="The patient was told at once, and agrees.",
                        at=at,
                        by=self.clinician,
                    )
                    continue
                services.override_finding(
                    session_id=session.pk,
                    code=finding["code"],
                    subject=finding["subject"],
                    reason=WHY_NOT[finding["code"]],
                    at=at,
                    by=self.clinician,
                    **(self._signed_off(at) if finding["sign_off"] else {}),
                )
            self._move(session, to, at, reason)

    def _signed_off(self, at: datetime) -> dict[str, Any]:
        return {
            "signed_off_by": "Dr. Amara Diallo",
            "signed_off_on": at.astimezone(self.clinic.zone).date(),
        }

    def _treat(self, at: datetime, *, done: int) -> None:
        """A session from booking to signature, and the aftermath."""
        is_first = done == 0
        day = at.astimezone(self.clinic.zone).date()
        session = self._book(day, at - 7 * DAY, before=self.now)
        starts_at = session.starts_at
        self._screen_again(starts_at - HOUR)
        self._move(session, Status.CHECKED_IN, starts_at - HOUR / 6)
        self._move(session, Status.IN_PROGRESS, starts_at)
        self._chart(session, done=done)
        self._move(session, Status.COMPLETED, session.ends_at)
        is_last = self.plan.sessions.filter(status=Status.COMPLETED).count() == self.person.done
        if self.person.photos and (is_first or is_last):
            self._photograph(session, starts_at if is_first else session.ends_at)
        if is_last:
            self._heal(session)
            self._measure(session)

    def _screen_again(self, at: datetime) -> None:
        today = at.astimezone(self.clinic.zone).date()
        full = self.patient.screenings.filter(kind=ScreeningKind.FULL, valid_until__gte=today)
        self._screen(at, ScreeningKind.RESCREEN if full.exists() else ScreeningKind.FULL)

    def _chart(self, session: Session, *, done: int) -> None:
        is_darker = self.person.skin in DARKER_SKIN
        most = Decimal("1.00") + done * Decimal("0.50") if is_darker else Decimal("2.50")
        treated = CHARTS[self.person.protocol] + [NOSE] * (self.person.then == "deviated")
        # who is in the chair now has a warning to decide
        much = self.person.then == "treated" and done == self.person.done
        zones: list[ZoneEntry] = [
            {
                "zone": Zone.objects.get(code=zone),
                "depth_mm": min(Decimal(depth), most),
                "passes": passes,
                "directions": ["HORIZONTAL", "OBLIQUE", "VERTICAL"],
                "endpoint": RED if is_darker else endpoint,
            }
            for zone, depth, passes, endpoint in treated
        ]
        cream = Product.objects.get(code="lidocaine-4")
        serum = Product.objects.get(code="hyaluronic-acid-dermal")
        products: list[ProductEntry] = [
            {
                "product": cream,
                "lot": "LC2291",
                "grams": Decimal(50 if much else 5),
                "area_cm2": 400 if much else 250,
                "on_at": session.starts_at - HOUR / 2,
                "off_at": session.starts_at,
            },
            {"product": serum, "lot": "HA-0415"},
        ]
        services.write_chart(
            session_id=session.pk,
            zones=zones,
            products=products,
            pain_score=2 + self.number % 4,
            notes="Even erythema, well tolerated.",
            at=session.starts_at,
            by=self.clinician,
        )
        lot = self._lot(session)
        services.use_cartridge(
            session_id=session.pk,
            code=f"(01){lot.gtin}(17){lot.expires_on:%y%m%d}(10){lot.lot}(21){lot.uses.count():05}",
            at=session.starts_at,
            by=self.clinician,
        )

    def _lot(self, session: Session) -> CartridgeLot:
        """The first three patients were treated with what is recalled by now."""
        old = CartridgeLot.objects.get(clinic=self.clinic, lot=RECALLED)
        is_early = session.starts_at < self.now - 10 * DAY and not self.person.archived
        if is_early and old.uses.values("session__patient").distinct().count() < 3:
            return old
        return CartridgeLot.objects.exclude(pk=old.pk).get(clinic=self.clinic)

    def _photograph(self, session: Session, at: datetime) -> None:
        for view in (View.FRONT, View.LEFT_45, View.RIGHT_45):
            services.store_photo(
                patient=self.patient,
                view=view,
                taken_at=at,
                upload=portrait(view, self.person.skin, flushed=at == session.ends_at),
                at=at,
                by=self.clinician,
                session=session,
            )

    def _heal(self, session: Session) -> None:
        if not self.person.heals:
            return
        kind, grade, *gone_after = self.person.heals
        zone = session.zone_treatments.order_by("id")[0].zone
        effect = services.log_side_effect(
            session=Session.objects.get(pk=session.pk),
            kind=kind,
            grade=grade,
            is_expected=grade < 2,
            onset_at=session.ends_at + (HOUR if grade < 2 else 10 * DAY),
            at=self.now,
            by=self.clinician,
            zone=zone,
        )
        for days in gone_after:
            services.resolve_side_effect(
                side_effect_id=effect.pk,
                resolution="Gone without treatment.",
                at=session.ends_at + days * DAY,
                by=self.clinician,
            )

    def _measure(self, session: Session) -> None:
        days = {Milestone.DAY_90: 90, Milestone.DAY_180: 180, Milestone.SESSION: 0}
        for milestone in self.person.results:
            services.record_outcome(
                plan=self.plan,
                scale=OutcomeScale.objects.get(code="gais"),
                milestone=milestone,
                rater_role="CLINICIAN",
                score=Decimal(3 if milestone == Milestone.SESSION else 2),
                at=session.ends_at + days[Milestone(milestone)] * DAY,
                by=self.clinician,
                session=session if milestone == Milestone.SESSION else None,
            )

    def _deliver(self, at: datetime) -> None:
        deliver(self.patient, at)
