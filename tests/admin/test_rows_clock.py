"""A desk that works at clinics in several zones: every time is on the clock of its row's clinic."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.admin.forms.clocks import zones_of
from clinic.models import Closure, Role, TimeOff, User
from sessions.models import TreatmentSession
from tests.conftest import Booking, make_booking
from tests.factories import ClinicFactory, UserFactory
from tests.support.forms import send
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
TEN = datetime(2030, 1, 7, 9, tzinfo=UTC)  # in Berlin
TEN_IN_BANGKOK = datetime(2030, 1, 7, 3, tzinfo=UTC)


@kept
def bangkok(alice: User) -> Booking:
    """What is booked at the clinic that comes first by name."""
    clinic = ClinicFactory(name="A clinic in Bangkok", time_zone="Asia/Bangkok")
    return make_booking(clinic, UserFactory(clinic=clinic))


@pytest.fixture
def desk(booking: Booking, bangkok: Booking) -> Client:
    """Of somebody who works at both."""
    user = UserFactory(role=Role.MANAGER, clinic=booking.plan.clinic)
    user.clinics.add(bangkok.plan.clinic)
    client = Client()
    client.force_login(user)
    return client


def add(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def test_ten_is_ten_at_the_clinic_of_the_plan(
    desk: Client, booking: Booking, bangkok: Booking
) -> None:
    for made, start in ((booking, TEN), (bangkok, TEN_IN_BANGKOK)):
        answer = send(
            desk,
            add(TreatmentSession),
            plan=str(made.plan.pk),
            starts_at_0="7 Jan 2030",
            starts_at_1="10:00",
            practitioner=str(made.practitioner.pk),
            room=str(made.room.pk),
            device=str(made.device.pk),
        )

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        assert TreatmentSession.objects.get(plan=made.plan).starts_at == start


def test_a_closure_is_on_the_clock_of_its_clinic_and_every_page_names_it(
    desk: Client, booking: Booking, bangkok: Booking
) -> None:
    page = desk.get(add(Closure)).content.decode()
    assert "On the clinic's clock: Bangkok time or Berlin time." in page
    send(
        desk,
        add(Closure),
        clinic=str(booking.plan.clinic.pk),
        starts_at_0="2030-01-07",
        starts_at_1="10:00",
        ends_at_0="2030-01-07",
        ends_at_1="12:00",
    )

    closure = Closure.objects.get()
    assert closure.starts_at == TEN
    listed = desk.get(reverse("admin:clinic_closure_changelist")).content.decode()
    assert "7 Jan 2030, 10:00 (Berlin time)" in listed
    assert "16:00" not in listed
    page = desk.get(reverse("admin:clinic_closure_change", args=[closure.pk])).content.decode()
    assert "7 Jan 2030, 10:00 (Berlin time)" in page


def test_time_off_of_who_works_on_two_clocks_needs_the_offset(
    desk: Client, booking: Booking, bangkok: Booking
) -> None:
    booking.practitioner.clinics.add(bangkok.plan.clinic)
    typed = {
        "practitioner": str(booking.practitioner.pk),
        "starts_at_0": "2030-01-07",
        "ends_at_0": "2030-01-07",
    }

    refused = send(desk, add(TimeOff), **typed, starts_at_1="10:00", ends_at_1="12:00")
    assert "10:00 +07:00 (Bangkok time)" in refused.content.decode()
    assert not TimeOff.objects.exists()

    send(desk, add(TimeOff), **typed, starts_at_1="10:00 +01:00", ends_at_1="12:00 +01:00")
    assert TimeOff.objects.get().starts_at == TEN


def test_in_every_list_each_moment_names_the_clock_of_its_row(
    desk: Client, booking: Booking, bangkok: Booking
) -> None:
    """Derived from the registry: no column of a moment is left on the reader's own clock."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=desk.session["_auth_user_id"])
    left, tried = [], 0
    for model, page in admin.site._registry.items():
        moments = {f.name for f in model._meta.fields if isinstance(f, models.DateTimeField)}
        for column in page.get_list_display(request):
            tried += 1
            if column in moments:
                left.append((model.__name__, column))
        if page.readonly_fields and not hasattr(page, "readonly_preprocess_fields"):
            left.append((model.__name__, "page"))
        zones_of(model(), model, request)

    assert tried > 100
    assert left == []


def test_who_works_on_one_clock_is_told_no_zones(booking: Booking, dana: User) -> None:
    session = booking.book(TEN)
    client = Client()
    client.force_login(dana)
    url = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])

    assert "Berlin time" not in client.get(url).content.decode()


def test_a_session_s_page_shows_its_clinics_clock(
    desk: Client, booking: Booking, bangkok: Booking
) -> None:
    for made, zone in ((booking, "Berlin"), (bangkok, "Bangkok")):
        session = made.book(TEN if made is booking else TEN_IN_BANGKOK)
        url = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])

        assert f"10:00 ({zone} time)" in desk.get(url).content.decode()
