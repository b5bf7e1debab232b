"""Patients and what is known of them; the catalogues of the record."""

from datetime import date
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic.findings import Severity
from clinic.models import (
    Role,
)
from patients.models import (
    OFF_LABEL,
    Area,
    BreakGlass,
    Channel,
    Concern,
    ConcernSubtype,
    ConsentClause,
    ConsentHandout,
    ConsentText,
    ContactConsent,
    OtherTreatment,
    Patient,
    PatientConcern,
    PatientErasure,
    PatientExport,
    PatientImport,
    PhotoConsent,
    Purpose,
    Screening,
    ScreeningAnswer,
    ScreeningRule,
    ScreeningWording,
    SkinTypeAssessment,
    StaffTask,
    TreatmentConsent,
    Zone,
)
from patients.models.break_glass import LASTS
from sessions.models import ZoneLimit
from tests.factories.clinic import ClinicFactory, UserFactory
from tests.factories.times import DAY, LONG_AGO, NINE


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

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **details: Any) -> Any:
        """As if it had been given before the messages were planned: nobody plans again."""
        model_class.objects.bulk_create([model_class(*args, **details)])
        return model_class.objects.latest("id")


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


class OtherTreatmentFactory(DjangoModelFactory):
    class Meta:
        model = OtherTreatment

    patient = factory.SubFactory(PatientFactory)
    kind = "PEEL"
    area = factory.SubFactory(AreaFactory)
    treated_on = date(2024, 5, 1)
    place = "HERE"
    recorded_at = NINE - DAY
    recorded_by = factory.SubFactory(UserFactory)


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


class ScreeningWordingFactory(DjangoModelFactory):
    class Meta:
        model = ScreeningWording

    rule = factory.SubFactory(ScreeningRuleFactory)
    language = "es"
    question = "¿Ha estado enfermo?"


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


class ConsentHandoutFactory(DjangoModelFactory):
    class Meta:
        model = ConsentHandout

    patient = factory.SubFactory(PatientFactory)
    text = factory.SubFactory(ConsentTextFactory)
    handed_at = NINE - DAY
    handed_by = factory.SubFactory(UserFactory)


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


class PatientErasureFactory(DjangoModelFactory):
    class Meta:
        model = PatientErasure

    patient = factory.SubFactory(PatientFactory)
    reason = "REQUEST"
    asked_at = NINE
    asked_by = factory.SubFactory(UserFactory)


class PatientExportFactory(DjangoModelFactory):
    class Meta:
        model = PatientExport

    patient = factory.SubFactory(PatientFactory)
    asked_at = NINE
    asked_by = factory.SubFactory(UserFactory)


class PatientImportFactory(DjangoModelFactory):
    class Meta:
        model = PatientImport

    clinic = factory.SubFactory(ClinicFactory)
    name = "old.csv"
    digest = factory.Sequence(lambda n: f"{n:064x}")
    uploaded_at = NINE
    uploaded_by = factory.SubFactory(UserFactory)


class StaffTaskFactory(DjangoModelFactory):
    class Meta:
        model = StaffTask

    clinic = factory.SubFactory(ClinicFactory)
    kind = "OTHER"
    audience = "FRONT_DESK"
    title = "Call them back"
    due_at = NINE
    source = factory.Sequence(lambda n: f"test:{n}")


class BreakGlassFactory(DjangoModelFactory):
    """Open now, unless it says when it was opened."""

    class Meta:
        model = BreakGlass

    patient = factory.SubFactory(PatientFactory)
    by = factory.SubFactory(
        UserFactory, role=Role.MANAGER, clinic=factory.SelfAttribute("..patient.clinic")
    )
    reason = "The patient complains about a burn"
    opened_at = factory.LazyFunction(timezone.now)
    until = factory.LazyAttribute(lambda glass: glass.opened_at + LASTS)

    @classmethod
    def _after_postgeneration(cls, instance: Any, create: bool, results: Any = None) -> None:
        vars(instance.by).pop("opened", None)  # what that object has read before
