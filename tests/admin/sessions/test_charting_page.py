"""The chart of a session on one page: what it shows first, what is pressed, and what is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, Role, User
from sessions.lifecycle import Status
from sessions.models import ChartDraft, TreatmentSession
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    NINE,
    ProductDrugFactory,
    ProductFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    UserFactory,
    ZoneFactory,
    ZoneLimitFactory,
)
from tests.support.accesses import RECORDED, Watch
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
PART = {"X-Chart": "1"}


@kept
def session(booking: Booking) -> TreatmentSession:
    """In progress since a moment ago."""
    return booking.in_progress((timezone.now() - timedelta(minutes=5)).replace(microsecond=0))


def address(session: TreatmentSession) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_chart", args=[session.pk])


def hidden(user: User, session: TreatmentSession) -> dict[str, str]:
    """What the page sends along by itself."""
    page = client_of(user).get(address(session))
    return {"_form_key": page.context["form_key"], "seen": page.context["sheet"].seen}


def typed(zone: Any, depth_mm: str = "1.50", passes: str = "4", number: int = 0) -> dict[str, str]:
    begins = f"{zone.code}-{number}"
    return {f"{begins}-depth_mm": depth_mm, f"{begins}-passes": passes}


def press(user: User, session: TreatmentSession, do: str, **data: str) -> Any:
    content = {**hidden(user, session), "do": do, **data}
    return client_of(user).post(address(session), content, headers=PART)


def test_it_shows_what_each_zone_takes_before_anything_is_typed(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    deep, never = ZoneFactory(area=booking.zone.area), ZoneFactory(area=booking.zone.area)
    ZoneLimitFactory(zone=deep, version=2, depth_max_mm="0.75", passes_max=3)
    ZoneLimitFactory(zone=never, version=2, is_blocked=True)

    page = client_of(alice).get(address(session)).content.decode()

    assert "0.50 to 0.75 mm, at most 3 passes" in page
    assert "Never needled" in page
    assert f'name="{deep.code}-0-depth_mm"' in page
    assert f'name="{never.code}-0-depth_mm"' not in page


def test_what_is_typed_is_kept_and_judged_at_once(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    answer = press(alice, session, "draft", **typed(booking.zone, "2,40"))
    told = answer.content.decode()

    assert answer.headers["X-Part"] == "findings"
    assert "2.40 mm is deeper than" in told
    assert "Kept at" in told
    assert "<form" not in told  # only the findings
    assert not session.zone_treatments.exists()
    page = client_of(alice).get(address(session)).content.decode()
    assert "Resumed what you typed at" in page
    assert 'value="2,40"' in page
    stranger = UserFactory(clinic=booking.plan.clinic)
    assert "Resumed" not in client_of(stranger).get(address(session)).content.decode()

    press(alice, session, "discard", **typed(booking.zone, "2,40"))
    assert not ChartDraft.objects.exists()


def test_half_a_number_is_kept_and_never_written(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    assert press(alice, session, "draft", **typed(booking.zone, "1.", "")).status_code == 200
    page = press(alice, session, "sign", **typed(booking.zone, "deep", "")).content.decode()

    assert "A depth in mm, such as 1.25." in page
    assert "How many passes?" in page
    assert 'value="deep"' in page
    assert not session.zone_treatments.exists()


def test_one_finding_is_decided_by_itself_for_the_numbers_that_are_typed(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    key = f"depth_above_range:{booking.zone.code}"
    data = typed(booking.zone, "2.40")
    kept = press(alice, session, "draft", **data)
    (message,) = (
        said.entry.finding.message for said in kept.context["sheet"].findings if said.key == key
    )

    without = press(alice, session, f"decide:{key}", **data, **{f"shown:{key}": message})
    assert "Say why; it is recorded with your name." in without.content.decode()
    other = {f"shown:{key}": "Something else", f"because:{key}": "Deep scar"}
    changed = press(alice, session, f"decide:{key}", **data, **other)
    assert "This says something else now" in changed.content.decode()
    assert not session.findings.exists()

    told = {f"shown:{key}": message, f"because:{key}": "Deep scar"}
    page = press(alice, session, f"decide:{key}", **data, **told).content.decode()
    assert f"{alice} goes on because: Deep scar" in page
    row = session.findings.get(code="depth_above_range")
    assert (row.override_reason, row.overridden_by) == ("Deep scar", alice)
    assert [str(one.depth_mm) for one in session.zone_treatments.all()] == ["2.40"]


def test_what_nobody_may_decide_is_told_as_it_happened(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    key = "cartridge_missing:"
    told = {f"came_about:{key}": "It fell", f"was_done:{key}": "Thrown away"}

    half = press(
        alice, session, f"tell:{key}", **typed(booking.zone), **{**told, f"was_done:{key}": ""}
    )
    assert "what was done about it" in half.content.decode()
    press(alice, session, f"tell:{key}", **typed(booking.zone), **told)

    assert session.deviations.get().code == "cartridge_missing"


def test_from_the_scan_to_the_signature_and_on_to_the_next_session(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    code = booking.cartridge()
    scanned = press(alice, session, "save", **typed(booking.zone), code=code).content.decode()
    assert "is noted." in scanned
    assert 'value="1.50"' in scanned  # what was typed stands
    assert code not in scanned
    again = press(alice, session, "scan", **typed(booking.zone), code=code).content.decode()
    assert "throw it away" in again
    assert code.replace('"', "") in again

    data = {**hidden(alice, session), "do": "sign", **typed(booking.zone)}
    client = client_of(alice)
    signed = client.post(address(session), data, headers=PART)
    twice = client.post(address(session), data, headers=PART)

    assert signed.headers["X-Leads-To"] == twice.headers["X-Leads-To"] == address(session)
    assert TreatmentSession.objects.get(pk=session.pk).status == Status.COMPLETED
    page = client.get(address(session)).content.decode()
    assert "signed by" in page
    assert f"/treatmentsession/add/?plan={booking.plan.pk}" in page
    assert '<form method="post" action="/admin/treatment' not in page


def test_what_somebody_else_has_written_is_not_replaced_unseen(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    before = hidden(alice, session)
    booking.chart(session, depth_mm="1.00")

    client = client_of(alice)
    data = {**before, "do": "save", **typed(booking.zone, "1.75")}
    page = client.post(address(session), data, headers=PART)

    assert "somebody has changed this record" in page.content.decode()
    assert 'value="1.75"' in page.content.decode()
    assert str(session.zone_treatments.get().depth_mm) == "1.00"
    data |= {"seen": page.context["sheet"].seen, "_form_key": page.context["form_key"]}
    client.post(address(session), data, headers=PART)
    assert str(session.zone_treatments.get().depth_mm) == "1.75"


def test_it_starts_once_what_stands_in_the_way_is_decided(booking: Booking, alice: User) -> None:
    session = booking.book(timezone.now().replace(microsecond=0))
    booking.move(session, Status.CHECKED_IN)

    refused = press(alice, session, "start").content.decode()
    assert "Decide these first" in refused
    assert f"/patients/screening/add/?patient={session.patient_id}" in refused
    booking.ready(session.starts_at)
    assert "Started." in press(alice, session, "start").content.decode()


def waiting(booking: Booking) -> TreatmentSession:
    """Checked in, with a screening of weeks ago."""
    session = booking.book(timezone.now().replace(microsecond=0))
    booking.ready(session.starts_at - timedelta(days=20))
    booking.move(session, Status.CHECKED_IN)
    return session


def test_what_may_have_changed_is_asked_again_on_the_page(booking: Booking, alice: User) -> None:
    rule = ScreeningRuleFactory(ask_again=True, question="Are you ill today?")
    session = waiting(booking)
    assert "Are you ill today?" in client_of(alice).get(address(session)).content.decode()
    told = {"asked": rule.code, "good_health": "on", "expectations": "on"}

    other = press(alice, session, "screened", **{**told, "asked": ""})
    assert "Other questions are due by now" in other.content.decode()
    page = press(alice, session, "screened", **told).content.decode()

    assert "Nothing stands in the way." in page
    screening = session.patient.screenings.latest("taken_at")
    assert (screening.kind, screening.good_health, screening.taken_by) == ("RESCREEN", True, alice)
    assert [(one.rule, one.answer) for one in screening.answers.all()] == [(rule, False)]


def test_what_was_answered_at_home_is_confirmed_on_the_page(booking: Booking, alice: User) -> None:
    session = waiting(booking)
    own = ScreeningFactory(patient=session.patient, taken_at=timezone.now(), taken_by=None)
    assert "go through it together" in client_of(alice).get(address(session)).content.decode()

    assert "There are newer answers" in press(alice, session, "confirm").content.decode()
    page = press(alice, session, "confirm", own=str(own.pk)).content.decode()

    assert "Nothing stands in the way." in page
    assert session.patient.screenings.latest("taken_at").based_on == own


def test_a_signed_record_is_added_to_and_never_changed(booking: Booking, alice: User) -> None:
    session = booking.completed()

    assert "Write what is to be added." in add(alice, session, "").content.decode()
    page = add(alice, session, "She called: calm.").content.decode()

    assert "She called: calm." in page
    assert "by the patient" not in page
    assert (session.addenda.get().text, session.addenda.get().by) == ("She called: calm.", alice)
    refused = client_of(alice).post(address(session), {"do": "save"}, headers=PART)
    assert "it is completed" in refused.content.decode()


def add(user: User, session: TreatmentSession, text: str) -> Any:
    content = {"do": "add", "addendum": text, "_form_key": f"key of {text}"}
    return client_of(user).post(address(session), content, headers=PART)


def test_cream_goes_on_and_off_by_a_tap_each_with_its_dose(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    cream = ProductFactory(
        kind="ANAESTHETIC", name="Lidocaine 4 %", strength_percent=4, minutes_max=60, grams_max=20
    )
    ProductDrugFactory(product=cream, percent="3.5")
    data = {"cream": str(cream.pk), "cream_lot": "N7", "cream_grams": "10", "cream_area": "200"}

    on = press(alice, session, "cream-on", **data).content.decode()
    off = press(alice, session, "cream-off").content.decode()

    assert (
        "10 g are 350 mg of lidocaine and 50 mg of unnamed drugs, 50 % of the most for a day" in on
    )
    assert "of 60 min, still on" in on
    assert "still on" not in off
    assert "Choose the numbing cream" in press(alice, session, "cream-on").content.decode()


def test_as_last_time_is_looked_at_by_the_limits_of_today(booking: Booking, alice: User) -> None:
    booking.completed(NINE)
    ZoneLimitFactory(zone=booking.zone, version=2, depth_max_mm="1.00")
    session = booking.in_progress(NINE + timedelta(days=40))

    page = press(alice, session, "copy")

    assert 'value="1.50"' in page.content.decode()
    assert "depth_above_range" in [one.entry.finding.code for one in page.context["sheet"].findings]
    assert not session.zone_treatments.exists()


def test_an_abort_signs_what_was_done_until_then(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    page = press(alice, session, "abort", **typed(booking.zone))
    assert "Choose one of" in page.content.decode()

    press(alice, session, "abort", **typed(booking.zone), abort_reason="FAINTING")

    session.refresh_from_db()
    assert (session.status, session.abort_reason) == (Status.ABORTED, "FAINTING")
    assert session.zone_treatments.count() == 1


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.MANAGER, Role.ADMIN, Role.AUDITOR])
def test_only_who_treats_opens_it(session: TreatmentSession, clinic: Clinic, role: str) -> None:
    user = UserFactory(role=role, clinic=clinic)
    for answer in (
        client_of(user).get(address(session)),
        client_of(user).post(address(session), {"do": "start"}),
    ):
        assert answer.status_code == 403
    assert "Open the chart" not in client_of(user).get(reverse("admin:index")).content.decode()


def test_nobody_opens_it_for_another_clinic_and_every_look_is_written_down(
    session: TreatmentSession, booking: Booking, alice: User, bob: User
) -> None:
    assert client_of(bob).get(address(session)).status_code == 404
    watch = Watch()
    client_of(alice).get(address(session))
    press(alice, session, "draft", **typed(booking.zone))

    for row in watch.rows():
        assert row.patient_ids == [session.patient_id]
        assert row.place == "admin:treatment_sessions_treatmentsession_chart"


def test_it_takes_as_many_statements_for_ten_zones_as_for_one(
    session: TreatmentSession, booking: Booking, alice: User
) -> None:
    client, counts = client_of(alice), []
    client.get(address(session))
    for number in (1, 9):
        for zone in [ZoneFactory(area=booking.zone.area) for _ in range(number)]:
            session.zone_treatments.create(zone=zone, depth_mm="1.00", passes=2)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address(session)).status_code == 200
        counts.append(len(caught))

    assert counts[0] == counts[1], counts
    assert counts[1] <= 22 + RECORDED  # fifteen of them are what the rules look at
