"""The chart over HTTP: what is refused leaves it as it was."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import AS_IT_IS, Booking
from tests.factories import ZoneFactory

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/sessions/"


@pytest.mark.parametrize(
    ("zone", "pointer"),
    [
        ({"depth_mm": "2.60"}, "/zones/0/depth_mm"),
        ({"depth_mm": "2.51"}, "/zones/0/depth_mm"),
        ({"depth_mm": "0.49"}, "/zones/0/depth_mm"),
        ({"depth_mm": "1.505"}, "/zones/0/depth_mm"),
        ({"depth_mm": "NaN"}, "/zones/0/depth_mm"),
        ({"depth_mm": "-1"}, "/zones/0/depth_mm"),
        ({"depth_mm": "1e2"}, "/zones/0/depth_mm"),
        ({"depth_mm": None}, "/zones/0/depth_mm"),
        ({"passes": 0}, "/zones/0/passes"),
        ({"passes": 11}, "/zones/0/passes"),
        ({"passes": "many"}, "/zones/0/passes"),
        ({"zone": "elbow"}, "/zones/0/zone"),
        ({"endpoint": "JOY"}, "/zones/0/endpoint"),
    ],
)
def test_a_bad_chart_entry_is_named_and_the_chart_stays(
    as_alice: APIClient, booking: Booking, zone: dict[str, Any], pointer: str
) -> None:
    session = booking.charted()
    entry = {"zone": booking.zone.code, "depth_mm": "1.00", "passes": 4, **zone}

    answer = as_alice.put(f"{SESSIONS}{session.pk}/chart/", {"zones": [entry]}, headers=AS_IT_IS)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert str(session.zone_treatments.get().depth_mm) == "1.50"


@pytest.mark.parametrize("depth", ["0.50", "2.50", 1.5, "1.5"])
def test_the_whole_band_can_be_charted(
    as_alice: APIClient, booking: Booking, depth: object
) -> None:
    session = booking.in_progress()
    entry = {"zone": booking.zone.code, "depth_mm": depth, "passes": 10}

    answer = as_alice.put(f"{SESSIONS}{session.pk}/chart/", {"zones": [entry]}, headers=AS_IT_IS)

    assert answer.status_code == 200
    assert float(answer.json()["zones"][0]["depth_mm"]) == float(str(depth))


def test_a_zone_of_another_area_or_named_twice_is_refused(
    as_alice: APIClient, booking: Booking
) -> None:
    session = booking.charted()
    entry = {"zone": booking.zone.code, "depth_mm": "1.00", "passes": 4}
    elsewhere = {**entry, "zone": ZoneFactory().code}
    url = f"{SESSIONS}{session.pk}/chart/"

    foreign = as_alice.put(url, {"zones": [entry, elsewhere]}, headers=AS_IT_IS)
    twice = as_alice.put(url, {"zones": [entry, entry]}, headers=AS_IT_IS)
    empty = as_alice.put(url, {"zones": []}, headers=AS_IT_IS)

    assert (foreign.status_code, foreign.json()["code"]) == (422, "zone_elsewhere")
    assert foreign.json()["errors"][0]["pointer"] == "/zones/1/zone"
    assert (twice.status_code, twice.json()["code"]) == (422, "zone_twice")
    assert empty.status_code == 400
    assert session.zone_treatments.count() == 1
