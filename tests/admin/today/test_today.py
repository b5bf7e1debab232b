"""The first page of the admin: what each role begins the day with, and what it presses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Message
from clinic.models import Clinic, Role, User
from patients.models import Patient
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import (
    HOUR,
    ClosureFactory,
    MessageFactory,
    PatientFactory,
    SessionFactory,
    SideEffectFactory,
    StaffTaskFactory,
    TimeOffFactory,
    UserFactory,
    VisitFactory,
    visit_type_of,
)
from tests.support.accesses import RECORDED, Watch
from tests.support.words import visible

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")


def asked() -> dict[str, str]:
    return {"day": noon().date().isoformat()}


def noon() -> datetime:
    """Of a day on which nothing else is."""
    return (timezone.now() + timedelta(days=30)).replace(hour=11, minute=0, second=0, microsecond=0)


def visits(clinic: Clinic, number: int) -> None:
    for index in range(number):
        VisitFactory(
            patient__clinic=clinic,
            patient__allergies="Nickel",
            practitioner=UserFactory(clinic=clinic),
            starts_at=noon() + index % 3 * HOUR,
        )
        if index % 3 == 0:
            SessionFactory(plan__patient__clinic=clinic, starts_at=noon())


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.PRACTITIONER, Role.MANAGER])
def test_it_takes_as_many_statements_for_thirty_visits_as_for_three(
    clinic: Clinic, alice: User, role: str
) -> None:
    client = client_of(UserFactory(role=role, clinic=clinic))
    visit_type_of(clinic, "consultation")
    client.get(INDEX, asked() | {"who": "all"})
    counts = []
    for number in (0, 3, 27):
        visits(clinic, number)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page = client.get(INDEX, asked() | {"who": "all"})
        counts.append(len(caught))
        assert page.status_code == 200

    assert counts[1] == counts[2], counts
    assert counts[0] + 1 == counts[1], counts  # of no visit there are no further areas
    assert counts[1] <= 27 + RECORDED  # of a manager, whose record they have opened too
    assert page.content.decode().count('id="visit-') == 40
    assert len(page.content) < 150_000


def test_the_desk_is_told_whom_to_ask_and_the_practitioner_what_is_missing(
    clinic: Clinic, dana: User, alice: User
) -> None:
    session = SessionFactory(
        plan__patient__clinic=clinic,
        plan__patient__allergies="Nickel",
        plan__patient__keloid_history=True,
        plan__patient__date_of_birth=None,
        practitioner=alice,
        starts_at=noon(),
    )
    SideEffectFactory(session=session, onset_at=noon())

    desk = client_of(dana).get(INDEX, asked()).content.decode()
    clinician = client_of(alice).get(INDEX, asked()).content.decode()

    clinical = ["Nickel", "Keloids", "Consent missing", "Screening missing", "Side effect"]
    assert "Not ready: see practitioner" in desk
    assert "Birth date missing" in desk
    assert [word for word in [*clinical, "Skin type"] if word in desk] == []
    assert [word for word in clinical if word not in clinician] == []
    assert "see practitioner" not in clinician
    for page in ("treatmentconsent", "screening"):
        assert f"/patients/{page}/add/?patient={session.patient_id}" in clinician
    assert "session 1 of " in desk


def test_namesakes_are_told_apart_and_each_clinic_has_its_own_clock(
    clinic: Clinic, other_clinic: Clinic, dana: User, alice: User
) -> None:
    other_clinic.time_zone = "America/New_York"
    other_clinic.save()
    dana.clinics.add(other_clinic)
    for number in (1, 2):
        VisitFactory(
            patient=PatientFactory(
                clinic=clinic,
                given_name="Eva",
                family_name="Nowak",
                mobile=f"+4915112345{number:03}",
            ),
            practitioner=alice,
            starts_at=noon() + number * HOUR,
        )

    page = visible(client_of(dana).get(INDEX, asked()))

    assert "…001" in page
    assert "…002" in page
    assert "New York time" in page
    assert other_clinic.name in page


def press(user: User, session: TreatmentSession, to: str, **more: str) -> Any:
    address = reverse("today-press", args=[session.pk])
    return client_of(user).post(address, {"to": to, **more}, follow=True)


def status_of(session: TreatmentSession) -> str:
    return TreatmentSession.objects.get(pk=session.pk).status


def test_a_button_moves_a_visit_once_and_leads_back_to_the_day(
    booking: Booking, dana: User
) -> None:
    session = booking.book(noon())
    back = f"{INDEX}?day={noon().date()}"
    sent = {"_form_key": "a-key", "back": back}

    first = press(dana, session, "CONFIRMED", **sent)
    again = press(dana, session, "CONFIRMED", **sent)

    assert status_of(session) == Status.CONFIRMED
    assert first.redirect_chain == [(f"{back}#visit-{session.pk}", 302)]
    assert "confirmed." in first.content.decode()
    assert "nothing was done twice" in again.content.decode()
    assert session.events.filter(new_status=Status.CONFIRMED).count() == 1


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("NO_SHOW", "the patient may still come"),
        ("CHECKED_IN", "check-in opens 12 hours before"),
        ("COMPLETED", "not known"),
        ("", "not known"),
    ],
)
def test_what_cannot_be_pressed_is_said_and_changes_nothing(
    booking: Booking, dana: User, to: str, says: str
) -> None:
    session = booking.book(noon())

    page = press(dana, session, to, back="https://evil.example/")

    assert says in page.content.decode()
    assert status_of(session) == Status.BOOKED
    assert page.redirect_chain[0][0] == INDEX


def test_nobody_presses_for_another_clinic_or_without_the_right(
    booking: Booking, bob: User, clinic: Clinic
) -> None:
    session = booking.book(noon())
    auditor = UserFactory(role=Role.AUDITOR, clinic=clinic)
    for name in ("today-press", "today-cancel", "today-move", "today-undo"):
        address = reverse(name, args=[session.pk])
        assert client_of(bob).post(address, {"to": "CONFIRMED"}).status_code == 404
        assert client_of(auditor).post(address, {"to": "CONFIRMED"}).status_code == 403
    assert client_of(bob).get(reverse("today-press", args=[session.pk])).status_code == 405
    assert status_of(session) == Status.BOOKED


def test_before_it_is_cancelled_one_reads_what_the_patient_will(
    booking: Booking, dana: User, catalogue: None
) -> None:
    session = booking.book(noon())
    address, client = reverse("today-cancel", args=[session.pk]), client_of(dana)
    planned = Message.objects.count()

    page = client.get(address).content.decode()
    assert "What the patient will be told" in page
    assert status_of(session) == Status.BOOKED
    assert Message.objects.count() == planned

    done = client.post(address, {"reason": "Has a cold", "back": INDEX}, follow=True)
    assert "cancelled." in done.content.decode()
    assert session.events.get(new_status=Status.CANCELLED).reason == "Has a cold"
    assert "can no longer be cancelled" in client.get(address).content.decode()


def test_it_is_moved_by_the_rules_of_a_booking(booking: Booking, dana: User) -> None:
    session = booking.book(noon())
    address, client = reverse("today-move", args=[session.pk]), client_of(dana)
    form = {"practitioner": str(booking.practitioner.pk), "starts_at_1": "15:00", "reason": "Late"}
    later = noon() + timedelta(days=1)

    refused = client.post(address, form | {"starts_at_0": "1 Jan 2020"})
    assert refused.status_code == 200
    assert status_of(session) == Status.BOOKED

    done = client.post(address, form | {"starts_at_0": f"{later:%-d %b %Y}"}, follow=True)
    assert "moved to" in done.content.decode()
    new = TreatmentSession.objects.get(rescheduled_from=session)
    assert f"{new.starts_at_local:%Y-%m-%d %H:%M}" == f"{later:%Y-%m-%d} 15:00"


@pytest.mark.parametrize("to", ["2026-13-45", "9999-12-31", "yesterday", ""])
def test_what_is_no_day_to_move_to_is_left_as_it_is(booking: Booking, dana: User, to: str) -> None:
    session = booking.book(noon())
    page: Any = client_of(dana).get(reverse("today-move", args=[session.pk]), {"to": to})
    assert page.context_data["form"]["starts_at"].initial == session.starts_at


def test_a_visit_is_moved_from_its_own_page_and_leads_to_where_it_is_now(
    booking: Booking, dana: User
) -> None:
    session, client = booking.book(noon()), client_of(dana)
    page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])
    asked = client.get(page.replace("/change/", "/move/"), follow=True)
    later = noon() + timedelta(days=1)

    form = {"practitioner": str(booking.practitioner.pk), "starts_at_0": f"{later:%-d %b %Y}"}
    done = client.post(
        reverse("today-move", args=[session.pk]), form | {"starts_at_1": "15:00", "back": page}
    )

    assert f'name="back" value="{page}"' in asked.content.decode()
    new = TreatmentSession.objects.get(rescheduled_from=session)
    assert done["Location"] == page.replace(str(session.pk), str(new.pk))
    assert "Move…" in client.get(done["Location"]).content.decode()
    assert "Move…" not in client.get(page).content.decode(), "it has moved"


def test_the_manager_sees_what_stands_still(
    clinic: Clinic, manager: User, alice: User, booking: Booking
) -> None:
    session = booking.book(noon())
    StaffTaskFactory(
        clinic=clinic,
        audience="MANAGER",
        title="Answer the authority",
        due_at=timezone.now() - HOUR,
    )
    MessageFactory(session=session, status="IN_DOUBT", reason="Broke off", ended_at=timezone.now())
    ClosureFactory(clinic=clinic, starts_at=noon() - HOUR, ends_at=noon() + 2 * HOUR)
    TimeOffFactory(practitioner=alice, starts_at=noon() - HOUR, ends_at=noon() + 2 * HOUR)

    page = visible(client_of(manager).get(INDEX, asked()))

    for words in ("Answer the authority", "In doubt", "Broke off", "The last seven days"):
        assert words in page
    assert page.count("1 visit in it") == 2


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_who_keeps_the_machine_or_the_books_sees_no_patient(
    clinic: Clinic, booking: Booking, role: str
) -> None:
    session = booking.book(noon())
    MessageFactory(session=session, status="IN_DOUBT", reason="Broke off", ended_at=timezone.now())

    page = visible(client_of(UserFactory(role=role, clinic=clinic)).get(INDEX, asked()))

    named = [p.family_name for p in Patient.objects.all() if p.family_name in page]
    assert named == []
    wanted = ["Health", "Sending", "Before the first patient"]
    assert all((words in page) == (role == Role.ADMIN) for words in wanted)
    assert ("Who has access" in page) == (role == Role.AUDITOR)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "'--"])
def test_what_is_no_day_is_said_and_today_is_shown(alice: User, day: str) -> None:
    page = client_of(alice).get(INDEX, {"day": day})

    assert "is no day that can be shown" in page.content.decode()


def test_an_empty_day_says_what_to_do(alice: User, dana: User) -> None:
    page = visible(client_of(dana).get(INDEX, asked()))

    assert "Nobody is booked: the time is free." in page
    assert "Nothing is waiting for you." in page


def test_whom_the_day_shows_and_whose_button_is_pressed_is_written_down(
    clinic: Clinic, alice: User
) -> None:
    visits(clinic, 2)
    task = StaffTaskFactory(
        clinic=clinic, patient=PatientFactory(clinic=clinic), audience="CLINICAL", severity="RED"
    )
    session = TreatmentSession.objects.first()
    assert session
    client, watch = client_of(alice), Watch()

    client.get(INDEX, asked() | {"who": "all"})
    client.post(reverse("today-press", args=[session.pk]), {"to": "CONFIRMED"})
    seen, pressed = watch.rows()

    shown = {task.patient_id, *TreatmentSession.objects.values_list("patient", flat=True)}
    assert set(seen.patient_ids) >= shown
    assert (pressed.action, pressed.object_id) == ("WRITE", session.pk)
    assert pressed.patient_ids == [session.patient_id]
