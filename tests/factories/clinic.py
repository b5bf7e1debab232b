"""Clinics, their people and things."""

from datetime import date, time, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic.models import (
    AccessReport,
    AccessReview,
    AccountNotice,
    CalendarFeed,
    CartridgeLot,
    Clinic,
    ClinicalRule,
    Closure,
    Credential,
    Device,
    DeviceModel,
    DeviceSpec,
    DeviceStay,
    IdempotencyKey,
    KnownNetwork,
    LogIn,
    LoginTries,
    OnCallShift,
    OpeningHours,
    PasswordLink,
    Role,
    Room,
    SecondFactor,
    ServiceAccount,
    TimeOff,
    User,
    Weekday,
    WorkingHours,
)
from clinic.models.staff import SERVICE
from tests.factories.times import HOUR, LONG_AGO, NINE


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
    emergency_phone = "112"
    jurisdiction = "US"  # what the shipped clearances are for
    quiet_from = time(0)
    quiet_until = time(0)

    @factory.post_generation
    def always_open(self, create: bool, extracted: bool | None, **_: Any) -> None:
        if extracted is not False:
            OpeningHours.objects.bulk_create(
                OpeningHours(clinic=self, weekday=day, opens_at=time(0), closes_at=time(0))
                for day in Weekday.values
            )


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


class AccessReportFactory(DjangoModelFactory):
    class Meta:
        model = AccessReport

    clinic = factory.SubFactory(ClinicFactory)
    first_day = NINE.date()
    numbers = "12 accesses by staff"


class AccessReviewFactory(DjangoModelFactory):
    class Meta:
        model = AccessReview

    actor = factory.SubFactory(UserFactory)
    day = NINE.date()
    note = "Asked: a call back"
    by = factory.SubFactory(UserFactory)
    at = NINE


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


class OnCallShiftFactory(DjangoModelFactory):
    class Meta:
        model = OnCallShift

    clinic = factory.SubFactory(ClinicFactory)
    practitioner = factory.SubFactory(UserFactory, clinic=factory.SelfAttribute("..clinic"))
    starts_at = NINE
    ends_at = factory.LazyAttribute(lambda s: s.starts_at + HOUR)


class CredentialFactory(DjangoModelFactory):
    class Meta:
        model = Credential

    user = factory.SubFactory(UserFactory)
    kind = "PHYSICIAN"
    number = factory.Sequence(lambda n: f"MD-{n}")
    issuer = "Texas"
    expires_on = date(2035, 1, 31)


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


RULES: dict[str, tuple[Any, str]] = {
    "skin-iv-vi-first-depth": (1, "mm"),
    "skin-iv-vi-step": ("0.5", "mm"),
    "exposure-best-hours": (2, "hours"),
    "exposure-pep-hours": (72, "hours"),
    "exposure-second-test-weeks": (6, "weeks"),
    "exposure-third-test-weeks": (12, "weeks"),
    "exposure-last-test-weeks": (26, "weeks"),
    "age-of-consent": (18, "years"),
    "skin-iv-vi-extra-days": (14, "days"),
    "deep-from": (2, "mm"),
    "deep-soft-days": (42, "days"),
    "screening-valid-days": (180, "days"),
    "rescreen-hours": (72, "hours"),
    "consent-valid-days": (365, "days"),
    "side-effect-grade": (2, "grade"),
    "side-effect-look-days": (7, "days"),
    "pigment-check-weeks": (2, "weeks"),
    "anaesthetic-otc-percent": (4, "%"),
    "anaesthetic-large-area": (400, "cm²"),
    "light-weight": (50, "kg"),
    "weight-valid-days": (180, "days"),
    "skin-treated-after": (28, "days"),
    "injected-after": (14, "days"),
    "actives-pause-after-to": (7, "days"),
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


class LoginTriesFactory(DjangoModelFactory):
    class Meta:
        model = LoginTries

    key = factory.Sequence(lambda n: f"{n:064x}")
    failures = 1
    last_at = NINE


class LogInFactory(DjangoModelFactory):
    class Meta:
        model = LogIn

    user = factory.SubFactory(UserFactory)
    session_key = factory.Sequence(lambda n: f"session-{n}")
    client = "Firefox on Windows"
    last_used_at = NINE


class ServiceAccountFactory(DjangoModelFactory):
    """As a manager makes it, but for its token."""

    class Meta:
        model = ServiceAccount

    clinic = factory.SubFactory(ClinicFactory)
    user = factory.SubFactory(
        UserFactory, role=SERVICE, password="!", clinic=factory.SelfAttribute("..clinic")
    )
    name = "Website booking"
    scopes: Any = factory.LazyFunction(lambda: ["day"])
    made_by = factory.SubFactory(
        UserFactory, role=Role.MANAGER, clinic=factory.SelfAttribute("..clinic")
    )
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))


class PasswordLinkFactory(DjangoModelFactory):
    class Meta:
        model = PasswordLink

    user = factory.SubFactory(UserFactory)
    is_invitation = False


class AccountNoticeFactory(DjangoModelFactory):
    class Meta:
        model = AccountNotice

    user = factory.SubFactory(UserFactory)
    kind = "ADDRESS_CHANGES"
    email = "ada@clinic.example"


class SecondFactorFactory(DjangoModelFactory):
    class Meta:
        model = SecondFactor

    user = factory.SubFactory(UserFactory)
    secret = b""
    last_step = 0
    recovery_sha256 = factory.LazyFunction(list)


class DeviceStayFactory(DjangoModelFactory):
    class Meta:
        model = DeviceStay

    user = factory.SubFactory(UserFactory)
    device = "0"
    began_at = NINE


class KnownNetworkFactory(DjangoModelFactory):
    class Meta:
        model = KnownNetwork

    user = factory.SubFactory(UserFactory)
    network = "203.0.113.7/32"
    last_at = NINE


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = IdempotencyKey

    user = factory.SubFactory(UserFactory)
    key = factory.Sequence(lambda n: f"key-{n}")
    request_sha256 = "0" * 64


class CalendarFeedFactory(DjangoModelFactory):
    class Meta:
        model = CalendarFeed

    user = factory.SubFactory(UserFactory)
    secret_sha256 = "0" * 64
    renewed_at = NINE
