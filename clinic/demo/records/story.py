"""How the demo's records came about: each patient's story, played through the same services that
staff use, with the clock set back. Whatever a rule refuses, the demo cannot contain."""

from datetime import date

from clinic.demo.records.intake import DAY, HOUR
from clinic.demo.records.people import AFTER
from clinic.demo.records.visit import Visits
from clinic.models import Device, Room
from patients.models import OtherTreatmentStatus, Place, ScreeningKind
from patients.services import archive_record, record_other_treatment, revoke_consent
from sessions import services
from sessions.lifecycle import AbortReason, PlanKind, PlanStatus, Status
from sessions.models import HomeCare, Protocol, TreatmentPlan


class Story(Visits):
    """One person's way through the clinic until `now`."""

    def play(self) -> None:
        person = self.person
        self._register()
        self._screen(self.began + HOUR, ScreeningKind.FULL) if person.skin else None
        if person.decided or person.plan != "none":
            self._decide()
        if person.then == "called":
            self._consult()
        if person.plan != "none":
            self._agree_and_plan()
            for done in range(person.done):
                ago = (person.done - 1 - done) * self.interval + person.last * DAY
                self._treat(self.now - ago, done=done)
            self._go_on()
        self._deliver(self.now)
        if person.archived:
            archive_record(patient_id=self.patient.pk, at=self.now - 30 * DAY, by=self.clinician)

    def _go_on(self) -> None:
        """What comes after the last completed session."""
        person, last = self.person, self.now - self.person.last * DAY
        if person.revoked:
            revoke_consent(
                consent=self.photo_consent,
                reason=person.revoked,
                at=self.now - DAY,
                by=self.clinician,
            )
        if person.plan in AFTER:
            services.move_plan(
                plan_id=self.plan.pk,
                to=person.plan,
                decider=services.Decider(
                    at=min(self.now, last + AFTER[PlanStatus(person.plan)] * DAY),
                    by=self.clinician,
                    reason=person.why,
                ),
            )
        if person.keeps_up:
            self._keep_up()
        local_today = self.now.astimezone(self.clinic.zone).date()
        due = (last + self.interval).astimezone(self.clinic.zone).date() if person.done else None
        soon = local_today + (1 + self.number % 9) * DAY
        for kind, days in person.others.items():
            if days > 0:
                was_on = self.began.astimezone(self.clinic.zone).date() - days * DAY
                self._treated_elsewhere(kind, was_on, OtherTreatmentStatus.DONE)
            else:
                day = max(soon, due or soon) - days * DAY
                self._treated_elsewhere(kind, day, OtherTreatmentStatus.PLANNED)
        match person.then:
            case "booked" | "cancelled" | "moved":
                further = self._plan_another_area()
                session = self._book(max(soon, due or soon), self.now - HOUR, further=further)
                if person.then == "cancelled":
                    self._move(session, Status.CANCELLED, self.now, "Has a cold; will call.")
                elif person.then == "moved":
                    services.reschedule_session(
                        session_id=session.pk,
                        starts_at=session.starts_at + 7 * DAY,
                        at=self.now,
                        by=self.clinician,
                        reason="On a business trip.",
                    )
            case "no-show":
                session = self._book(local_today - 5 * DAY, self.now - 12 * DAY)
                self._move(session, Status.NO_SHOW, session.starts_at + HOUR)
            case "aborted" | "deviated":
                self._visit(local_today - 5 * DAY, is_aborted=person.then == "aborted")
            case "waiting" | "treated":
                self._today(is_treated=person.then == "treated")

    def _treated_elsewhere(self, kind: str, day: date, status: OtherTreatmentStatus) -> None:
        record_other_treatment(
            patient_id=self.patient.pk,
            kind=kind,
            status=status,
            area=self.plan.area,
            treated_on=day,
            place=Place.ELSEWHERE,
            place_name="Dermatology by the harbour",
            at=self.now - 2 * HOUR,
            by=self.clinician,
        )

    def _keep_up(self) -> None:
        services.create_plan(
            patient=self.patient,
            concern=self.protocol.concern,
            area=self.protocol.area,
            protocol=self.protocol,
            practitioner=self.clinician,
            kind=PlanKind.MAINTENANCE,
            interval_months=self.person.keeps_up,
            reason="Keeps what the course has achieved.",
            home_care=[HomeCare.SUNSCREEN],
            at=self.now - DAY,
            by=self.clinician,
        )

    def _plan_another_area(self) -> list[TreatmentPlan]:
        """Face and neck on one afternoon."""
        if not self.person.also:
            return []
        protocol = Protocol.objects.select_related("concern", "area").get(code=self.person.also)
        plan = services.create_plan(
            patient=self.patient,
            concern=protocol.concern,
            area=protocol.area,
            protocol=protocol,
            practitioner=self.clinician,
            at=self.now - HOUR,
            by=self.clinician,
        )
        return [TreatmentPlan.objects.with_booking_facts().get(pk=plan.pk)]

    def _visit(self, day: date, *, is_aborted: bool) -> None:
        """A session of the last days that did not go as it should."""
        session = self._book(day, self.now - 12 * DAY, before=self.now)
        self._screen_again(session.starts_at - HOUR)
        self._move(session, Status.CHECKED_IN, session.starts_at - HOUR / 6)
        self._move(session, Status.IN_PROGRESS, session.starts_at)
        self._chart(session, done=0)
        if is_aborted:
            services.abort_session(
                session_id=session.pk,
                why=AbortReason.FAINTING,
                note="After the second pass; well again after ten minutes lying down.",
                at=session.starts_at + HOUR / 3,
                by=self.clinician,
            )
        else:
            self._move(session, Status.COMPLETED, session.ends_at)

    def _today(self, *, is_treated: bool) -> None:
        """Somebody who is in the clinic at this moment, at whatever hour the demo is started."""
        starts_at = self.now.replace(minute=0, second=0, microsecond=0)
        room = Room.objects.filter(clinic=self.clinic).order_by("name")[self.number % 3]
        device = Device.objects.filter(clinic=self.clinic).order_by("serial")[self.number % 3]
        session = services.book_session(
            plan=self.plan,
            starts_at=starts_at if is_treated else starts_at + HOUR,
            practitioner=self.clinician,
            room=room,
            device=device,
            at=self.now - 2 * DAY,
            by=self.clinician,
        )
        self._screen_again(self.now - HOUR)
        self._move(session, Status.CHECKED_IN, self.now - HOUR / 6)
        if is_treated:
            self._move(session, Status.IN_PROGRESS, self.now)
            self._chart(session, done=self.person.done)
