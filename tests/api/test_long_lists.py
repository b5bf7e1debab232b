"""No list is without an end: pages, a bound, a compact form, and gzip for clients that ask."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from sessions.api.booking import availability
from tests.conftest import Booking
from tests.factories import HOUR, NINE, PatientFactory, SkinTypeAssessmentFactory
from tests.support.answers import operations, resolved

pytestmark = pytest.mark.django_db
# Lists that come whole, and why they cannot grow long.
BOUNDED = {
    "list_consent_texts": "one in effect for each kind and language",
    "list_outcome_scales": "one in effect for each scale of the catalogue",
    "list_products": "one in effect for each product of the catalogue",
    "list_screening_rules": "one in effect for each question",
    "list_patient_duplicates": "the twenty likeliest",
    "list_session_findings": "one for each rule and zone or product of one session",
    "override_finding": "the same",
    "propose_series": "the sessions that a plan still needs, at most 52",
    "list_visit_type_attendance": "one for each kind of outcome visit of a clinic",
    "list_session_outcome_items": "one for each scale and standard view of the plan",
    "list_patient_consultation": "one for each thing that a consultation must have",
    "book_series": "the sessions that were sent, at most 52",
    "record_address_consent": "one for each purpose of one address",
}
GZIP = {"Accept-Encoding": "gzip, deflate"}


def test_every_list_has_pages_or_a_bound() -> None:
    whole = {
        operation["operationId"]
        for operation in operations().values()
        for status, answer in operation["responses"].items()
        for media in (resolved(answer) or {}).get("content", {}).values()
        if status < "300" and media["schema"].get("type") == "array"
    }

    assert whole == set(BOUNDED)


def pages(client: APIClient, url: str) -> list[list[Any]]:
    found, link = [], url
    while link:
        answer = client.get(link).json()
        found.append(answer["results"])
        if answer["previous"] and len(found) > 1:
            assert client.get(answer["previous"]).json()["results"] == found[-2]
        link = answer["next"]
    return found


@pytest.mark.parametrize("part", ["timeline", "history", "skin-types", "contact-consents"])
def test_the_pages_of_a_record_have_every_row_once(
    as_alice: APIClient, clinic: Any, part: str
) -> None:
    patient = PatientFactory(clinic=clinic)
    for skin_type in (2, 3, 4, 5, 2):
        SkinTypeAssessmentFactory(patient=patient, skin_type=skin_type)
    url = f"/api/v1/patients/{patient.pk}/{part}/"
    whole = as_alice.get(f"{url}?page_size=200").json()["results"]

    found = pages(as_alice, f"{url}?page_size=2")

    assert [row for page in found for row in page] == whole
    assert {len(page) for page in found[:-1]} <= {2}
    for cursor in ("nowhere", "cj0x", "bz0x", "cD0-"):  # no base64; r=1; o=1; p=~, before all
        answer = as_alice.get(f"{url}?cursor={cursor}")
        assert answer.status_code == 200 or answer.json()["errors"][0]["pointer"] == "/cursor"


def test_free_times_come_whole_in_pages_and_compact(as_dana: APIClient, booking: Booking) -> None:
    day = NINE.date()
    query = f"?plan={booking.plan.pk}&from={day}&to={day + timedelta(days=1)}"
    whole = as_dana.get(f"/api/v1/availability/{query}").json()

    paged = pages(as_dana, f"/api/v1/availability/{query}&page_size=50")
    compact = pages(as_dana, f"/api/v1/availability/compact/{query}&page_size=70")

    assert len(whole) > 150
    assert [slot for page in paged for slot in page] == whole
    told = [
        (start, group["practitioner"], group["room"], group["device"])
        for page in compact
        for group in page
        for start in group["starts"]
    ]
    assert told == [tuple(s[n] for n in ("starts_at", *availability.WHO)) for s in whole]
    small = as_dana.get(f"/api/v1/availability/compact/{query}").content
    assert len(small) * 6 < len(json.dumps(whole))


def test_too_many_free_times_at_once_are_refused_with_what_would_do(
    as_dana: APIClient, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "MOST", 10)
    query = f"?plan={booking.plan.pk}&from={NINE.date()}&to={NINE.date()}"

    refused = as_dana.get(f"/api/v1/availability/{query}")

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/to")
    assert "page_size" in refused.json()["detail"]
    assert as_dana.get(f"/api/v1/availability/{query}&page_size=5").status_code == 200


def test_gzip_is_for_who_asks(as_dana: APIClient, booking: Booking) -> None:
    url = f"/api/v1/availability/?plan={booking.plan.pk}&from={NINE.date()}&to={NINE.date()}"

    plain, small = as_dana.get(url), as_dana.get(url, headers=GZIP)

    assert "Content-Encoding" not in plain
    assert small["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small["Vary"]
    assert json.loads(gzip.decompress(small.content)) == plain.json()
    assert len(small.content) * 8 < len(plain.content)


def test_the_length_of_what_is_compressed_tells_nothing(
    as_dana: APIClient, booking: Booking
) -> None:
    booking.book(NINE + HOUR)

    lengths = {len(as_dana.get("/api/v1/sessions/", headers=GZIP).content) for _ in range(12)}

    assert len(lengths) > 1  # random bytes are added: the same answer is not of one length


def test_a_tag_that_gzip_made_weak_can_be_sent_back(as_alice: APIClient, clinic: Any) -> None:
    # long enough that a hundred random bytes do not make it longer than it was
    patient = PatientFactory(clinic=clinic, notes="Prefers the morning. " * 50)
    url = f"/api/v1/patients/{patient.pk}/medical/"
    read = as_alice.get(url, headers=GZIP)
    assert read["ETag"].startswith('W/"')

    same = as_alice.get(url, headers={"If-None-Match": read["ETag"], **GZIP})
    change = {"allergies": "Nickel"}
    changed = as_alice.patch(url, change, headers={"If-Match": read["ETag"], **GZIP})
    stale = as_alice.patch(url, change, headers={"If-Match": read["ETag"]})

    assert (same.status_code, changed.status_code, stale.status_code) == (304, 200, 412)


def test_pages_for_people_are_not_compressed(client: Client) -> None:
    assert "Content-Encoding" not in client.get("/", headers=GZIP)
    assert "Content-Encoding" in client.get("/api/schema/", headers=GZIP)
