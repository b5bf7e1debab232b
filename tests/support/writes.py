"""A good request for every write of the API, made when its rows are in the state that it needs.

The list of writes is derived from the API's description; each is found here by its operation id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from aftercare.models import MessageStatus
from clinic.models import Clinic, Role, User
from patients.models import ConsentText, Patient
from sessions.lifecycle import PlanStatus, Status, WaitlistStatus
from tests.conftest import Booking, client_of, make_booking
from tests.factories import (
    DAY,
    HOUR,
    NINE,
    BreakGlassFactory,
    CalendarFeedFactory,
    CareStepFactory,
    CartridgeLotFactory,
    CheckInFactory,
    ClosureFactory,
    ConcernFactory,
    ConsentTextFactory,
    ContactConsentFactory,
    DeviceFactory,
    DeviceModelFactory,
    ExposureFactory,
    HoldFactory,
    InboundFactory,
    IncidentReportFactory,
    LogInFactory,
    MessageFactory,
    OtherTreatmentFactory,
    OutcomeScaleFactory,
    PatientFactory,
    PlanFactory,
    ProductFactory,
    ProductUseFactory,
    ProtocolFactory,
    RoomFactory,
    SideEffectFactory,
    StaffTaskFactory,
    TemplateFactory,
    TimeOffFactory,
    TreatmentConsentFactory,
    TriageVersionFactory,
    UserFactory,
    WaitlistEntryFactory,
    WorkingHoursFactory,
)
from tests.support.answers import operations
from tests.support.pictures import agree, jpeg

JPEG = jpeg()
ENDED = {"rest": "KEEP", "reason": "Worn out"}
# A log-in is nobody's yet, and a log-out ends what a second one would need: see test_safe_writes.
APART = {"log_in", "log_out"}


@dataclass
class Write:
    """One request; `row` is what its address names."""

    method: str
    url: str
    by: User
    body: dict[str, Any] | None
    row: Any
    overwrites: bool
    operation: str
    form: bool = False
    picture: bytes = JPEG

    def send(self, *, body: Any = None, **headers: str | None) -> Any:
        """Send it with these headers, such as `If_Match`, as who may. None: without."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.overwrites:
            given.setdefault("If-Match", "*")
        given = {name: value for name, value in given.items() if value is not None}
        client = client_of(self.by)
        content = self.body if body is None else body
        if self.form and content:
            picture = SimpleUploadedFile("face.jpg", self.picture, "image/jpeg")
            return client.post(
                self.url, {**content, "image": picture}, format="multipart", headers=given
            )
        return getattr(client, self.method)(self.url, content, headers=given)

    @property
    def object_url(self) -> str:
        """The address of the object itself, without what is done to it."""
        kind, *rest = self.url.removeprefix("/api/v1/").split("/")
        return f"/api/v1/{kind}/{rest[0]}/" if self.row and rest[0] else f"/api/v1/{kind}/"


def writes() -> Iterator[tuple[str, str, str]]:
    """(operation id, method, path) of every write in the API's description."""
    for (method, path), operation in sorted(operations().items()):
        if method != "get" and operation["operationId"] not in APART:
            yield operation["operationId"], method, path


