"""What happened can always be told: a chart that tells the truth can be signed."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from clinic.models import Clinic, DeviceSpec, User
from patients.models import Audience, StaffTask, Zone
from patients.services import revoke_consent
from sessions import services
from sessions.lifecycle import Status
from sessions.models import Deviation, TreatmentSession, ZoneTreatment
from sessions.safety.assessment import assess_session
from sessions.services.booking.moves import UnresolvedFindings
from sessions.services.record.chart import NoSuchFinding
from sessions.services.record.deviation import NothingHappened, OverrideInstead
from tests.conftest import Booking, make_booking
from tests.factories import (
    NINE,
    DeviceSpecFactory,
    ScreeningAnswerFactory,
    ScreeningFactory,
    UserFactory,
    ZoneFactory,
    ZoneLimitFactory,
)
from tests.support.forms import send

pytestmark = pytest.mark.django_db
TOLD = {"reason": "The patient turned the head", "action_taken": "Rinsed, photographed, told"}


def deviate(session: TreatmentSession, by: User, **changes: Any) -> Deviation:
    details = {"kind": "ZONE", "at": NINE, "by": by, **TOLD}
    return services.record_deviation(session_id=session.pk, **{**details, **changes})


def rim_of(booking: Booking) -> Zone:
    """A zone that nobody may needle, as the consent of who is charted later names it too."""
    rim: Zone = ZoneFactory(area=booking.plan.area, limit=False)
    ZoneLimitFactory(zone=rim, is_blocked=True)
    return rim


def needle(session: TreatmentSession, zone: Zone) -> None:
    ZoneTreatment.objects.create(session=session, zone=zone, depth_mm="0.50", passes=1)


def needle_the_rim(booking: Booking, session: TreatmentSession) -> None:
    needle(session, rim_of(booking))


def needle_too_deep(booking: Booking, session: TreatmentSession) -> None:
    DeviceSpecFactory(
        model=booking.device.model,
        version=1 + DeviceSpec.objects.filter(model=booking.device.model).count(),
        depth_max_mm="1.00",
        effective_from=NINE - timedelta(days=1),
    )


def withdraw_consent(booking: Booking, session: TreatmentSession) -> None:
    consent = session.patient.treatment_consents.get(revoked_at=None)
    revoke_consent(consent=consent, reason="Wants to stop", at=NINE, by=booking.practitioner)


def learn_of_a_pregnancy(booking: Booking, session: TreatmentSession) -> None:
    screening = ScreeningFactory(
        patient=session.patient, taken_at=NINE, taken_by=booking.practitioner
    )
    ScreeningAnswerFactory(
        screening=screening, rule__code="pregnancy", rule__severity="BLOCK", rule__overridable_by=[]
    )


def lose_the_cartridge(booking: Booking, session: TreatmentSession) -> None:
    session.cartridge_uses.all().delete()


def bleed(booking: Booking, session: TreatmentSession) -> None:
    session.zone_treatments.update(endpoint="EXCESSIVE_BLEEDING", passes=10)


FACTS: list[Callable[[Booking, TreatmentSession], Any]] = [
    needle_the_rim,
    needle_too_deep,
    withdraw_consent,
    learn_of_a_pregnancy,
    lose_the_cartridge,
    bleed,
]


def findings(session: TreatmentSession) -> list[Any]:
    loaded = TreatmentSession.objects.with_record().get(pk=session.pk)
    return assess_session(loaded, at=NINE)


@pytest.mark.parametrize("seed", range(8))
def test_a_chart_that_tells_the_truth_can_always_be_signed(clinic: Clinic, seed: int) -> None:
    """Whatever of it has happened: each finding is either overridden by who signs, or told as a
    deviation; or the session is aborted. Seed 0 is all of it at once."""
    chance = random.Random(seed)  # noqa: S311
    booking = make_booking(clinic, UserFactory(clinic=clinic))
    session, by = booking.charted(), booking.practitioner
    happened = chance.sample(FACTS, k=chance.randint(1, len(FACTS))) if seed else FACTS
    for fact in happened:
        fact(booking, session)

    open_ = [entry.finding for entry in findings(session) if entry.is_open]
    assert len(open_) >= len(happened)
    with pytest.raises(UnresolvedFindings):
        booking.move(session, Status.COMPLETED)
    if seed % 4 == 3:
        services.abort_session(session_id=session.pk, why="FAINTING", at=NINE, by=by)
    else:
        for finding in open_:
            named = {"code": finding.code, "subject": finding.subject}
            if by.role in finding.overridable_by:
                services.override_finding(
                    session_id=session.pk, **named, reason="Decided", at=NINE, by=by
                )
            else:
                deviate(session, by, **named)
        booking.move(session, Status.COMPLETED)

    session.refresh_from_db()
    assert session.signed_by == by
    assert {entry.finding.code for entry in findings(session)} >= {one.code for one in open_}


def test_a_deviation_is_on_the_record_and_the_manager_hears_of_it(
    booking: Booking, alice: User, as_alice: APIClient
) -> None:
    zone = rim_of(booking)
    session, rim = booking.charted(), zone.code
    needle(session, zone)
    url = f"/api/v1/sessions/{session.pk}"
    body = {"kind": "ZONE", "zone": rim, "code": "zone_blocked", "subject": rim, **TOLD}

    answer = as_alice.post(f"{url}/deviations/", body)

    assert answer.status_code == 201, answer.json()
    found = {one["code"]: one for one in as_alice.get(f"{url}/findings/").json()}["zone_blocked"]
    assert (found["is_open"], found["deviation"]) == (False, answer.json()["id"])
    booking.move(session, Status.COMPLETED)
    (told,) = as_alice.get(f"{url}/deviations/").json()["results"]
    assert told["action_taken"] == TOLD["action_taken"]
    again = {one["code"]: one for one in as_alice.get(f"{url}/findings/").json()}["zone_blocked"]
    assert again["deviation"] == told["id"]
    task = StaffTask.objects.get(kind="INCIDENT")
    assert (task.audience, task.patient) == (Audience.MANAGER, session.patient)
    assert TOLD["reason"] in task.detail


def test_it_holds_for_the_numbers_that_it_was_told_of(booking: Booking, alice: User) -> None:
    session = booking.charted()
    needle_too_deep(booking, session)
    (deep,) = [entry.finding for entry in findings(session) if entry.is_open]
    deviate(session, alice, code=deep.code, subject=deep.subject)
    assert not any(entry.is_open for entry in findings(session))

    booking.chart(session, depth_mm="2.00")

    assert [entry.finding.code for entry in findings(session) if entry.is_open] == [deep.code]


def test_it_is_no_way_into_a_treatment(booking: Booking, alice: User) -> None:
    """Before needling a rule prevents; what may be overridden is overridden by who may."""
    coming = booking.book()
    with pytest.raises(NothingHappened, match="is booked"):
        deviate(coming, alice)
    booking.move(coming, Status.CHECKED_IN)
    with pytest.raises(NothingHappened, match="checked in"):
        deviate(coming, alice, code="screening_missing")


def test_it_answers_only_what_is_open_and_nobody_there_may_override(
    booking: Booking, alice: User
) -> None:
    session = booking.in_progress()
    booking.chart(session, passes=9)

    with pytest.raises(OverrideInstead):
        deviate(session, alice, code="passes_above_limit", subject=booking.zone.code)
    with pytest.raises(NoSuchFinding):
        deviate(session, alice, code="zone_blocked", subject="rim")


def test_it_can_be_told_after_the_signature(booking: Booking, alice: User) -> None:
    session = booking.completed()

    deviate(session, alice, kind="CONSENT")

    assert session.deviations.get().code == ""
    with pytest.raises(NoSuchFinding, match="signed"):
        deviate(session, alice, code="zone_blocked", subject="rim")


def test_the_page_of_the_session_takes_both_words_or_neither(booking: Booking, alice: User) -> None:
    zone = rim_of(booking)
    session, rim = booking.charted(), zone.code
    needle(session, zone)
    client = Client()
    client.force_login(alice)
    page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])
    why, done = f"came_about:zone_blocked:{rim}", f"was_done:zone_blocked:{rim}"

    half = send(client, page, **{why: "The patient moved"})

    assert "Say what was done about it." in half.content.decode()
    send(
        client,
        page,
        "treatment_sessions_treatmentsession_complete",
        **{why: "The patient moved", done: "Rinsed"},
    )
    session.refresh_from_db()
    assert session.status == Status.COMPLETED
    deviation = session.deviations.get()
    assert (deviation.kind, deviation.action_taken, deviation.by) == ("ZONE", "Rinsed", alice)
