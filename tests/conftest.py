"""The cast, and what a booking needs.

Alice treats at the clinic and Dana sits at its desk; Bob treats at another clinic; Charlie is
nobody. Their clients are called after them.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.template import Context, RequestContext, Template
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from aftercare.dispatch import guard
from clinic.models import Clinic, Device, Role, Room, User
from patients.models import ConsentText, Zone
from sessions import services
from sessions.lifecycle import Status
from sessions.models import TreatmentPlan, TreatmentSession
from tests.factories import (
    NINE,
    CartridgeLotFactory,
    ClinicFactory,
    ConsentTextFactory,
    DeviceFactory,
    PatientFactory,
    PlanFactory,
    ProtocolFactory,
    RoomFactory,
    ScreeningFactory,
    TreatmentConsentFactory,
    UserFactory,
    ZoneFactory,
    clinical_rules,
)
from tests.support.answers import CheckedClient
from tests.support.catalogue import load_catalogue
from tests.support.doubles import HttpGateway, SmtpServer, running
from tests.support.emptying import delete_instead_of_truncating
from tests.support.kept import kept, makers_for, shelf
from tests.support.lanes import WAIT
from tests.support.logs import canary
from tests.support.rows import rows as rows
from tests.support.servers import template

hypothesis.settings.register_profile("here", deadline=None)  # a busy machine is no finding
hypothesis.settings.load_profile("here")


def pytest_configure() -> None:
    settings.WHITENOISE_AUTOREFRESH = True  # or each client looks through all static files first
    settings.THROTTLES = {}  # all tests are one caller
    settings.PASSWORD_HASHERS = ["tests.support.hashing.QuickArgon2", *settings.PASSWORD_HASHERS]


# They take from a quarter of a minute to two minutes. One of them at the end would leave the other
# processors with nothing to do.
LONG = [
    *WAIT,
    "tests/walks/test_admin_walk.py",
    "tests/walks/test_hostile_values.py",
    "tests/concurrency/booking/test_random_days.py",
    "tests/walks/test_safe_writes.py",
    "tests/walks/test_words.py",
    "tests/concurrency/dispatch/test_races.py",
    "tests/walks/test_ids_as_values.py",
    "tests/ops/test_demo.py",
    "tests/concurrency/test_twins.py",
    "tests/texts/test_new_language.py",
    "tests/walks/test_buttons_keep_what_is_typed.py",
    "tests/walks/test_admin_reads.py",
]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long files first, in whatever order the others are; in each, those together that share
    what is kept."""
    order = {config.rootpath / name: number for number, name in enumerate(LONG)}
    seen: dict[Any, int] = {}
    for item in items:
        seen.setdefault(item.path, len(seen))
        seen.setdefault((item.path, *makers_for(item)), len(seen))
    items.sort(
        key=lambda item: (
            order.get(item.path, len(order)),
            seen[item.path],
            seen[(item.path, *makers_for(item))],
        )
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    shelf.prepare(item)


def pytest_sessionfinish() -> None:
    shelf.clear()


def pytest_collection_finish() -> None:
    """What is there now stays to the end: no search for garbage need look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)


@pytest.fixture(autouse=True)
def logs_tell_nothing() -> Iterator[None]:
    """No test may log what says who somebody is, or an address that opens without a password."""
    with canary() as told:
        yield
    assert not told, "\n".join(told)


@pytest.fixture
def side_bar() -> None:
    """For a test that looks at the admin's side bar."""


@pytest.fixture(autouse=True)
def _without_the_side_bar(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same on every page of the admin, and a third of the time that a page takes."""
    if "side_bar" not in request.fixturenames:
        monkeypatch.setattr(admin.site, "get_sidebar_list", lambda request: [])
        monkeypatch.setattr(admin.site, "get_app_list", lambda request, app_label=None: [])


@pytest.fixture(scope="session", autouse=True)
def _contexts_of_whole_pages(django_test_environment: None) -> None:
    """A test reads what a page was given (`answer.context`): Django copies that also for each
    included part and each field's widget, hundreds on a page of the admin."""
    tell = vars(Template)["_render"]

    def render(self: Template, context: Context) -> Any:
        is_whole = context.template is self and isinstance(context, RequestContext)
        return tell(self, context) if is_whole else self.nodelist.render(context)

    Template._render = render  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A worker's database is a copy of one that was migrated once for all."""
    if name := template():
        connection.settings_dict["TEST"]["TEMPLATE"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The copy may send; by itself it would not, for what it was copied from may be sending."""
    shelf.blocker = django_db_blocker
    with django_db_blocker.unblock():
        if "TEMPLATE" in connection.settings_dict["TEST"]:
            guard.adopt(at=timezone.now())
        delete_instead_of_truncating()


@kept
def catalogue(db: None) -> None:
    """Everything that ships as data."""
    load_catalogue()


@kept
def clinic(db: None) -> Clinic:
    return ClinicFactory(name="Riverside Skin Clinic", short_name="Riverside")


@kept
def other_clinic(db: None) -> Clinic:
    return ClinicFactory(name="Hilltop Skin Clinic", short_name="Hilltop")


@kept
def alice(clinic: Clinic) -> User:
    return UserFactory(username="alice", clinic=clinic)


@kept
def dana(clinic: Clinic) -> User:
    return UserFactory(username="dana", role=Role.RECEPTIONIST, clinic=clinic)


@kept
def manager(clinic: Clinic) -> User:
    return UserFactory(username="manager", role=Role.MANAGER, clinic=clinic)


@kept
def bob(other_clinic: Clinic) -> User:
    return UserFactory(username="bob", clinic=other_clinic)


# For a write whose test is about something else than who has written before.
AS_IT_IS = {"If-Match": "*"}


def client_of(user: User | None, **environ: Any) -> APIClient:
    """A client whose every answer is compared with the API's description (`support.answers`). The
    clinics of whom it speaks for are known, as they are after a token was read."""
    client = CheckedClient(**environ)
    if user is not None:
        user.works_at  # noqa: B018
    client.force_authenticate(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_dana(dana: User) -> APIClient:
    return client_of(dana)


@pytest.fixture
def as_bob(bob: User) -> APIClient:
    return client_of(bob)


@pytest.fixture
def as_charlie() -> APIClient:
    return client_of(None)


@dataclass
class Booking:
    """Everything that a booking needs, and short ways to the states of a session."""

    plan: TreatmentPlan
    practitioner: User
    room: Room
    device: Device
    zone: Zone

    def book(self, starts_at: datetime = NINE, **changes: Any) -> TreatmentSession:
        details = {
            "plan": self.plan,
            "starts_at": starts_at,
            "practitioner": self.practitioner,
            "room": self.room,
            "device": self.device,
            "at": starts_at - timedelta(days=3),
            "by": self.practitioner,
        }
        return services.book_session(**{**details, **changes})

    def ready(self, starts_at: datetime = NINE) -> None:
        """Screen the patient an hour before, take the consent, and have a cartridge in store."""
        patient, soon = self.plan.patient, starts_at - timedelta(hours=1)
        ScreeningFactory(patient=patient, taken_at=soon, taken_by=self.practitioner)
        if not patient.treatment_consents.exists():
            text = ConsentText.objects.filter(kind="TREATMENT").first() or ConsentTextFactory()
            TreatmentConsentFactory(
                patient=patient,
                text=text,
                signed_at=soon,
                recorded_by=self.practitioner,
                zones=list(self.plan.area.zones.values_list("code", flat=True)),
            )

    def in_progress(self, starts_at: datetime = NINE, **changes: Any) -> TreatmentSession:
        session = self.book(starts_at, **changes)
        self.ready(starts_at)
        for status in (Status.CHECKED_IN, Status.IN_PROGRESS):
            self.move(session, status)
        return session

    def charted(self, starts_at: datetime = NINE, **changes: Any) -> TreatmentSession:
        session = self.in_progress(starts_at, **changes)
        self.chart(session)
        return session

    def chart(self, session: TreatmentSession, depth_mm: str = "1.50", passes: int = 6) -> None:
        entry: services.ZoneEntry = {
            "zone": self.zone,
            "depth_mm": Decimal(depth_mm),
            "passes": passes,
        }
        services.write_chart(
            session_id=session.pk, zones=[entry], at=session.starts_at, by=self.practitioner
        )
        if not session.cartridge_uses.exists():
            services.use_cartridge(
                session_id=session.pk,
                code=self.cartridge(),
                at=session.starts_at,
                by=self.practitioner,
            )

    def cartridge(self) -> str:
        """The code of a cartridge that was not used yet."""
        lot = CartridgeLotFactory(
            clinic=self.plan.clinic, device_model=self.device.model, expires_on=date(2035, 1, 31)
        )
        return f"(01){lot.gtin}(17)350131(10){lot.lot}(21)1"

    def completed(self, starts_at: datetime = NINE, **changes: Any) -> TreatmentSession:
        return self.move(self.charted(starts_at, **changes), Status.COMPLETED)

    def move(
        self, session: TreatmentSession, to: str, *, at: datetime | None = None, **more: Any
    ) -> TreatmentSession:
        return services.move_session(
            session_id=session.pk, to=to, at=at or session.starts_at, by=self.practitioner, **more
        )

    def body(self, starts_at: datetime = NINE, **changes: Any) -> dict[str, Any]:
        """The same as JSON for `POST /api/v1/sessions/`."""
        details = {
            "plan": str(self.plan.pk),
            "starts_at": starts_at.isoformat(),
            "practitioner": str(self.practitioner.pk),
            "room": str(self.room.pk),
            "device": str(self.device.pk),
        }
        return {**details, **changes}


def make_booking(clinic: Clinic, practitioner: User) -> Booking:
    clinical_rules()
    protocol = ProtocolFactory()
    plan = PlanFactory(patient=PatientFactory(clinic=clinic), protocol=protocol)
    return Booking(
        plan=plan,
        practitioner=practitioner,
        room=RoomFactory(clinic=clinic),
        device=DeviceFactory(clinic=clinic),
        zone=ZoneFactory(area=protocol.area),
    )


@kept
def booking(clinic: Clinic, alice: User) -> Booking:
    return make_booking(clinic, alice)


@kept
def another_booking(clinic: Clinic) -> Booking:
    """Another patient with another practitioner, room and device of the same clinic."""
    return make_booking(clinic, UserFactory(clinic=clinic))


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpServer]:
    """A mail server that the product sends to."""
    with running(SmtpServer()) as server:
        settings.EMAIL_PORT = server.port
        settings.EMAIL_TIMEOUT = 1
        yield server


@pytest.fixture
def gateway(settings: Any) -> Iterator[HttpGateway]:
    """An SMS gateway that the product sends to."""
    with running(HttpGateway()) as server:
        settings.SMS_HTTP_URL = f"{server.url}/sms"
        settings.SMS_HTTP_LOOKUP_URL = f"{server.url}/sms/{{key}}"
        settings.TWILIO_API_URL = server.url
        yield server
