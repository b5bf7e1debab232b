"""Protocols, plans, sessions and what is charted."""

import factory
from factory.django import DjangoModelFactory

from clinic.findings import Severity
from clinic.models import Clinic
from sessions.lifecycle import SIGNED, AbortReason, PlanStatus, Status
from sessions.models import (
    BloodExposure,
    Candidacy,
    CandidacyOutcome,
    CartridgeUse,
    ChartDraft,
    CheckIn,
    Deviation,
    DeviceClearance,
    Endpoint,
    ExposureStep,
    Hold,
    IncidentReport,
    Mode,
    OutcomeMeasure,
    OutcomeScale,
    Photo,
    Product,
    ProductDrug,
    ProductUse,
    Protocol,
    ProtocolDraft,
    ProtocolVersion,
    ReportingRule,
    ScoreLabel,
    SessionFinding,
    SideEffect,
    SideEffectExpectation,
    SideEffectNote,
    TreatmentPlan,
    TreatmentSession,
    TriageSignature,
    TriageVersion,
    VisitType,
    VisitTypeName,
    WaitlistEntry,
    ZoneRange,
    ZoneTreatment,
)
from sessions.scheduling.spacing import recovery_end
from sessions.triage import Score
from tests.factories.clinic import (
    CartridgeLotFactory,
    ClinicFactory,
    DeviceFactory,
    DeviceModelFactory,
    RoomFactory,
    UserFactory,
)
from tests.factories.patients import AreaFactory, ConcernFactory, PatientFactory, ZoneFactory
from tests.factories.times import DAY, HOUR, LONG_AGO, NINE


class ProtocolFactory(DjangoModelFactory):
    """A protocol with one version; `version__…` sets its numbers."""

    class Meta:
        model = Protocol
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"protocol-{n}")
    name = factory.Sequence(lambda n: f"Protocol {n}")
    concern = factory.SubFactory(ConcernFactory)
    area = factory.SubFactory(AreaFactory)
    version = factory.RelatedFactory(
        "tests.factories.ProtocolVersionFactory", factory_related_name="protocol"
    )


class ProtocolVersionFactory(DjangoModelFactory):
    class Meta:
        model = ProtocolVersion

    protocol = factory.SubFactory(ProtocolFactory, version=None)
    depth_min_mm = "0.50"
    depth_max_mm = "2.00"
    passes_max = 8
    expected_endpoint = Endpoint.PINPOINT_BLEEDING
    planned_sessions = 4
    hard_min_days = 28
    soft_min_days = 28
    target_min_days = 28
    target_max_days = 42
    duration_minutes = 60
    cleaning_minutes = 15
    source = "test"
    effective_from = LONG_AGO


class ProtocolDraftFactory(DjangoModelFactory):
    class Meta:
        model = ProtocolDraft

    protocol = factory.SubFactory(ProtocolFactory)
    numbers = factory.LazyFunction(dict)
    based_on = 1
    proposed_at = NINE
    proposed_by = factory.SubFactory(UserFactory)


class ZoneRangeFactory(DjangoModelFactory):
    class Meta:
        model = ZoneRange

    protocol_version = factory.SubFactory(ProtocolVersionFactory)
    zone = factory.SubFactory(ZoneFactory)
    depth_min_mm = "0.50"
    depth_max_mm = "1.00"


class DeviceClearanceFactory(DjangoModelFactory):
    class Meta:
        model = DeviceClearance

    model = factory.SubFactory(DeviceModelFactory)
    reference = factory.Sequence(lambda n: f"K{n:06}")
    indication = "Facial acne scars"
    skin_types = [1, 2, 3, 4, 5, 6]
    min_age = 22
    source = "test"
    effective_from = LONG_AGO


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = Product

    code = factory.Sequence(lambda n: f"product-{n}")
    kind = "SERUM"
    name = "Hyaluronic acid"
    for_dermis = True
    source = "test"
    effective_from = LONG_AGO


class OutcomeScaleFactory(DjangoModelFactory):
    class Meta:
        model = OutcomeScale

    code = factory.Sequence(lambda n: f"scale-{n}")
    name = "GAIS"
    rater_roles = ["CLINICIAN", "PATIENT"]
    score_min = 1
    score_max = 5
    lower_is_better = True
    source = "test"
    effective_from = LONG_AGO


class ScoreLabelFactory(DjangoModelFactory):
    class Meta:
        model = ScoreLabel

    scale = factory.SubFactory(OutcomeScaleFactory)
    score = 1
    language = "en"
    label = "Much better"