class Desk:
    """A clinic with two patients who are treated, and whoever may do something there."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.alice = UserFactory(clinic=clinic)
        self.dana = UserFactory(role=Role.RECEPTIONIST, clinic=clinic)
        self.manager = UserFactory(role=Role.MANAGER, clinic=clinic)
        self.booking: Booking = make_booking(clinic, self.alice)
        self.now = timezone.now().replace(minute=0, second=0, microsecond=0)

    def write(self, operation: str, method: str, path: str) -> Write:
        """The request of an operation, with its rows made."""
        by, row, body = getattr(self, operation)()
        return Write(
            method=method,
            url=path.replace("{id}", str(getattr(row, "pk", ""))),
            by=by,
            body=body,
            row=row,
            overwrites=method in ("put", "patch"),
            operation=operation,
            form=operation == "store_photo",
        )

    @property
    def patient(self) -> Patient:
        return self.booking.plan.patient

    @property
    def soon(self) -> datetime:
        return self.now + HOUR

    def slot(self, starts_at: datetime = NINE) -> dict[str, Any]:
        body = self.booking.body(starts_at)
        del body["plan"]
        return body

    # Patients
    def register_patient(self) -> Any:
        born = {"given_name": "Ada", "family_name": "Byron", "date_of_birth": "1990-12-10"}
        return self.dana, None, born

    def update_patient(self) -> Any:
        return self.dana, self.patient, {"given_name": "Hedy"}

    def update_patient_medical(self) -> Any:
        return self.alice, self.patient, {"allergies": "Nickel"}

    def archive_patient(self) -> Any:
        return self.dana, PatientFactory(clinic=self.clinic), None

    def restore_patient(self) -> Any:
        return self.dana, PatientFactory(clinic=self.clinic, archived_at=NINE), None

    def retire_working_hours(self) -> Any:
        return *self.delete_working_hours()[:2], ENDED

    def merge_patients(self) -> Any:
        duplicate = PatientFactory(clinic=self.clinic)
        choices = {"email": "kept", "mobile": "kept", "family_name": "kept"}
        body = {"duplicate": str(duplicate.pk), "reason": "twice", "choices": choices}
        return self.alice, self.patient, body

    def record_concern(self) -> Any:
        return self.alice, self.patient, {"concern": ConcernFactory().code}

    def assess_skin_type(self) -> Any:
        return self.alice, self.patient, {"skin_type": 3, "assessed_on": "2024-05-01"}

    def record_screening(self) -> Any:
        body = {"answers": [], "good_health": True, "expectations_discussed": True}
        return self.alice, self.patient, body

    def record_treatment_consent(self) -> Any:
        body = {
            "text": str(self._text("TREATMENT").pk),
            "signer_name": "Grace Hopper",
            "clauses": [],
            "zones": [self.booking.zone.code],
            "device_models": [self.booking.device.model.code],
        }
        return self.alice, self.patient, body

    def hand_out_consent(self) -> Any:
        return self.dana, self.patient, {"text": str(self._text("TREATMENT").pk)}

    def revoke_treatment_consent(self) -> Any:
        consent = TreatmentConsentFactory(
            patient=self.patient, recorded_by=self.alice, text=self._text("TREATMENT")
        )
        return self.alice, consent, {"reason": "changed her mind"}

    def record_photo_consent(self) -> Any:
        text = self._text("PHOTO")
        body = {"text": str(text.pk), "signer_name": "Grace Hopper", "scope": "CLINICAL"}
        return self.alice, self.patient, body

    def _text(self, kind: str) -> ConsentText:
        return ConsentText.objects.filter(kind=kind).first() or ConsentTextFactory(kind=kind)

    def revoke_photo_consent(self) -> Any:
        return self.alice, agree(self.patient, self.alice), {"reason": "changed her mind"}

    def record_contact_consent(self) -> Any:
        body = {"channel": "EMAIL", "purpose": "CARE", "granted": False, "wording": "May we?"}
        return self.dana, self.patient, body

    def record_address_consent(self) -> Any:
        word = {"channel": "EMAIL", "purpose": "CARE", "granted": False, "wording": "No more"}
        return self.dana, None, {"patient": str(self.patient.pk), **word}

    def open_record(self) -> Any:
        body = {"patient": str(self.patient.pk), "reason": "A complaint about a burn"}
        return self.manager, None, body

    def end_break_glass(self) -> Any:
        return self.manager, BreakGlassFactory(patient=self.patient, by=self.manager), None

    def take_task(self) -> Any:
        return self.dana, StaffTaskFactory(clinic=self.clinic), {"take_over": True}

    def finish_task(self) -> Any:
        return self.dana, StaffTaskFactory(clinic=self.clinic), {"note": "called"}

    # Plans and sessions
    def record_candidacy(self) -> Any:
        return self.alice, None, {"patient": str(self.patient.pk), "outcome": "CANDIDATE"}

    def record_other_treatment(self) -> Any:
        treated = {"kind": "PEEL", "area": self.booking.plan.area.code, "treated_on": "2024-05-01"}
        where = {"place": "ELSEWHERE", "place_name": "Dr. Sol"}
        return self.alice, None, {"patient": str(self.patient.pk), **treated, **where}

    def correct_other_treatment(self) -> Any:
        return self.alice, OtherTreatmentFactory(patient=self.patient), {"kind": "IPL"}

    def create_plan(self) -> Any:
        plan = self.booking.plan
        body = {
            "patient": str(PatientFactory(clinic=self.clinic).pk),
            "concern": str(plan.concern_id),
            "area": str(plan.area_id),
            "protocol": str(plan.protocol_id),
        }
        return self.alice, None, body

    def change_plan(self) -> Any:
        return self.alice, self.booking.plan, {"goals": "Softer scars by June."}

    def activate_plan(self) -> Any:
        patient = PatientFactory(clinic=self.clinic)
        plan = PlanFactory(
            patient=patient, protocol=self.booking.plan.protocol, status=PlanStatus.DRAFT
        )
        return self.alice, plan, None

    def put_plan_on_hold(self) -> Any:
        return self.alice, self.booking.plan, {"reason": "is away"}

    def complete_plan(self) -> Any:
        return self.alice, self.booking.plan, {"reason": "done"}

    def stop_plan(self) -> Any:
        return self.alice, self.booking.plan, {"reason": "moved away"}

    def book_series(self) -> Any:
        slots = [self.slot(), self.slot(NINE + 40 * DAY)]
        return self.dana, self.booking.plan, {"sessions": slots}

    def book_session(self) -> Any:
        return self.dana, None, self.booking.body()

    def confirm_session(self) -> Any:
        return self.dana, self.booking.book(), None

    def check_in_session(self) -> Any:
        return self.dana, self.booking.book(self.soon), None

    def start_session(self) -> Any:
        session = self.booking.book(self.soon)
        self.booking.ready(self.now)
        self.booking.move(session, Status.CHECKED_IN)
        return self.alice, session, None

    def complete_session(self) -> Any:
        session = self.booking.book(self.soon)
        self.booking.ready(self.now)
        self.booking.move(session, Status.CHECKED_IN)
        self.booking.move(session, Status.IN_PROGRESS)
        self.booking.chart(session)
        return self.alice, session, None

    def record_deviation(self) -> Any:
        told = {"reason": "The lid slipped", "action_taken": "Rinsed; the patient was told"}
        return self.alice, self.booking.in_progress(), {"kind": "ZONE", **told}

    def report_exposure(self) -> Any:
        body = {
            "clinic": str(self.clinic.pk),
            "kind": "NEEDLE_STICK",
            "staff": str(self.alice.pk),
            "what": "When the cartridge was taken off",
            "happened_at": (self.now - HOUR).isoformat(),
        }
        return self.alice, None, body

    def take_exposure_step(self) -> Any:
        happened = self.now - 2 * HOUR
        exposure = ExposureFactory(
            clinic=self.clinic, staff=self.alice, happened_at=happened, at=happened
        )
        return self.alice, exposure, {"step": "WASH", "done_at": (self.now - HOUR).isoformat()}

    def abort_session(self) -> Any:
        session = self.booking.book(self.soon)
        self.booking.move(session, Status.CHECKED_IN)
        return self.alice, session, {"abort_reason": "FAINTING", "abort_note": "Better lying down"}

    def skip_session(self) -> Any:
        other = PlanFactory(patient=self.booking.plan.patient)
        session = self.booking.book(further_plans=[other])
        return self.dana, session, {"reason": "A cold sore"}

    def cancel_session(self) -> Any:
        return self.dana, self.booking.book(), {"reason": "has a cold"}

    def record_no_show(self) -> Any:
        return self.dana, self.booking.book(self.now - 2 * HOUR), None

    def undo_session(self) -> Any:
        session = self.booking.book()
        self.booking.move(session, Status.CANCELLED, at=timezone.now(), undoable=True)
        return self.dana, session, None

    def reschedule_session(self) -> Any:
        return self.dana, self.booking.book(), {"starts_at": (NINE + DAY).isoformat()}

    def write_session_chart(self) -> Any:
        entry = {"zone": self.booking.zone.code, "depth_mm": "1.50", "passes": 6}
        return self.alice, self.booking.in_progress(), {"zones": [entry]}

    def put_cream_on(self) -> Any:
        cream = ProductFactory(kind="ANAESTHETIC", strength_percent=4)
        return self.alice, self.booking.in_progress(), {"product": str(cream.pk), "lot": "N7"}

    def take_cream_off(self) -> Any:
        session = self.booking.in_progress()
        ProductUseFactory(session=session, product__kind="ANAESTHETIC", on_at=self.now - HOUR)
        return self.alice, session, None

    def use_cartridge(self) -> Any:
        session = self.booking.in_progress()
        return self.alice, session, {"code": self.booking.cartridge()}

    def override_finding(self) -> Any:
        session = self.booking.in_progress()
        self.booking.chart(session, depth_mm="2.30")
        finding = {"code": "depth_above_range", "subject": self.booking.zone.code}
        return self.alice, session, {**finding, "reason": "Thick skin"}

    def add_addendum(self) -> Any:
        return self.alice, self.booking.completed(), {"text": "She called: all is well."}

    def record_check_in(self) -> Any:
        TriageVersionFactory()
        return self.alice, None, {"session": str(self.booking.completed().pk), "signs": ["pus"]}

    def record_reported_side_effect(self) -> Any:
        report = CheckInFactory(
            session=self.booking.completed(self.now - 9 * DAY),
            reported_at=self.now - 8 * DAY,
            signs=["pus"],
            level="RED",
        )
        return self.alice, report, {"note": "Seen at once."}

    def log_side_effect(self) -> Any:
        session = self.booking.completed()
        body = {
            "session": str(session.pk),
            "kind": "ERYTHEMA",
            "grade": 1,
            "is_expected": True,
            "onset_at": session.starts_at.isoformat(),
        }
        return self.alice, None, body

    def note_side_effect(self) -> Any:
        effect = SideEffectFactory(session=self.booking.completed(), recorded_by=self.alice)
        return self.alice, effect, {"grade": 2, "is_expected": False, "note": "Seen again."}

    def settle_incident_report(self) -> Any:
        effect = SideEffectFactory(session=self.booking.completed(), grade=3, is_expected=False)
        report = IncidentReportFactory(side_effect=effect)
        return self.alice, report, {"outcome": "NOT_NEEDED", "reason": "Another cause"}

    def resolve_side_effect(self) -> Any:
        effect = SideEffectFactory(
            session=self.booking.completed(self.now - 9 * DAY), recorded_by=self.alice
        )
        return self.alice, effect, {"resolution": "healed"}

    def record_outcome(self) -> Any:
        body = {
            "plan": str(self.booking.plan.pk),
            "scale": str(OutcomeScaleFactory().pk),
            "milestone": "BASELINE",
            "rater_role": "CLINICIAN",
            "score": "3.00",
        }
        return self.alice, None, body

    def store_photo(self) -> Any:
        agree(self.patient, self.alice)
        taken_at = (timezone.now() - DAY).isoformat()
        body = {"patient": str(self.patient.pk), "view": "FRONT", "taken_at": taken_at}
        return self.alice, None, body

    # Time
    def place_hold(self) -> Any:
        return self.dana, None, self.booking.body()

    def release_hold(self) -> Any:
        return self.dana, HoldFactory(plan=self.booking.plan, held_by=self.dana), None

    def join_waitlist(self) -> Any:
        plan = str(self.booking.plan.pk)
        return self.dana, None, {"plan": plan, "from_on": "2030-01-01", "until_on": "2030-02-01"}

    def accept_offer(self) -> Any:
        return self.dana, self._offered(), None

    def decline_offer(self) -> Any:
        return self.dana, self._offered(), {"reason": "too early"}

    def leave_waitlist(self) -> Any:
        return self.dana, self._offered(), {"reason": "has a time"}

    def _offered(self) -> Any:
        entry = WaitlistEntryFactory(plan=self.booking.plan)
        details = {
            "practitioner": self.booking.practitioner,
            "room": self.booking.room,
            "device": self.booking.device,
        }
        until = timezone.now() + HOUR
        HoldFactory(
            plan=self.booking.plan, expires_at=until, held_by=None, offered_to=entry, **details
        )
        offered = {f"offered_{name}": value for name, value in details.items()}
        entry.move_to(
            WaitlistStatus.OFFERED,
            at=timezone.now(),
            by=None,
            offered_starts_at=NINE,
            offer_expires_at=until,
            **offered,
        )
        return entry

    def add_closure(self) -> Any:
        span = {"starts_at": NINE.isoformat(), "ends_at": (NINE + HOUR).isoformat()}
        return self.manager, None, {"clinic": str(self.clinic.pk), **span}

    def delete_closure(self) -> Any:
        return self.manager, ClosureFactory(clinic=self.clinic), None

    def add_time_off(self) -> Any:
        span = {"starts_at": NINE.isoformat(), "ends_at": (NINE + HOUR).isoformat()}
        return self.manager, None, {"practitioner": str(self.alice.pk), **span}

    def delete_time_off(self) -> Any:
        return self.manager, TimeOffFactory(practitioner=self.alice), None

    def add_working_hours(self) -> Any:
        body = {
            "practitioner": str(self.alice.pk),
            "clinic": str(self.clinic.pk),
            "weekday": 0,
            "opens_at": "09:00",
            "closes_at": "17:00",
            "valid_from": "2031-01-01",
        }
        return self.manager, None, body

    def delete_working_hours(self) -> Any:
        hours = WorkingHoursFactory(practitioner=self.alice, clinic=self.clinic)
        return self.manager, hours, None

    def delete_log_in(self) -> Any:
        return self.alice, LogInFactory(user=self.alice), None

    def end_all_log_in(self) -> Any:
        return self.alice, None, None

    def open_calendar_feed(self) -> Any:
        return self.alice, CalendarFeedFactory(user=self.alice), None

    def close_calendar_feed(self) -> Any:
        return self.alice, CalendarFeedFactory(user=self.alice), None

    # What is put out of use
    def retire_room(self) -> Any:
        return self.manager, RoomFactory(clinic=self.clinic), None

    def retire_device(self) -> Any:
        return self.manager, DeviceFactory(clinic=self.clinic), None

    def retire_device_model(self) -> Any:
        return self.manager, DeviceModelFactory(code="old-pen"), None

    def retire_concern(self) -> Any:
        return self.manager, ConcernFactory(), None

    def retire_protocol(self) -> Any:
        return self.manager, ProtocolFactory(), None

    def retire_practitioner(self) -> Any:
        return self.manager, UserFactory(clinic=self.clinic), None

    # Store and messages
    def receive_cartridges(self) -> Any:
        code = "(01)09506000134352(17)351231(10)NEW1(21)00001"
        model = self.booking.device.model.code
        return self.dana, None, {"device_model": model, "code": code, "quantity": 5}

    def recall_lot(self) -> Any:
        lot = CartridgeLotFactory(clinic=self.clinic, device_model=self.booking.device.model)
        return self.manager, lot, {"reason": "needles bent"}

    def tell_patients_of_lot(self) -> Any:
        model = self.booking.device.model
        recalled = {"recalled_at": NINE, "recall_reason": "needles bent"}
        return (
            self.manager,
            CartridgeLotFactory(clinic=self.clinic, device_model=model, **recalled),
            None,
        )

    def cancel_message(self) -> Any:
        return self.dana, self._message(), None

    def resend_message(self) -> Any:
        message = self._message()
        message.end(MessageStatus.CANCELLED, "by hand", at=timezone.now())
        return self.dana, message, None

    def resolve_message(self) -> Any:
        message = self._message()
        message.end(MessageStatus.IN_DOUBT, "no answer", at=timezone.now())
        return self.dana, message, {"delivered": True}

    def _message(self) -> Any:
        session = self.booking.book()
        return MessageFactory(session=session, due_at=timezone.now() + timedelta(days=1))

    def answer_inbound_message(self) -> Any:
        patient = self.booking.plan.patient
        step = CareStepFactory(code="answer", anchor="ANSWERED", channel_policy="EMAIL")
        TemplateFactory(step=step, body="{{ answer }}")
        ContactConsentFactory(patient=patient)
        self.booking.book()
        reply = InboundFactory(clinic=self.clinic, patient=patient, channel="EMAIL")
        return self.dana, reply, {"text": "Yes, that is normal."}

    def handle_inbound_message(self) -> Any:
        return self.dana, InboundFactory(clinic=self.clinic), {"note": "Called back"}
