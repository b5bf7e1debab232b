"""A client generated from the API's description can do a clinic's day, over HTTP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clinic.models import User
from tests.conftest import Booking
from tests.factories import ConsentClauseFactory, ConsentTextFactory
from tests.support.answers import CheckedClient, description

PASSWORD = "long-enough-1"
PACKAGE = "clinic_client"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the generated package, which can be imported."""
    folder = tmp_path_factory.mktemp("generated")
    served = CheckedClient().get("/api/schema/", headers={"Accept": "application/json"})
    (folder / "openapi.json").write_bytes(served.content)
    (folder / "config.yaml").write_text("post_hooks: []\n")
    made = subprocess.run(
        [
            *(Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta=none"),
            *("--path=openapi.json", "--config=config.yaml", f"--output-path={PACKAGE}"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    # it leaves out what it cannot read: files are no answer to parse, all else must be there
    files = [f"Unsupported content_type {kind}" for kind in ("image/jpeg", "application/pdf")]
    assert made.stdout.count("WARNING") == sum(made.stdout.count(told) for told in files)
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))


class Person:
    """Somebody who calls operations by their id, once they are logged in."""

    def __init__(self, package: str, url: str) -> None:
        self.package, self.url = package, url
        self.models: Any = import_module(f"{package}.models")
        self.clients: Any = import_module(f"{package}.client")

    @contextmanager
    def logged_in(self, user: User) -> Iterator["Person"]:
        user.set_password(PASSWORD)
        user.save()
        with self.clients.Client(base_url=self.url) as self._client:
            body = self.models.LoginInRequest(username=user.username, password=PASSWORD)
            login = self.does("auth.log_in", self.models.LoginOut, body=body)
        with self.clients.AuthenticatedClient(base_url=self.url, token=login.token) as self._client:
            yield self

    def answer(self, operation: str, *path: Any, **arguments: Any) -> Any:
        function: Any = import_module(f"{self.package}.api.{operation}").sync_detailed
        return function(*path, client=self._client, **arguments)

    def does(self, operation: str, kind: Any, *path: Any, **arguments: Any) -> Any:
        """What the operation answers, once it is an object of this class."""
        parsed = self.answer(operation, *path, **arguments).parsed
        assert isinstance(parsed, kind), parsed
        return parsed


@pytest.mark.django_db(transaction=True)
def test_it_plays_a_visit(
    package: str, live_server: Any, booking: Booking, dana: User, alice: User
) -> None:
    desk, clinician = (Person(package, live_server.url) for _ in range(2))
    ConsentClauseFactory(text=ConsentTextFactory(), code="off-label")
    with desk.logged_in(dana), clinician.logged_in(alice):
        play_a_visit(desk, clinician, booking)


def play_a_visit(desk: Person, clinician: Person, booking: Booking) -> None:
    models = desk.models
    patient = desk.does(
        "patients.register_patient",
        models.PatientOut,
        body=models.PatientCreateInRequest(
            given_name="Ada", family_name="Byron", date_of_birth=datetime(1990, 12, 10).date()
        ),
    )
    assert (patient.email, patient.sex.value) == ("", "")
    make_ready(clinician, patient, booking)
    plan = clinician.does(
        "plans.create_plan",
        models.PlanOut,
        body=models.PlanInRequest(
            patient=patient.id,
            concern=booking.plan.concern_id,
            area=booking.plan.area_id,
            protocol=booking.plan.protocol_id,
        ),
    )

    today = datetime.now(UTC).date()
    slots = desk.answer(
        "availability.list_availability", plan=plan.id, from_=today, to=today + timedelta(days=1)
    ).parsed
    assert isinstance(slots[0].starts_at, datetime)
    body = booking_of(models, plan.id, slots[0])
    first, again = (
        desk.answer("sessions.book_session", body=body, idempotency_key="one") for _ in range(2)
    )
    assert isinstance(first.parsed, models.BookedOut)
    assert again.parsed == first.parsed
    assert again.headers["Idempotency-Replayed"] == "true"
    refused = desk.does("sessions.book_session", models.Problem, body=body)
    assert refused.code in ("practitioner_taken", "patient_taken", "too_soon")

    moved = desk.does(
        "sessions.reschedule_session",
        models.BookedOut,
        first.parsed.id,
        body=models.RescheduleInRequest(starts_at=slots[1].starts_at),
    )
    assert (moved.status, moved.rescheduled_from) == ("BOOKED", first.parsed.id)

    chart = treat(clinician, moved.id, booking)
    assert (chart.zones[0].depth_mm, chart.zones[0].note, chart.status) == (
        *("1.50", ""),
        "IN_PROGRESS",
    )
    cancel_the_next(desk, plan.id)


def booking_of(models: Any, plan: UUID, slot: Any) -> Any:
    return models.BookingInRequest(
        plan=plan,
        starts_at=slot.starts_at,
        practitioner=slot.practitioner,
        room=slot.room,
        device=slot.device,
    )


def make_ready(clinician: Person, patient: Any, booking: Booking) -> None:
    models = clinician.models
    text = clinician.answer("consent_texts.list_consent_texts").parsed[0]
    consent = clinician.does(
        "patients.record_treatment_consent",
        models.ConsentOut,
        patient.id,
        body=models.ConsentInRequest(
            text=text.id,
            signer_name="Ada Byron",
            clauses=[clause.code for clause in text.clauses],
            zones=[booking.zone.code],
            device_models=[booking.device.model.code],
        ),
    )
    assert isinstance(consent.signed_at, datetime)
    assert consent.witness is None
    questions = clinician.answer("screening_rules.list_screening_rules").parsed
    clinician.does(
        "patients.record_screening",
        models.ScreeningOut,
        patient.id,
        body=models.ScreeningInRequest(
            answers=[models.AnswerInRequest(rule=q.code, answer=False) for q in questions],
            good_health=True,
            expectations_discussed=True,
        ),
    )
    clinician.does(
        "patients.assess_skin_type",
        models.SkinTypeOut,
        patient.id,
        body=models.SkinTypeInRequest(
            skin_type=models.SkinType(3), assessed_on=datetime.now(UTC).date()
        ),
    )


def treat(clinician: Person, session: UUID, booking: Booking) -> Any:
    """Start the session and write its chart."""
    models = clinician.models
    for verb in ("check_in_session", "start_session"):
        clinician.does(
            f"sessions.{verb}", models.SessionOut, session, body=models.ReasonInRequest()
        )
    clinician.does(
        "sessions.use_cartridge",
        models.CartridgeUseOut,
        session,
        body=models.CartridgeInRequest(code=booking.cartridge()),
    )
    seen = clinician.answer("sessions.get_session_chart", session).headers["ETag"]
    zone = models.ZoneEntryInRequest(zone=booking.zone.code, depth_mm="1.50", passes=6)
    return clinician.does(
        "sessions.write_session_chart",
        models.ChartOut,
        session,
        body=models.ChartInRequest(zones=[zone]),
        if_match=seen,
    )


def cancel_the_next(desk: Person, plan: UUID) -> None:
    models = desk.models
    first = desk.does(
        "availability.find_first_availability",
        models.FirstOut,
        plan=plan,
        after=datetime.now(UTC).date(),
    )
    assert first.reason.code == "too_soon"
    session = desk.does(
        "sessions.book_session",
        models.BookedOut,
        body=booking_of(models, plan, first.slot),
    )
    ended = desk.does(
        "sessions.cancel_session",
        models.SessionOut,
        session.id,
        body=models.ReasonInRequest(reason="Moves away"),
    )
    assert (ended.status, ended.is_late_cancel) == ("CANCELLED", False)


def test_every_operation_has_a_function_of_its_name(package: str) -> None:
    for path in description()["paths"].values():
        for operation in path.values():
            tag = operation["tags"][0].replace("-", "_")
            assert import_module(f"{package}.api.{tag}.{operation['operationId']}")
