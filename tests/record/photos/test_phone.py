"""Photographs of a visit by any phone: who has the link may send them, for half an hour, and see
nothing but the earlier picture of the same view."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import AccessRecord, User
from patients.models import PhotoConsent
from sessions.lifecycle import Status
from sessions.models import Photo, TreatmentSession
from sessions.pages import link as links
from sessions.pages.link import LASTS, MOST, link_of, open_link
from sessions.services.record.photos import remove_files
from tests.admin.pages import client_of
from tests.conftest import Booking
from tests.factories import DAY
from tests.support.marked_words import marked, words_marked
from tests.support.pictures import agree, jpeg, stored

pytestmark = pytest.mark.django_db
PHONE = Client()


@pytest.fixture
def session(booking: Booking, media: Any) -> TreatmentSession:
    agree(booking.plan.patient, booking.practitioner)
    return TreatmentSession.objects.get(pk=booking.in_progress().pk)


@pytest.fixture
def page(session: TreatmentSession, booking: Booking) -> str:
    secret = open_link(session, at=timezone.now(), by=booking.practitioner)
    return reverse("photo-page", args=[secret])


def send(page: str, content: bytes | None = None, view: str = "FRONT", name: str = "a.jpg") -> Any:
    image = SimpleUploadedFile(name, jpeg() if content is None else content)
    return PHONE.post(page, {"view": view, "image": image})


def test_the_page_speaks_the_language_of_who_made_the_link(page: str, booking: Booking) -> None:
    User.objects.filter(pk=booking.practitioner.pk).update(language="es")

    with words_marked("es"):
        shown = PHONE.get(page).content.decode()
        ended = PHONE.get(reverse("photo-page", args=["gone"]), headers={"Accept-Language": "es"})

    assert marked("Earlier picture") in shown
    assert marked("This link has ended") in ended.content.decode()


def test_what_a_phone_sends_is_of_the_visit_and_by_who_made_the_link(
    page: str, session: TreatmentSession, booking: Booking
) -> None:
    shown = PHONE.get(page)
    sent = send(page, view="LEFT_45")

    photo = Photo.objects.get()
    assert "1 taken" not in shown.content.decode()
    assert "1 taken" in sent.content.decode()
    assert (photo.session, photo.view) == (session, "LEFT_45")
    assert photo.uploaded_by == booking.practitioner
    assert booking.plan.patient.family_name not in shown.content.decode()
    headers = {name: shown[name] for name in ("Cache-Control", "Referrer-Policy")}
    assert headers == {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    assert "script-src 'self';" in shown["Content-Security-Policy"]
    rows = AccessRecord.objects.filter(door="PAGE").order_by("id")
    assert [(row.actor_id, row.action, row.outcome) for row in rows] == [
        (booking.practitioner.pk, "READ", "DONE"),
        (booking.practitioner.pk, "WRITE", "DONE"),
    ]
    assert {tuple(row.patient_ids) for row in rows} == {(session.patient_id,)}


def test_it_shows_the_earlier_picture_of_the_same_view_and_no_other(
    page: str, session: TreatmentSession, booking: Booking
) -> None:
    earlier = stored(jpeg(900, 600), session.patient, booking.practitioner)
    send(page, view="CLOSE_UP")
    ghosts = {
        view: PHONE.get(f"{page}{view}.jpg") for view in ("FRONT", "CLOSE_UP", "LEFT_90", "SENT")
    }

    assert earlier.view == "FRONT"
    assert {view: answer.status_code for view, answer in ghosts.items()} == {
        **dict.fromkeys(ghosts, 404),
        "FRONT": 200,
    }
    with earlier.thumbnail.open() as file:
        assert ghosts["FRONT"].content == file.read()
    assert ghosts["FRONT"]["Cache-Control"] == "no-store"
    assert 'data-ghost="FRONT.jpg"' in PHONE.get(page).content.decode()
    seen = AccessRecord.objects.filter(action="PHOTO").get()
    assert (seen.actor_id, seen.object_id) == (booking.practitioner.pk, earlier.pk)
    remove_files(earlier.thumbnail.name)  # as after a restore without the media
    assert PHONE.get(f"{page}FRONT.jpg").status_code == 404


@pytest.mark.parametrize(
    "ended",
    ["time", "signed", "now", "consent", "anew", "left", "archived", "away"],
)
def test_it_ends_with_the_half_hour_the_visit_the_consent_and_by_a_press(
    page: str,
    session: TreatmentSession,
    booking: Booking,
    monkeypatch: pytest.MonkeyPatch,
    ended: str,
) -> None:
    at, by = timezone.now(), booking.practitioner
    if ended == "time":
        monkeypatch.setattr("sessions.pages.phone.timezone.now", lambda: at + LASTS)
    elif ended == "signed":
        TreatmentSession.objects.filter(pk=session.pk).update(status=Status.CANCELLED)
    elif ended == "now":
        links.end_link(session.pk)
    elif ended == "consent":
        PhotoConsent.objects.update(revoked_at=at, revoke_reason="Changed her mind")
    elif ended == "anew":
        open_link(session, at=at, by=by)
    elif ended == "left":
        User.objects.filter(pk=by.pk).update(is_active=False)
    elif ended == "archived":
        type(session.patient).objects.filter(pk=session.patient_id).update(archived_at=at)
    else:
        cache.clear()

    answers = [PHONE.get(page), send(page), PHONE.get(f"{page}FRONT.jpg")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "This link has ended" in answers[0].content.decode()
    assert not Photo.objects.exists()


def test_just_before_the_half_hour_is_over_it_is_still_open(
    session: TreatmentSession, booking: Booking
) -> None:
    at = timezone.now()
    secret = open_link(session, at=at, by=booking.practitioner)

    assert link_of(secret, at=at + LASTS - timedelta(seconds=1)) is not None
    assert link_of(secret, at=at + LASTS) is None
    assert link_of(secret + "x", at=at) is None


@pytest.mark.parametrize(
    ("content", "view", "status"),
    [
        (b"<script>alert(1)</script>", "FRONT", 415),
        (jpeg()[:200], "FRONT", 400),
        (b"", "FRONT", 415),
        (jpeg(), "SENT", 422),
        (jpeg(), "\0", 422),
    ],
)
def test_what_is_no_picture_is_refused_in_words_and_written_down(
    page: str, content: bytes, view: str, status: int
) -> None:
    refused = send(page, content, view)

    assert refused.status_code == status
    assert 'role="alert"' in refused.content.decode()
    assert not Photo.objects.exists()
    assert AccessRecord.objects.filter(door="PAGE", outcome="REFUSED").count() == 1


def test_a_link_takes_so_many_pictures_and_no_more(page: str, session: TreatmentSession) -> None:
    key = cache.get(f"photo-link-of:{session.pk.hex}")
    cache.set(f"{key}:pictures", MOST, timeout=60)

    refused = send(page)

    assert refused.status_code == 429
    assert not Photo.objects.exists()


def test_the_tablet_shows_a_code_to_whoever_may_take_photographs(
    session: TreatmentSession, booking: Booking, dana: User, bob: User
) -> None:
    tablet = client_of(booking.practitioner)
    page = reverse("admin:treatment_sessions_treatmentsession_photos", args=[session.pk])
    link_key = f"photo-link-of:{session.pk.hex}"

    looked_at = tablet.get(page)
    nothing_made = cache.get(link_key)
    shown = tablet.post(page, {"do": "open"})
    made = cache.get(link_key)
    stored(jpeg(), session.patient, booking.practitioner, session=session)
    again = tablet.get(page).content.decode()
    tablet.post(page, {"do": "end"})

    assert "Show the code" in looked_at.content.decode()
    assert (nothing_made, bool(made), cache.get(link_key)) == (None, True, None)
    assert re.search(r"<svg[^>]+>.*</svg>", shown.content.decode(), re.DOTALL)
    assert "every 4s" in shown.content.decode()
    assert "Front, " in again
    assert [client_of(user).get(page).status_code for user in (dana, bob)] == [403, 404]


def test_without_valkey_no_link_is_made_or_ended_and_none_is_open(
    page: str, session: TreatmentSession, booking: Booking, settings: Any
) -> None:
    tablet = client_of(booking.practitioner)
    place = reverse("admin:treatment_sessions_treatmentsession_photos", args=[session.pk])
    here = settings.CACHES["default"]
    settings.CACHES = {"default": {**here, "LOCATION": "redis://127.0.0.1:9/0"}}

    told = [tablet.post(place, {"do": do}) for do in ("open", "end")]
    away = PHONE.get(page)

    said = "no link can be made or ended"
    assert [said in answer.content.decode() for answer in told] == [True, True]
    assert away.status_code == 404


def test_without_consent_or_visit_there_is_no_code(booking: Booking, media: Any) -> None:
    tablet = client_of(booking.practitioner)
    session = booking.in_progress()
    page = reverse("admin:treatment_sessions_treatmentsession_photos", args=[session.pk])

    no_consent = tablet.post(page, {"do": "open"}).content.decode()
    agree(booking.plan.patient, booking.practitioner, signed_at=timezone.now() - DAY)
    TreatmentSession.objects.filter(pk=session.pk).update(status=Status.CANCELLED)
    no_visit = tablet.post(page, {"do": "open"}).content.decode()

    assert "no valid consent" in no_consent
    assert "once the patient is checked in" in no_visit
    assert "<svg xmlns" not in no_consent + no_visit