class SideEffectExpectationFactory(DjangoModelFactory):
    class Meta:
        model = SideEffectExpectation

    kind = "ERYTHEMA"
    onset_from_hours = 0
    onset_to_hours = 1
    expected_until_hours = 48
    act_when = "It lasts longer than a week."
    source = "test"
    effective_from = LONG_AGO


class TriageVersionFactory(DjangoModelFactory):
    """The smallest rules: pus is red, all else is green."""

    class Meta:
        model = TriageVersion

    version = factory.LazyFunction(lambda: TriageVersion.next_version(code="healing"))
    title = "Healing"
    rules = [
        {
            "code": "T00",
            "name": "nothing reported",
            "source": "test",
            "cases": [{"level": "GREEN", "otherwise": True}],
        },
        {
            "code": "T07",
            "name": "infection",
            "source": "test",
            "cases": [{"level": "RED", "signs": ["pus"]}],
        },
    ]
    curves = [{"score": score, "source": "test", "days": [[9, 5, 8]]} for score in Score.values]
    words = [{"sign": "pus", "en": ["pus"], "es": ["pus"]}]
    source = "test"
    effective_from = LONG_AGO


class TriageSignatureFactory(DjangoModelFactory):
    class Meta:
        model = TriageSignature

    version = factory.SubFactory(TriageVersionFactory)
    signed_by = factory.SubFactory(UserFactory)
    signer_name = "Dr Grace Ng"
    signed_at = LONG_AGO


class PlanFactory(DjangoModelFactory):
    class Meta:
        model = TreatmentPlan

    patient = factory.SubFactory(PatientFactory)
    clinic = factory.SelfAttribute("patient.clinic")
    protocol = factory.SubFactory(ProtocolFactory)
    protocol_version = factory.LazyAttribute(lambda p: p.protocol.versions.latest("version"))
    concern = factory.SelfAttribute("protocol.concern")
    area = factory.SelfAttribute("protocol.area")
    planned_sessions = 4
    status = PlanStatus.ACTIVE
    created_by = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))


def visit_type_of(clinic: Clinic, code: str = "treatment") -> VisitType:
    """One of those that a clinic has from the start."""
    return VisitType.objects.get(clinic=clinic, code=code)


class SessionFactory(DjangoModelFactory):
    """A session written straight into the table, past the services."""

    class Meta:
        model = TreatmentSession

    plan = factory.SubFactory(PlanFactory)
    clinic = factory.SelfAttribute("plan.clinic")
    visit_type = factory.LazyAttribute(lambda s: visit_type_of(s.clinic))
    patient = factory.SelfAttribute("plan.patient")
    area = factory.SelfAttribute("plan.area")
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    room = factory.SubFactory(RoomFactory, clinic=factory.SelfAttribute("..clinic"))
    device = factory.SubFactory(DeviceFactory, clinic=factory.SelfAttribute("..clinic"))
    starts_at = NINE
    occupied_from = factory.LazyAttribute(lambda s: s.starts_at)
    ends_at = factory.LazyAttribute(lambda s: s.starts_at + HOUR)
    released_at = factory.LazyAttribute(lambda s: s.ends_at + HOUR / 4)
    protocol_version = factory.SelfAttribute("plan.protocol_version")
    recovers_at = factory.LazyAttribute(
        lambda s: recovery_end(s.starts_at, s.protocol_version, s.clinic.zone)
    )
    time_zone = factory.SelfAttribute("clinic.time_zone")
    status = Status.BOOKED
    completed_at = factory.LazyAttribute(
        lambda s: s.ends_at if s.status == Status.COMPLETED else None
    )
    aborted_at = factory.LazyAttribute(lambda s: s.ends_at if s.status == Status.ABORTED else None)
    abort_reason = factory.LazyAttribute(
        lambda s: AbortReason.FAINTING if s.status == Status.ABORTED else ""
    )
    signed_by = factory.LazyAttribute(lambda s: s.practitioner if s.status in SIGNED else None)


