"""Face and neck in one go, on the pages of the desk."""

import pytest
from django.test import Client

from clinic.models import User
from sessions.models import TreatmentPlan, TreatmentSession
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import PlanFactory
from tests.support.forms import send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
SKIP = "treatment_sessions_treatmentsession_skip"


@kept
def neck(booking: Booking) -> TreatmentPlan:
    return PlanFactory(patient=booking.plan.patient)


def book(client: Client, booking: Booking, *further: TreatmentPlan) -> str:
    answer = send(
        client,
        url(TreatmentSession(), "add"),
        plan=str(booking.plan.pk),
        further_plans=[str(plan.pk) for plan in further],
        starts_at_0="2030-01-07",
        starts_at_1="10:00",
        practitioner=str(booking.practitioner.pk),
        room=str(booking.room.pk),
        device=str(booking.device.pk),
    )
    page: str = answer.content.decode()
    return page


def test_the_desk_books_two_areas_and_leaves_one_out(
    booking: Booking, neck: TreatmentPlan, dana: User
) -> None:
    desk = client_of(dana)

    book(desk, booking, neck)

    face = TreatmentSession.objects.get(sitting=None)
    further = face.further_areas.get()
    assert (face.plan, further.plan) == (booking.plan, neck)
    page = desk.get(url(face)).content.decode()
    assert url(further) in page
    assert str(neck.area) in page
    assert "Say in words why" in send(desk, url(further), SKIP).content.decode()
    assert "Press Leave out" in send(desk, url(further), skip_reason="x").content.decode()
    send(desk, url(further), SKIP, skip_reason="A cold sore")
    further.refresh_from_db()
    assert (further.status, further.events.latest("id").reason) == ("CANCELLED", "A cold sore")
    assert SKIP not in desk.get(url(face)).content.decode()


def test_a_plan_of_somebody_else_is_refused_at_its_field(booking: Booking, dana: User) -> None:
    stranger = PlanFactory(patient__clinic=booking.plan.clinic)

    page = book(client_of(dana), booking, stranger)

    assert "another patient" in page
    assert not TreatmentSession.objects.exists()
