"""Where a clinic asks who signs: a PIN, a password or a passkey, each time, by every door."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.accounts.passkeys import ask_to_open
from clinic.accounts.signing import PinTooEasy, remove_pin, set_pin
from clinic.models import AccountNotice, Clinic, Pin, Role, User
from sessions.lifecycle import AbortReason, Status
from sessions.models import TreatmentSession
from tests.accounts.test_passkeys import PROOF, here, with_key
from tests.accounts.test_second_factor import PASSWORD, inside
from tests.admin.pages import client_of
from tests.admin.sessions.test_charting_page import press, typed
from tests.conftest import Booking
from tests.factories import NINE
from tests.support.accesses import Watch
from tests.support.forms import fields_of
from tests.support.hostile import NOBODY
from tests.support.kept import kept

PIN, PAGE = "730164", "/admin/pin/"
__all__ = ["here"]
pytestmark = pytest.mark.django_db


@kept
def ada(alice: User, clinic: Clinic) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff, alice.email = True, "ada@clinic.example"
    alice.save()
    set_pin(pin=PIN, at=timezone.now(), by=alice)
    clinic.asks_who_signs = True
    clinic.save()
    return alice


@kept
def session(booking: Booking) -> TreatmentSession:
    """Charted, and nothing stands in the way."""
    return booking.charted(timezone.now().replace(microsecond=0))


def api_for(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def header(secret: str) -> dict[str, str]:
    return {"Signed-With": b64encode(secret.encode()).decode()}


def status_of(session: TreatmentSession) -> str:
    return TreatmentSession.objects.get(pk=session.pk).status


@pytest.mark.parametrize(
    "pin",
    [
        *("12345", "1234567890123", "12345x", "１２３４５６", "", "901234  "),
        *("111111", "121212", "123456", "987654", "246802", "123123", "123321"),
        *("120587", "19870512", "311299"),
    ],
)
def test_a_pin_that_is_tried_first_is_refused(pin: str, alice: User) -> None:
    with pytest.raises(PinTooEasy):
        set_pin(pin=pin, at=timezone.now(), by=alice)


@pytest.mark.parametrize("pin", [PIN, "480799", "99418207", "507318642019"])
def test_any_other_is_kept_as_a_hash(pin: str, alice: User) -> None:
    set_pin(pin=pin, at=timezone.now(), by=alice)

    assert pin not in Pin.objects.get().hashed


@pytest.mark.parametrize("change", ["password", "role", "is_active"])
def test_it_ends_with_what_ends_log_ins(change: str, ada: User) -> None:
    ada.set_password("another long enough one")
    new = {"password": ada.password, "role": Role.MANAGER, "is_active": False}
    User.objects.filter(pk=ada.pk).update(**{change: new[change]})

    assert not Pin.objects.exists()


def test_its_page_asks_first_who_is_there(ada: User) -> None:
    remove_pin(at=timezone.now(), by=ada)
    AccountNotice.objects.all().delete()
    browser, watch = inside(ada), Watch()
    assert browser.get(PAGE)["Location"].startswith(PROOF)
    assert browser.post(PAGE, {"set": "1", "pin": PIN})["Location"].startswith(PROOF)
    assert browser.post(PROOF, {"password": PASSWORD, "next": PAGE})["Location"] == PAGE

    assert b"tried first" in browser.post(PAGE, {"set": "1", "pin": "123456"}).content
    assert browser.post(PAGE, {"set": "1", "pin": PIN}).status_code == 302
    assert b"You have one." in browser.get(PAGE).content
    assert browser.post(PAGE, {"remove": "1"}).status_code == 302
    assert not Pin.objects.exists()
    assert [row.code for row in watch.rows() if row.place == "pin"] == ["pin_set", "pin_removed"]
    told = AccountNotice.objects.order_by("id")
    assert [one.about.split(",")[0] for one in told] == ["a PIN was set", "the PIN was removed"]


@pytest.mark.parametrize("secret", [PIN, PASSWORD])
def test_a_record_is_signed_over_http_with_pin_or_password(
    secret: str, ada: User, session: TreatmentSession
) -> None:
    api = api_for(ada)
    place = f"/api/v1/sessions/{session.pk}/complete/"
    codes = [
        api.post(place, {}, headers=headers).json()["code"]
        for headers in ({}, header("730165"), {"Signed-With": "ä?"})
    ]
    assert codes == ["signature_needed", "wrong_signature", "wrong_signature"]
    assert status_of(session) == Status.IN_PROGRESS

    assert api.post(place, {}, headers=header(secret)).status_code == 200
    assert status_of(session) == Status.COMPLETED


@pytest.mark.parametrize("verb", ["complete", "abort", "overrides"])
def test_each_verb_that_signs_or_decides_asks_and_no_other_does(
    verb: str, ada: User, clinic: Clinic, session: TreatmentSession
) -> None:
    api, place = api_for(ada), f"/api/v1/sessions/{session.pk}"

    assert api.post(f"{place}/{verb}/", {}).json()["code"] == "signature_needed"
    assert api.post(f"{place}/confirm/", {}).json()["code"] == "illegal_move"
    clinic.asks_who_signs = False
    clinic.save()
    assert api.post(f"{place}/{verb}/", {"x": 1}).json()["code"] == "invalid"


def test_guesses_are_slowed_and_a_right_one_resets_them(
    ada: User, session: TreatmentSession
) -> None:
    api, place = api_for(ada), f"/api/v1/sessions/{session.pk}/overrides/"

    def tries(*secrets: str) -> list[int]:
        return [api.post(place, {}, headers=header(one)).status_code for one in secrets]

    assert tries("1", "2", PIN) == [403, 403, 400]
    assert tries("1", "2", "3", PIN) == [403, 403, 403, 429]


def test_the_chart_asks_in_the_same_press(
    ada: User, booking: Booking, session: TreatmentSession
) -> None:
    key, data = with_key(ada), {**typed(booking.zone, "1.25"), "sheet-notes": "as agreed"}
    for wrong in ({}, {"signed_with": "730165"}, {"passkey": "{}"}):
        page = press(ada, session, "sign", **data, **wrong).content
        assert b'value="1.25"' in page
        assert b"730165" not in page
        assert status_of(session) == Status.IN_PROGRESS

    answer = key.get(ask_to_open(ada))
    assert press(ada, session, "sign", **data, passkey=answer)["X-Leads-To"]
    assert status_of(session) == Status.COMPLETED


def test_to_abort_asks_too(ada: User, session: TreatmentSession) -> None:
    refused = press(ada, session, "abort", abort_reason="PATIENT_REQUEST", signed_with=PIN)
    assert b"This clinic asks who signs" in refused.content
    assert status_of(session) == Status.IN_PROGRESS

    right = {"abort_reason": AbortReason.values[0], "abort_note": "She felt faint."}
    press(ada, session, "abort", **right, **{"signed_with:abort": PIN})
    assert status_of(session) == Status.ABORTED


def test_to_go_on_in_spite_of_a_finding_asks_too(
    ada: User, booking: Booking, session: TreatmentSession
) -> None:
    key, data = f"depth_above_range:{booking.zone.code}", typed(booking.zone, "2.40")
    found = press(ada, session, "draft", **data).context["sheet"].findings
    (message,) = (said.entry.finding.message for said in found if said.key == key)
    told = {**data, f"shown:{key}": message, f"because:{key}": "Deep scar"}

    page = press(ada, session, f"decide:{key}", **told, signed_with=PIN).content.decode()
    assert "This clinic asks who signs" in page
    assert "Deep scar" in page
    assert not session.findings.exists()

    press(ada, session, f"decide:{key}", **told, **{f"signed_with:{key}": PIN})
    assert session.findings.get(code="depth_above_range").overridden_by == ada


def test_the_page_of_a_session_asks_too(ada: User, session: TreatmentSession) -> None:
    place = reverse("admin:treatment_sessions_treatmentsession_change", args=[session.pk])
    browser = client_of(ada)
    fields = fields_of(browser.get(place))
    (button,) = [
        name
        for name in browser.get(place).content.decode().split('"')
        if name.endswith("_complete")
    ][:1]
    for secret in ("", "730165"):
        page = browser.post(place, {**fields, button: "1", "signed_with": secret})
        assert (page.status_code, status_of(session)) == (200, Status.IN_PROGRESS)

    browser.post(place, {**fields, button: "1", "signed_with": PIN})
    assert status_of(session) == Status.COMPLETED


def books_sooner(booking: Booking, **more: str) -> dict[str, str]:
    """The day after another session of the plan."""
    booking.book()
    sooner = NINE + timedelta(days=1)
    return {**booking.body(sooner, spacing_override_reason="Agreed with the patient"), **more}


def as_asked(user: User) -> APIClient:
    """Read anew, as each request does: with the clinic as it is now."""
    return api_for(User.objects.get(pk=user.pk))


def test_a_booking_in_spite_of_a_rule_is_signed_over_http(ada: User, booking: Booking) -> None:
    api, body, place = as_asked(ada), books_sooner(booking), "/api/v1/sessions/"
    key = {"Idempotency-Key": "booked-sooner-once"}
    for headers, code in (
        ({}, "signature_needed"),
        (key, "signature_needed"),
        (header("730165"), "wrong_signature"),
    ):
        refused = api.post(place, body, headers=headers, format="json")
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    for nonsense in ({"plan": "x"}, {"plan": NOBODY}, {"plan": None}):
        assert api.post(place, {**body, **nonsense}, format="json").status_code == 400
    assert TreatmentSession.objects.count() == 1

    booked = api.post(place, body, headers={**key, **header(PIN)}, format="json")
    assert booked.status_code == 201
    assert TreatmentSession.objects.latest("pk").spacing_override_by == ada


def test_a_booking_by_the_rules_asks_nobody(ada: User, booking: Booking) -> None:
    answer = as_asked(ada).post("/api/v1/sessions/", booking.body(), format="json")

    assert answer.status_code == 201


def test_the_form_of_a_booking_asks_too(ada: User, booking: Booking) -> None:
    place, browser = reverse("admin:treatment_sessions_treatmentsession_add"), client_of(ada)
    body = books_sooner(booking)
    day, clock = body.pop("starts_at").split("T")
    typed = {**fields_of(browser.get(place)), **body, "starts_at_0": day, "starts_at_1": clock[:5]}
    for secret in ("", "730165"):
        page = browser.post(place, {**typed, "signed_with": secret})
        assert "PIN" in str(page.context["adminform"].form.errors["signed_with"])
    assert TreatmentSession.objects.count() == 1

    browser.post(place, {**typed, "signed_with": PIN})
    assert TreatmentSession.objects.latest("pk").spacing_override_by == ada


def test_a_clinic_that_asks_nobody_has_no_such_field(alice: User, booking: Booking) -> None:
    place = reverse("admin:treatment_sessions_treatmentsession_add")

    assert "signed_with" not in fields_of(client_of(alice).get(place))