class VisitFactory(DjangoModelFactory):
    """A visit that treats nothing, written straight into the table; `code` names its kind."""

    class Meta:
        model = TreatmentSession

    class Params:
        code = "consultation"

    patient = factory.SubFactory(PatientFactory)
    clinic = factory.SelfAttribute("patient.clinic")
    visit_type = factory.LazyAttribute(lambda s: visit_type_of(s.clinic, s.code))
    kind = factory.SelfAttribute("visit_type.kind")
    mode = factory.SelfAttribute("visit_type.mode")
    video_url = factory.LazyAttribute(
        lambda s: "https://meet.example/room" if s.mode == Mode.VIDEO else ""
    )
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    room = factory.LazyAttribute(
        lambda s: RoomFactory(clinic=s.clinic) if s.visit_type.needs_room else None
    )
    device = factory.LazyAttribute(
        lambda s: DeviceFactory(clinic=s.clinic) if s.visit_type.needs_device else None
    )
    starts_at = NINE
    occupied_from = factory.LazyAttribute(lambda s: s.starts_at - s.visit_type.setup)
    ends_at = factory.LazyAttribute(lambda s: s.starts_at + s.visit_type.duration)
    released_at = factory.LazyAttribute(lambda s: s.ends_at + s.visit_type.cleaning)
    time_zone = factory.SelfAttribute("clinic.time_zone")
    status = Status.BOOKED
    completed_at = factory.LazyAttribute(
        lambda s: s.ends_at if s.status == Status.COMPLETED else None
    )
    signed_by = factory.LazyAttribute(
        lambda s: s.practitioner if s.status == Status.COMPLETED else None
    )


class ExposureFactory(DjangoModelFactory):
    class Meta:
        model = BloodExposure

    clinic = factory.SubFactory(ClinicFactory)
    kind = "NEEDLE_STICK"
    staff = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    what = "When the cartridge was taken off"
    happened_at = NINE
    at = NINE
    by = factory.SelfAttribute("staff")


class ExposureStepFactory(DjangoModelFactory):
    class Meta:
        model = ExposureStep

    exposure = factory.SubFactory(ExposureFactory)
    step = "WASH"
    done_at = NINE
    at = NINE
    by = factory.SelfAttribute("exposure.by")


class DeviationFactory(DjangoModelFactory):
    class Meta:
        model = Deviation

    session = factory.SubFactory(SessionFactory)
    kind = "ZONE"
    reason = "The patient moved"
    action_taken = "Cleaned; the patient was told"
    at = NINE
    by = factory.SelfAttribute("session.practitioner")


class ZoneTreatmentFactory(DjangoModelFactory):
    class Meta:
        model = ZoneTreatment

    session = factory.SubFactory(SessionFactory)
    zone = factory.SubFactory(ZoneFactory, area=factory.SelfAttribute("..session.area"))
    depth_mm = "1.50"
    passes = 6


class CartridgeUseFactory(DjangoModelFactory):
    class Meta:
        model = CartridgeUse

    session = factory.SubFactory(SessionFactory)
    clinic = factory.SelfAttribute("session.clinic")
    lot = factory.SubFactory(CartridgeLotFactory, clinic=factory.SelfAttribute("..clinic"))
    serial = factory.Sequence(lambda n: f"{n:05}")
    used_on = factory.LazyAttribute(lambda u: u.session.starts_at.date())


class ProductDrugFactory(DjangoModelFactory):
    class Meta:
        model = ProductDrug

    product = factory.SubFactory(ProductFactory, kind="ANAESTHETIC", strength_percent=5)
    drug = "LIDOCAINE"
    percent = "2.50"


class ProductUseFactory(DjangoModelFactory):
    class Meta:
        model = ProductUse

    session = factory.SubFactory(SessionFactory)
    product = factory.SubFactory(ProductFactory)
    lot = "L1"


class SessionFindingFactory(DjangoModelFactory):
    class Meta:
        model = SessionFinding

    session = factory.SubFactory(SessionFactory)
    code = "off_label"
    severity = Severity.INFO
    message = "Off-label."
    rule = "clearances"
    source = "test"


class OutcomeMeasureFactory(DjangoModelFactory):
    class Meta:
        model = OutcomeMeasure

    plan = factory.SubFactory(PlanFactory)
    scale = factory.SubFactory(OutcomeScaleFactory)
    milestone = "BASELINE"
    rater_role = "CLINICIAN"
    rated_by = factory.SelfAttribute("recorded_by")
    score = 3
    measured_at = NINE
    recorded_by = factory.SelfAttribute("plan.created_by")


class PhotoFactory(DjangoModelFactory):
    """A row without a picture; tests/record/photos/test_photos.py makes real ones."""

    class Meta:
        model = Photo

    patient = factory.SubFactory(PatientFactory)
    view = "FRONT"
    taken_at = NINE
    image = "photos/none.jpg"
    thumbnail = "photos/none-small.jpg"
    sha256 = "0" * 64
    width = 100
    height = 100
    uploaded_by = factory.SubFactory(UserFactory)


class SideEffectFactory(DjangoModelFactory):
    class Meta:
        model = SideEffect

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    kind = "ERYTHEMA"
    grade = 1
    is_expected = True
    onset_at = factory.LazyAttribute(lambda s: s.session.completed_at)
    recorded_by = factory.SelfAttribute("session.practitioner")


