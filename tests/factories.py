"""Rows for tests. Times are derived from one another, never random."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from aftercare.models import Anchor, CareStep, Message, MessageTemplate, SideEffect
from clinic.models import Clinic, Device, OpeningHours, Role, Room, User, Weekday
from patients.models import Channel, Concern, ContactConsent, Patient, Purpose
from sessions.lifecycle import Status
from sessions.models import (
    Area,
    Protocol,
    TreatmentPlan,
    TreatmentSession,
    Zone,
    ZoneTreatment,
)
from sessions.spacing import recovered_at

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


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


class RoomFactory(DjangoModelFactory):
    class Meta:
        model = Room

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Room {n}")


class DeviceFactory(DjangoModelFactory):
    class Meta:
        model = Device

    clinic = factory.SubFactory(ClinicFactory)
    name = "SkinPen Precision"
    serial = factory.Sequence(lambda n: f"SP-{n:05}")


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


class AreaFactory(DjangoModelFactory):
    class Meta:
        model = Area

    code = factory.Sequence(lambda n: f"area-{n}")
    name = factory.Sequence(lambda n: f"Area {n}")


class ZoneFactory(DjangoModelFactory):
    class Meta:
        model = Zone

    area = factory.SubFactory(AreaFactory)
    code = factory.Sequence(lambda n: f"zone-{n}")
    name = factory.Sequence(lambda n: f"Zone {n}")
    depth_max_mm = "2.50"
    source = "test"


class ProtocolFactory(DjangoModelFactory):
    class Meta:
        model = Protocol

    code = factory.Sequence(lambda n: f"protocol-{n}")
    name = factory.Sequence(lambda n: f"Protocol {n}")
    concern = factory.SubFactory(ConcernFactory)
    area = factory.SubFactory(AreaFactory)
    depth_min_mm = "0.50"
    depth_max_mm = "2.00"
    planned_sessions = 4
    hard_min_days = 28
    target_days = 35
    duration_minutes = 60
    cleaning_minutes = 15
    source = "test"


class PlanFactory(DjangoModelFactory):
    class Meta:
        model = TreatmentPlan

    patient = factory.SubFactory(PatientFactory)
    clinic = factory.SelfAttribute("patient.clinic")
    protocol = factory.SubFactory(ProtocolFactory)
    concern = factory.SelfAttribute("protocol.concern")
    area = factory.SelfAttribute("protocol.area")
    planned_sessions = 4
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
    ends_at = factory.LazyAttribute(lambda s: s.starts_at + HOUR)
    released_at = factory.LazyAttribute(lambda s: s.ends_at + HOUR / 4)
    recovers_at = factory.LazyAttribute(
        lambda s: recovered_at(s.starts_at, s.plan.protocol, s.clinic.zone)
    )
    time_zone = factory.SelfAttribute("clinic.time_zone")
    status = Status.BOOKED
    completed_at = factory.LazyAttribute(
        lambda s: s.ends_at if s.status == Status.COMPLETED else None
    )


class ZoneTreatmentFactory(DjangoModelFactory):
    class Meta:
        model = ZoneTreatment

    session = factory.SubFactory(SessionFactory)
    zone = factory.SubFactory(ZoneFactory, area=factory.SelfAttribute("..session.area"))
    depth_mm = "1.50"
    passes = 6


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
    body = "Hello, this is {{ clinic_short }}."


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


class SideEffectFactory(DjangoModelFactory):
    class Meta:
        model = SideEffect

    session = factory.SubFactory(SessionFactory, status=Status.COMPLETED)
    kind = "ERYTHEMA"
    grade = 1
    is_expected = True
    onset_at = factory.LazyAttribute(lambda s: s.session.completed_at)
    recorded_by = factory.SelfAttribute("session.practitioner")
