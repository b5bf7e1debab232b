"""Numbing cream goes on and comes off by one tap, and the chart shows how long it has been on."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import User
from sessions import services
from sessions.lifecycle import Status
from sessions.services.record.cream import NoCream, NotACream, NotHere
from tests.conftest import Booking
from tests.factories import NINE, ProductDrugFactory, ProductFactory, ProductUseFactory
from tests.support.forms import send

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_one_tap_each_and_the_minutes_between(booking: Booking, as_alice: APIClient) -> None:
    """From check-in on: the cream works before the treatment starts."""
    cream = ProductFactory(kind="ANAESTHETIC", strength_percent=4, minutes_max=60)
    session = booking.book()
    booking.move(session, Status.CHECKED_IN)
    url, body = f"/api/v1/sessions/{session.pk}", {"product": str(cream.pk), "lot": "N7"}

    on = as_alice.post(f"{url}/cream-on/", {**body, "grams": "10.00", "area_cm2": 200})
    session.product_uses.update(on_at=timezone.now() - 34 * MINUTE)
    so_far = as_alice.get(f"{url}/chart/").json()["products"]
    off = as_alice.post(f"{url}/cream-off/")

    assert (on.status_code, off.status_code) == (201, 200), (on.json(), off.json())
    assert on.json()["products"][0]["minutes_on"] == 0
    assert [(use["minutes_on"], use["minutes_max"], use["off_at"]) for use in so_far] == [
        (34, 60, None)
    ]
    assert off.json()["products"][0]["off_at"]
    again = as_alice.post(f"{url}/cream-off/")
    assert (again.status_code, again.json()["code"]) == (409, "no_cream")


def test_the_chart_and_the_catalogue_name_each_drug(booking: Booking, as_alice: APIClient) -> None:
    """That of which it has most first; milligrams as far as the grams are known."""
    cream = ProductFactory(kind="ANAESTHETIC", strength_percent=30)
    ProductDrugFactory(product=cream, drug="TETRACAINE", percent=7, mg_per_kg_max=9)
    ProductDrugFactory(product=cream, percent=23)
    session = booking.book()
    booking.move(session, Status.CHECKED_IN)
    for grams in ("13.50", None):
        ProductUseFactory(session=session, product=cream, grams=grams)

    told = as_alice.get(f"/api/v1/sessions/{session.pk}/chart/").json()["products"]
    listed = as_alice.get("/api/v1/products/").json()

    assert [[(each["drug"], each["mg"]) for each in use["drugs"]] for use in told] == [
        [("LIDOCAINE", "3105.000"), ("TETRACAINE", "945.000")],
        [("LIDOCAINE", None), ("TETRACAINE", None)],
    ]
    (row,) = (row for row in listed if row["id"] == str(cream.pk))
    assert row["drugs"] == [
        {"drug": "LIDOCAINE", "percent": "23.00", "mg_per_kg_max": None},
        {"drug": "TETRACAINE", "percent": "7.00", "mg_per_kg_max": "9.00"},
    ]


def test_only_cream_and_only_while_somebody_is_there(booking: Booking, alice: User) -> None:
    session = booking.book()
    now = {"session_id": session.pk, "at": NINE, "by": alice}
    with pytest.raises(NotHere, match="booked"):
        services.put_cream_on(**now)
    booking.move(session, Status.CHECKED_IN)
    with pytest.raises(NoCream, match="with its lot"):
        services.put_cream_on(**now)
    with pytest.raises(NotACream):
        services.put_cream_on(**now, entry={"product": ProductFactory(), "lot": "S1"})
    serum = ProductUseFactory(session=session)

    with pytest.raises(NoCream):
        services.take_cream_off(**now)
    serum.refresh_from_db()
    assert (serum.on_at, serum.off_at) == (None, None)


def test_the_buttons_stamp_what_stands_in_the_chart(booking: Booking, alice: User) -> None:
    session = booking.book()
    booking.move(session, Status.CHECKED_IN)
    use = ProductUseFactory(session=session, product__kind="ANAESTHETIC", product__minutes_max=60)
    client = Client()
    client.force_login(alice)
    page = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])

    send(client, page, "treatment_sessions_treatmentsession_cream_on")
    use.refresh_from_db()
    assert use.on_at
    assert "0 of 60 min, still on" in client.get(page).content.decode()
    send(client, page, "treatment_sessions_treatmentsession_cream_off")
    use.refresh_from_db()
    assert use.off_at