class ReportingRuleFactory(DjangoModelFactory):
    class Meta:
        model = ReportingRule

    code = factory.Sequence(lambda n: f"rule-{n}")
    version = 1
    effective_from = LONG_AGO
    jurisdiction = "US"
    grade_min = 3
    report_to = "Authority"
    how = "Form 1"
    is_duty = True
    deadline_days = 10
    of_work_days = True
    says = "A serious injury is reported."
    source = "test"


class IncidentReportFactory(DjangoModelFactory):
    class Meta:
        model = IncidentReport

    side_effect = factory.SubFactory(SideEffectFactory)
    rule = factory.SubFactory(ReportingRuleFactory)
    known_at = NINE
    due_at = NINE + 10 * DAY


class CheckInFactory(DjangoModelFactory):
    class Meta:
        model = CheckIn

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    reported_at = NINE + DAY
    day = 1
    signs: list[str] = []
    level = "GREEN"
    fired = [{"code": "T00", "name": "nothing reported", "level": "GREEN"}]
    rules = factory.SubFactory("tests.factories.TriageVersionFactory")
    is_draft = True


class SentPhotoFactory(PhotoFactory):
    """By a patient, with a report of the healing."""

    report = factory.SubFactory(CheckInFactory)
    session = factory.SelfAttribute("report.session")
    patient = factory.SelfAttribute("session.patient")
    view = "SENT"
    number = 1
    uploaded_by = None


class SideEffectNoteFactory(DjangoModelFactory):
    class Meta:
        model = SideEffectNote

    side_effect = factory.SubFactory(SideEffectFactory)
    grade = 1
    is_expected = False
    at = NINE
    by = factory.SelfAttribute("side_effect.recorded_by")


class CandidacyFactory(DjangoModelFactory):
    class Meta:
        model = Candidacy

    patient = factory.SubFactory(PatientFactory)
    outcome = CandidacyOutcome.CANDIDATE
    decided_at = NINE - 7 * DAY
    decided_by = factory.SubFactory(UserFactory)


class VisitTypeFactory(DjangoModelFactory):
    class Meta:
        model = VisitType

    clinic = factory.SubFactory(ClinicFactory)
    code = factory.Sequence(lambda n: f"visit-{n}")
    name = factory.Sequence(lambda n: f"Visit {n}")
    kind = "CONSULTATION"
    minutes = 30


class VisitTypeNameFactory(DjangoModelFactory):
    class Meta:
        model = VisitTypeName

    visit_type = factory.SubFactory(VisitTypeFactory)
    language = "en"
    name = "A talk"
    discreet_name = "Appointment"


class WaitlistEntryFactory(DjangoModelFactory):
    class Meta:
        model = WaitlistEntry

    plan = factory.SubFactory(PlanFactory)
    patient = factory.SelfAttribute("plan.patient")
    clinic = factory.SelfAttribute("patient.clinic")
    visit_type = factory.LazyAttribute(lambda entry: visit_type_of(entry.clinic))
    kind = factory.SelfAttribute("visit_type.kind")
    from_on = NINE.date()
    until_on = NINE.date() + 30 * DAY
    created_by = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))


class HoldFactory(DjangoModelFactory):
    class Meta:
        model = Hold

    plan = factory.SubFactory(PlanFactory)
    patient = factory.SelfAttribute("plan.patient")
    clinic = factory.SelfAttribute("patient.clinic")
    visit_type = factory.LazyAttribute(lambda hold: visit_type_of(hold.clinic))
    kind = factory.SelfAttribute("visit_type.kind")
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    room = factory.SubFactory(RoomFactory, clinic=factory.SelfAttribute("..clinic"))
    device = factory.SubFactory(DeviceFactory, clinic=factory.SelfAttribute("..clinic"))
    starts_at = NINE
    occupied_from = factory.LazyAttribute(lambda hold: hold.starts_at)
    ends_at = factory.LazyAttribute(lambda hold: hold.starts_at + HOUR)
    released_at = factory.LazyAttribute(lambda hold: hold.ends_at + HOUR / 4)
    expires_at = factory.LazyAttribute(lambda hold: hold.starts_at - DAY)
    held_by = factory.SelfAttribute("practitioner")


class ChartDraftFactory(DjangoModelFactory):
    class Meta:
        model = ChartDraft

    session = factory.SubFactory(SessionFactory, status=Status.IN_PROGRESS)
    by = factory.SelfAttribute("session.practitioner")
    saved_at = NINE
