"""How the demo's records came about: each patient's story, played through the same services that
staff use, with the clock set back. Whatever a rule refuses, the demo cannot contain."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, OuterRef

from aftercare.models import Message, MessageStatus, MessageTemplate
from clinic.demo.people import AFTER, CHARTS, RED, WHY_NOT, Person
from clinic.demo.pictures import portrait
from clinic.models import CartridgeLot, Clinic, Device, Room, User
from patients.models import (
    Channel,
    Concern,
    ConcernSubtype,
    ConsentText,
    Patient,
    Purpose,
    ScreeningKind,
    Zone,
)
from patients.screening import DARKER_SKIN
from patients.services import (
    archive_record,
    questionnaire,
    record_concern,
    record_contact_consent,
    record_photo_consent,
    record_screening,
    record_treatment_consent,
    register_patient,
    revoke_consent,
)
from sessions import services
from sessions.lifecycle import PlanStatus, Status
from sessions.models import Milestone, OutcomeScale, Product, Protocol, TreatmentPlan, View
from sessions.models import TreatmentSession as Session
from sessions.scheduling.availability import free_slots
from sessions.services import ProductEntry, ZoneEntry
from sessions.services.booking.moves import UnresolvedFindings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDING = "May we write to you about your appointments and your aftercare?"


class Story:
    """One person's way through the clinic until `now`."""

    def __init__(self, person: Person, number: int, clinic: Clinic, now: datetime) -> None:
        self.person, self.number, self.clinic, self.now = person, number, clinic, now
        staff = list(User.objects.practitioners().filter(clinics=clinic).order_by("pk"))
        self.clinician = staff[number % len(staff)]
        self.protocol = Protocol.objects.select_related("concern", "area").get(code=person.protocol)
        # The soft minimum is kept: two weeks longer on darker skin, and hair is treated sooner.
        usual = self.protocol.versions.latest("version").target_max_days
        self.interval = (usual + 14 if person.skin in DARKER_SKIN else usual) * DAY
        first = max(0, person.done - 1) * self.interval + person.last * DAY
        self.began = now - first - 9 * DAY
        self.patient: Patient
        self.plan: TreatmentPlan

    def play(self) -> None:
        person = self.person
        self._register()
        self._screen(self.began + HOUR, ScreeningKind.FULL) if person.skin else None
        if person.plan != "none":
            self._agree_and_plan()
            for done in range(person.done):
                ago = (person.done - 1 - done) * self.interval + person.last * DAY
                self._treat(self.now - ago, done=done)
            self._go_on()
        self._deliver(self.now)
        if person.archived:
            archive_record(patient_id=self.patient.pk, at=self.now - 30 * DAY)

    def _register(self) -> None:
        given_name, family_name = self.person.name.split(" ", 1)
        mail = f"{given_name}.{family_name}".lower().encode("ascii", "ignore").decode()
        is_german = self.clinic.time_zone.startswith("Europe")
        details = {
            "given_name": given_name,
            "family_name": family_name,
            "date_of_birth": self.person.born,
            "sex": self.person.sex,
            "language": self.person.language,
            "email": f"{mail}@{self.clinic.short_name.lower()}-patients.example",
            "mobile": f"+4915123456{self.number:03}"
            if is_german
            else f"+121255501{self.number:02}",
            "keloid_history": False,
            "cold_sore_history": "hsv-history" in self.person.answers,
            "created_at": self.began,
        }
        if self.person.skin:
            details["skin_type"] = self.person.skin
        self.patient = register_patient(
            clinic=self.clinic, details=details, at=self.began, by=self.clinician
        )
        for channel in Channel.values:
            record_contact_consent(
                patient_id=self.patient.pk,
                channel=channel,
                purpose=Purpose.CARE,
                granted=True,
                wording=WORDING,
                at=self.began,
                by=self.clinician,
            )

    def _screen(self, at: datetime, kind: ScreeningKind) -> None:
        answers, today = self.person.answers, at.astimezone(self.clinic.zone).date()
        record_screening(
            patient_id=self.patient.pk,
            kind=kind,
            answers=[
                {
                    "rule": rule.code,
                    "answer": rule.code in answers,
                    "last_exposure_on": today - answers[rule.code] * DAY
                    if rule.code in answers and rule.asks_last_exposure
                    else None,
                }
                for rule in questionnaire(at)
            ],
            good_health=True,
            expectations_discussed=True,
            at=at,
            by=self.clinician,
        )

    def _agree_and_plan(self) -> None:
        at, person = self.began + 2 * HOUR, self.person
        texts = ConsentText.objects.in_effect(at).filter(language=person.language)
        treatment, photo = texts.get(kind="TREATMENT"), texts.get(kind="PHOTO")
        record_treatment_consent(
            patient_id=self.patient.pk,
            text=treatment,
            clauses=[clause.code for clause in treatment.clauses.all()],
            zones=[zone for zone, *_ in CHARTS[person.protocol]],
            device_models=["skinpen-precision"],
            signer_name=person.name,
            at=at,
            by=self.clinician,
        )
        if person.photos:
            self.photo_consent = record_photo_consent(
                patient_id=self.patient.pk,
                text=photo,
                scope="CLINICAL",
                signer_name=person.name,
                at=at,
                by=self.clinician,
            )
        concern = record_concern(
            patient_id=self.patient.pk,
            concern=Concern.objects.get(pk=self.protocol.concern_id),
            subtype=ConcernSubtype.objects.filter(code=person.subtype).first(),
            baseline_grade=person.grade,
        )
        type(concern).objects.filter(pk=concern.pk).update(created_at=at)
        self.plan = services.create_plan(
            patient=self.patient,
            concern=self.protocol.concern,
            area=self.protocol.area,
            protocol=self.protocol,
            practitioner=self.clinician,
            at=at,
            by=self.clinician,
            patient_concerns=[concern],
            goals="Looks rested; knows that it takes months.",
            as_draft=person.plan == PlanStatus.DRAFT,
        )

    def _book(self, day: date, at: datetime, *, before: datetime | None = None) -> Session:
        """The first free session in office hours from `day` on."""
        slots = free_slots(
            plan=self.plan,
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
            starts_at=slot.starts_at,
            practitioner=slot.practitioner,
            room=slot.room,
            device=slot.device,
            at=at,
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
                services.override_finding(
                    session_id=session.pk,
                    code=finding["code"],
                    subject=finding["subject"],
                    reason=WHY_NOT[finding["code"]],
                    at=at,
                    by=self.clinician,
                )
            self._move(session, to, at, reason)

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
        is_last = session.plan.sessions.filter(status=Status.COMPLETED).count() == self.person.done
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
        zones: list[ZoneEntry] = [
            {
                "zone": Zone.objects.get(code=zone),
                "depth_mm": min(Decimal(depth), most),
                "passes": passes,
                "directions": ["HORIZONTAL", "OBLIQUE", "VERTICAL"],
                "endpoint": RED if is_darker else endpoint,
            }
            for zone, depth, passes, endpoint in CHARTS[self.person.protocol]
        ]
        cream = Product.objects.get(code="lidocaine-4")
        serum = Product.objects.get(code="hyaluronic-acid-dermal")
        products: list[ProductEntry] = [
            {
                "product": cream,
                "lot": "LC2291",
                "grams": Decimal(5),
                "area_cm2": 250,
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
        )
        lot = CartridgeLot.objects.get(clinic=self.clinic, recalled_at=None)
        services.use_cartridge(
            session_id=session.pk,
            code=f"(01){lot.gtin}(17){lot.expires_on:%y%m%d}(10){lot.lot}(21){lot.uses.count():05}",
            at=session.starts_at,
        )

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

    def _go_on(self) -> None:
        """What comes after the last completed session."""
        person, last = self.person, self.now - self.person.last * DAY
        if person.revoked:
            revoke_consent(consent=self.photo_consent, reason=person.revoked, at=self.now - DAY)
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
        local_today = self.now.astimezone(self.clinic.zone).date()
        due = (last + self.interval).astimezone(self.clinic.zone).date() if person.done else None
        soon = local_today + (1 + self.number % 9) * DAY
        match person.then:
            case "booked" | "cancelled" | "moved":
                session = self._book(max(soon, due or soon), self.now - HOUR)
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
            case "waiting" | "treated":
                self._today(is_treated=person.then == "treated")

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

    def _deliver(self, at: datetime) -> None:
        """The messages that were due by then reached the patient; nothing is sent today for it."""
        current = MessageTemplate.objects.current(
            step_id=OuterRef("step"), channel=OuterRef("channel"), language=self.person.language
        )
        Message.objects.filter(patient=self.patient).open().filter(due_at__lte=at).update(
            status=MessageStatus.SENT,
            sent_at=F("due_at"),
            ended_at=F("due_at"),
            attempts=1,
            template=current.values("pk")[:1],
        )
