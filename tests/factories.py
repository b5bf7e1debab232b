"""Rows for tests. Times are derived from one another, never random."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from aftercare.models import (
    AddressConsent,
    AddressSource,
    Anchor,
    CareStep,
    DeliveryReceipt,
    InboundMessage,
    Message,
    MessageAttempt,
    MessageTemplate,
    Outcome,
)
from clinic.findings import Severity
from clinic.models import (
    CalendarFeed,
    CartridgeLot,
    Clinic,
    ClinicalRule,
    Closure,
    Device,
    DeviceModel,
    DeviceSpec,
    IdempotencyKey,
    OpeningHours,
    Role,
    Room,
    TimeOff,
    User,
    Weekday,
    WorkingHours,
)
from patients.models import (
    OFF_LABEL,
    Area,
    Channel,
    Concern,
    ConcernSubtype,
    ConsentClause,
    ConsentText,
    ContactConsent,
    Patient,
    PatientConcern,
    PhotoConsent,
    Purpose,
    Screening,
    ScreeningAnswer,
    ScreeningRule,
    SkinTypeAssessment,
    StaffTask,
    TreatmentConsent,
    Zone,
)
from sessions.lifecycle import PlanStatus, Status
from sessions.models import (
    CartridgeUse,
    DeviceClearance,
    Endpoint,
    Hold,
    OutcomeMeasure,
    OutcomeScale,
    Photo,
    Product,
    ProductUse,
    Protocol,
    ProtocolVersion,
    SessionFinding,
    SideEffect,
    SideEffectExpectation,
    TreatmentPlan,
    TreatmentSession,
    WaitlistEntry,
    ZoneLimit,
    ZoneRange,
    ZoneTreatment,
)
from sessions.spacing import recovered_at

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # versions in effect for every test


class ClinicFactory(DjangoModelFactory):
    """A clinic that never closes and never sleeps, unless a test says otherwise."""

    class Meta:
        model = Clinic
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Clinic {n}")
    short_name = factory.Sequence(lambda n: f"Clinic {n}")
    time_zone = "Europe/Berlin"
    phone = "+493012345678"
    email = "hello@clinic.example"
    quiet_from = time(0)
    quiet_until = time(0)

    @factory.post_generation
    def always_open(self, create: bool, extracted: bool | None, **_: Any) -> None:
        if extracted is not False:
            for day in Weekday.values:
                OpeningHoursFactory(clinic=self, weekday=day, opens_at=time(0), closes_at=time(0))


class OpeningHoursFactory(DjangoModelFactory):
    class Meta:
        model = OpeningHours

    clinic = factory.SubFactory(ClinicFactory)
    weekday = Weekday.MONDAY
    opens_at = time(8)
    closes_at = time(18)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    first_name = "Mira"
    last_name = factory.Sequence(lambda n: f"Okafor {n}")
    role = Role.PRACTITIONER
    is_staff = True

    clinic = None

    @classmethod
    def _create(cls, model_class: Any, *args: Any, clinic: Clinic | None, **kwargs: Any) -> Any:
        user = super()._create(model_class, *args, **kwargs)
        if clinic:
            user.clinics.add(clinic)
        return user


class WorkingHoursFactory(DjangoModelFactory):
    class Meta:
        model = WorkingHours

    clinic = factory.SubFactory(ClinicFactory)
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    weekday = Weekday.MONDAY
    opens_at = time(8)
    closes_at = time(18)
    valid_from = LONG_AGO.date()


class TimeOffFactory(DjangoModelFactory):
    class Meta:
        model = TimeOff

    practitioner = factory.SubFactory(UserFactory)
    starts_at = NINE
    ends_at = factory.LazyAttribute(lambda t: t.starts_at + HOUR)


class ClosureFactory(DjangoModelFactory):
    class Meta:
        model = Closure

    clinic = factory.SubFactory(ClinicFactory)
    starts_at = NINE
    ends_at = factory.LazyAttribute(lambda c: c.starts_at + HOUR)


class RoomFactory(DjangoModelFactory):
    class Meta:
        model = Room

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Room {n}")


class DeviceModelFactory(DjangoModelFactory):
    class Meta:
        model = DeviceModel
        django_get_or_create = ["code"]
        skip_postgeneration_save = True

    code = "skinpen"
    maker = "Crown"
    name = "SkinPen Precision"

    @factory.post_generation
    def spec(self, create: bool, extracted: Any, **_: Any) -> None:
        if extracted is not False and not self.specs.exists():
            DeviceSpecFactory(model=self)


class DeviceSpecFactory(DjangoModelFactory):
    class Meta:
        model = DeviceSpec

    model = factory.SubFactory(DeviceModelFactory, spec=False)
    effective_from = LONG_AGO
    source = "test"
    depth_max_mm = "2.50"
    tolerance_mm = "0.15"
    lists_isotretinoin = True


class DeviceFactory(DjangoModelFactory):
    class Meta:
        model = Device

    clinic = factory.SubFactory(ClinicFactory)
    model = factory.SubFactory(DeviceModelFactory)
    serial = factory.Sequence(lambda n: f"SP-{n:05}")


GTIN = "09506000134352"


class CartridgeLotFactory(DjangoModelFactory):
    class Meta:
        model = CartridgeLot

    clinic = factory.SubFactory(ClinicFactory)
    device_model = factory.SubFactory(DeviceModelFactory)
    gtin = GTIN
    lot = factory.Sequence(lambda n: f"LOT{n}")
    expires_on = date(2035, 1, 31)
    quantity = 100


RULES = {
    "skin-iv-vi-first-depth": (1, "mm"),
    "skin-iv-vi-extra-days": (14, "days"),
    "deep-from": (2, "mm"),
    "deep-soft-days": (42, "days"),
    "screening-valid-days": (180, "days"),
    "rescreen-hours": (72, "hours"),
    "consent-valid-days": (365, "days"),
    "side-effect-grade": (2, "grade"),
    "pigment-check-weeks": (2, "weeks"),
    "anaesthetic-otc-percent": (4, "%"),
    "anaesthetic-large-area": (400, "cm²"),
    "erythema-below": (1, "mm"),
}


def clinical_rules() -> None:
    """The numbers that the safety rules read."""
    if ClinicalRule.objects.exists():
        return
    ClinicalRule.objects.bulk_create(
        ClinicalRule(
            code=code,
            title=code,
            value=value,
            unit=unit,
            source="test",
            effective_from=LONG_AGO,
        )
        for code, (value, unit) in RULES.items()
    )


class ClinicalRuleFactory(DjangoModelFactory):
    class Meta:
        model = ClinicalRule

    code = factory.Sequence(lambda n: f"rule-{n}")
    title = "A number"
    value = "1.00"
    unit = "mm"
    source = "test"
    effective_from = LONG_AGO


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = IdempotencyKey

    user = factory.SubFactory(UserFactory)
    key = factory.Sequence(lambda n: f"key-{n}")
    request_sha256 = "0" * 64


class PatientFactory(DjangoModelFactory):
    class Meta:
        model = Patient

    clinic = factory.SubFactory(ClinicFactory)
    given_name = "Grace"
    family_name = factory.Sequence(lambda n: f"Hopper {n}")
    date_of_birth = date(1990, 5, 17)
    email = factory.Sequence(lambda n: f"grace{n}@patients.example")
    mobile = factory.Sequence(lambda n: f"+49151{20000000 + n}")
    skin_type = 3


class ContactConsentFactory(DjangoModelFactory):
    class Meta:
        model = ContactConsent

    patient = factory.SubFactory(PatientFactory)
    channel = Channel.EMAIL
    purpose = Purpose.CARE
    granted = True
    wording = "May we write to you?"


class ConcernFactory(DjangoModelFactory):
    class Meta:
        model = Concern

    code = factory.Sequence(lambda n: f"concern-{n}")
    name = factory.Sequence(lambda n: f"Concern {n}")


class ConcernSubtypeFactory(DjangoModelFactory):
    class Meta:
        model = ConcernSubtype

    concern = factory.SubFactory(ConcernFactory)
    code = factory.Sequence(lambda n: f"subtype-{n}")
    name = "Ice-pick"


class PatientConcernFactory(DjangoModelFactory):
    class Meta:
        model = PatientConcern

    patient = factory.SubFactory(PatientFactory)
    concern = factory.SubFactory(ConcernFactory)


class SkinTypeAssessmentFactory(DjangoModelFactory):
    class Meta:
        model = SkinTypeAssessment

    patient = factory.SubFactory(PatientFactory)
    skin_type = 3
    assessed_by = factory.SubFactory(UserFactory)
    assessed_on = date(2029, 12, 1)


class AreaFactory(DjangoModelFactory):
    class Meta:
        model = Area

    code = factory.Sequence(lambda n: f"area-{n}")
    name = factory.Sequence(lambda n: f"Area {n}")


class ZoneFactory(DjangoModelFactory):
    """A zone that may be needled as deep as the band allows, unless a test limits it."""

    class Meta:
        model = Zone
        skip_postgeneration_save = True

    area = factory.SubFactory(AreaFactory)
    code = factory.Sequence(lambda n: f"zone-{n}")
    name = factory.Sequence(lambda n: f"Zone {n}")

    @factory.post_generation
    def limit(self, create: bool, extracted: Any, **_: Any) -> None:
        if extracted is not False:
            ZoneLimitFactory(zone=self)


class ZoneLimitFactory(DjangoModelFactory):
    class Meta:
        model = ZoneLimit

    zone = factory.SubFactory(ZoneFactory, limit=False)
    depth_max_mm = "2.50"
    passes_max = 8
    source = "test"
    effective_from = LONG_AGO


class ScreeningRuleFactory(DjangoModelFactory):
    class Meta:
        model = ScreeningRule

    code = factory.Sequence(lambda n: f"question-{n}")
    position = factory.Sequence(lambda n: n)
    question = "Have you been ill?"
    severity = Severity.WARN
    message = "Wait until it is over."
    overridable_by = [Role.PRACTITIONER]
    source = "test"
    effective_from = LONG_AGO


class ScreeningFactory(DjangoModelFactory):
    class Meta:
        model = Screening

    patient = factory.SubFactory(PatientFactory)
    kind = "FULL"
    taken_at = NINE - DAY
    taken_by = factory.SubFactory(UserFactory)
    valid_until = factory.LazyAttribute(lambda s: s.taken_at.date() + 180 * DAY)
    good_health = True
    expectations_discussed = True


class ScreeningAnswerFactory(DjangoModelFactory):
    class Meta:
        model = ScreeningAnswer

    screening = factory.SubFactory(ScreeningFactory)
    rule = factory.SubFactory(ScreeningRuleFactory)
    answer = True


class ConsentTextFactory(DjangoModelFactory):
    class Meta:
        model = ConsentText

    kind = "TREATMENT"
    language = "en"
    title = "Consent to microneedling"
    body = "I agree."
    source = "test"
    effective_from = LONG_AGO


class ConsentClauseFactory(DjangoModelFactory):
    class Meta:
        model = ConsentClause

    text = factory.SubFactory(ConsentTextFactory)
    code = OFF_LABEL
    wording = "I agree to off-label use."
    is_required = False


class TreatmentConsentFactory(DjangoModelFactory):
    class Meta:
        model = TreatmentConsent

    patient = factory.SubFactory(PatientFactory)
    text = factory.SubFactory(ConsentTextFactory)
    text_sha256 = factory.SelfAttribute("text.sha256")
    signed_at = NINE - DAY
    signer_name = "Grace Hopper"
    recorded_by = factory.SubFactory(UserFactory)
    expires_on = factory.LazyAttribute(lambda c: c.signed_at.date() + 365 * DAY)
    zones: list[str] = []
    device_models = ["skinpen"]
    clauses = [OFF_LABEL]


class PhotoConsentFactory(DjangoModelFactory):
    class Meta:
        model = PhotoConsent

    patient = factory.SubFactory(PatientFactory)
    text = factory.SubFactory(ConsentTextFactory, kind="PHOTO")
    text_sha256 = factory.SelfAttribute("text.sha256")
    signed_at = NINE - DAY
    signer_name = "Grace Hopper"
    recorded_by = factory.SubFactory(UserFactory)
    expires_on = factory.LazyAttribute(lambda c: c.signed_at.date() + 365 * DAY)
    scope = "CLINICAL"


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


class SessionFactory(DjangoModelFactory):
    """A session written straight into the table, past the services."""

    class Meta:
        model = TreatmentSession

    plan = factory.SubFactory(PlanFactory)
    clinic = factory.SelfAttribute("plan.clinic")
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
        lambda s: recovered_at(s.starts_at, s.protocol_version, s.clinic.zone)
    )
    time_zone = factory.SelfAttribute("clinic.time_zone")
    status = Status.BOOKED
    completed_at = factory.LazyAttribute(
        lambda s: s.ends_at if s.status == Status.COMPLETED else None
    )
    signed_by = factory.LazyAttribute(
        lambda s: s.practitioner if s.status == Status.COMPLETED else None
    )


class CalendarFeedFactory(DjangoModelFactory):
    class Meta:
        model = CalendarFeed

    user = factory.SubFactory(UserFactory)
    secret_sha256 = "0" * 64
    renewed_at = NINE


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
    score = 3
    measured_at = NINE
    recorded_by = factory.SelfAttribute("plan.created_by")


class PhotoFactory(DjangoModelFactory):
    """A row without a picture; tests/test_photos.py makes real ones."""

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


class CareStepFactory(DjangoModelFactory):
    class Meta:
        model = CareStep

    code = factory.Sequence(lambda n: f"step-{n}")
    name = factory.Sequence(lambda n: f"Step {n}")
    anchor = Anchor.COMPLETED
    offset = timedelta(0)
    useful_for = DAY


class TemplateFactory(DjangoModelFactory):
    class Meta:
        model = MessageTemplate

    step = factory.SubFactory(CareStepFactory)
    channel = Channel.EMAIL
    language = "en"
    version = 1
    subject = factory.LazyAttribute(lambda t: "Hello" if t.channel == Channel.EMAIL else "")
    body = "{{ clinic_short }}: hello. STOP to end."


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = Message

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    clinic = factory.SelfAttribute("session.clinic")
    patient = factory.SelfAttribute("session.patient")
    step = factory.SubFactory(CareStepFactory)
    channel = Channel.EMAIL
    due_at = NINE
    expires_at = factory.LazyAttribute(lambda m: m.due_at + DAY)


class AddressConsentFactory(DjangoModelFactory):
    class Meta:
        model = AddressConsent

    channel = Channel.SMS
    address = "+4915120000000"
    purpose = Purpose.CARE
    granted = False
    source = AddressSource.REPLY
    wording = "STOP"
    recorded_at = NINE


class InboundFactory(DjangoModelFactory):
    class Meta:
        model = InboundMessage

    channel = Channel.SMS
    sender = "+4915120000000"
    body = "Is this normal?"
    provider = "http"
    provider_id = factory.Sequence(lambda n: f"in-{n}")
    received_at = NINE
    clinic = factory.SubFactory(ClinicFactory)


class ReceiptFactory(DjangoModelFactory):
    class Meta:
        model = DeliveryReceipt

    provider = "http"
    event_id = factory.Sequence(lambda n: f"event-{n}")
    message = factory.SubFactory(MessageFactory)
    kind = "DELIVERED"
    occurred_at = NINE
    received_at = NINE


class StaffTaskFactory(DjangoModelFactory):
    class Meta:
        model = StaffTask

    clinic = factory.SubFactory(ClinicFactory)
    kind = "OTHER"
    audience = "FRONT_DESK"
    title = "Call them back"
    due_at = NINE
    source = factory.Sequence(lambda n: f"test:{n}")


class MessageAttemptFactory(DjangoModelFactory):
    class Meta:
        model = MessageAttempt

    message = factory.SubFactory(MessageFactory)
    number = 1
    provider = "smtp"
    worker = "w"
    started_at = NINE
    duration_ms = 12
    outcome = Outcome.ACCEPTED


class SideEffectFactory(DjangoModelFactory):
    class Meta:
        model = SideEffect

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    kind = "ERYTHEMA"
    grade = 1
    is_expected = True
    onset_at = factory.LazyAttribute(lambda s: s.session.completed_at)
    recorded_by = factory.SelfAttribute("session.practitioner")


class WaitlistEntryFactory(DjangoModelFactory):
    class Meta:
        model = WaitlistEntry

    plan = factory.SubFactory(PlanFactory)
    clinic = factory.SelfAttribute("plan.clinic")
    from_on = NINE.date()
    until_on = NINE.date() + 30 * DAY
    created_by = factory.SelfAttribute("plan.created_by")


class HoldFactory(DjangoModelFactory):
    class Meta:
        model = Hold

    plan = factory.SubFactory(PlanFactory)
    clinic = factory.SelfAttribute("plan.clinic")
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    room = factory.SubFactory(RoomFactory, clinic=factory.SelfAttribute("..clinic"))
    device = factory.SubFactory(DeviceFactory, clinic=factory.SelfAttribute("..clinic"))
    starts_at = NINE
    occupied_from = factory.LazyAttribute(lambda hold: hold.starts_at)
    ends_at = factory.LazyAttribute(lambda hold: hold.starts_at + HOUR)
    released_at = factory.LazyAttribute(lambda hold: hold.ends_at + HOUR / 4)
    expires_at = factory.LazyAttribute(lambda hold: hold.starts_at - DAY)
    held_by = factory.SelfAttribute("practitioner")
