"""A form of the admin that is sent twice is saved once: a double click, Back, a second tab."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from clinic.models import IdempotencyKey, User
from patients.models import Patient, StaffTask
from sessions.models import TreatmentPlan
from tests.admin.pages import client_of, url
from tests.conftest import Booking
from tests.factories import MessageFactory, PatientFactory, StaffTaskFactory
from tests.support.forms import Fields, fields_of, opened, send
from tests.walks.test_admin_walk import REGISTRY, address, allowed, browser, filled, staff

ONCE = "This was saved already: nothing was done twice."


def count(model: type[Model]) -> int:
    return model._default_manager.count()


@pytest.mark.django_db
def test_every_form_for_a_new_row_makes_one_row_however_often_it_is_sent(rows: list[Any]) -> None:
    """The second answer leads to what the first has made, and says so."""
    people = staff(rows[0])
    failures = []
    tried = 0
    for model in REGISTRY:
        for user in allowed(people, model, "add")[:1]:
            with transaction.atomic():
                client, page = browser(user), address(model(), "add")
                typed = filled(client, model, rows)
                if typed is None:
                    continue
                before = count(model)
                first = client.post(page, {**typed, "_save": "1"})
                for one in typed.values():
                    if hasattr(one, "seek"):
                        one.seek(0)
                again = client.post(page, {**typed, "_save": "1"}, follow=True)
                tried += 1
                told = ONCE in again.content.decode()
                if first.status_code != 302 or count(model) != before + 1 or not told:
                    failures.append((model.__name__, first.status_code, count(model) - before))
                transaction.set_rollback(True)

    assert tried > 25
    assert not failures


def new_plan(booking: Booking, alice: User) -> tuple[Client, str, Fields]:
    client = client_of(alice)
    page = reverse("admin:treatment_sessions_treatmentplan_add")
    typed = {
        "patient": str(booking.plan.patient.pk),
        "concern": str(booking.plan.concern.pk),
        "area": str(booking.plan.area.pk),
        "protocol": str(booking.plan.protocol.pk),
        "kind": "COURSE",
        "planned_zones": "1",
        "_save": "1",
    }
    return client, page, typed


@pytest.mark.django_db
def test_what_is_typed_after_going_back_is_kept_and_asked_about(
    alice: User, booking: Booking
) -> None:
    client, page, typed = new_plan(booking, alice)
    form = opened(client, page)
    client.post(page, {**form, **typed})

    back = client.post(page, {**form, **typed, "goals": "Softer scars"})
    asked = back.content.decode()
    client.post(page, {**fields_of(back), "_save": "1"})

    assert "This form was saved already, as" in asked
    assert "Softer scars" in asked
    assert sorted(TreatmentPlan.objects.exclude(pk=booking.plan.pk).values_list("goals")) == [
        ("",),
        ("Softer scars",),
    ]


@pytest.mark.django_db
def test_a_form_without_a_key_is_known_by_what_it_says(alice: User, booking: Booking) -> None:
    """A tab that was open since before there were keys."""
    client, page, typed = new_plan(booking, alice)

    client.post(page, typed)
    client.post(page, typed)

    assert count(TreatmentPlan) == 2


@pytest.mark.django_db
def test_a_refused_form_keeps_its_key(alice: User, booking: Booking) -> None:
    client, page, typed = new_plan(booking, alice)
    form = opened(client, page)

    refused = client.post(page, {**form, **typed, "patient": ""})
    saved = client.post(page, {**fields_of(refused), **typed})

    assert (refused.status_code, saved.status_code) == (200, 302)
    assert fields_of(refused)["_form_key"] == form["_form_key"]
    assert count(TreatmentPlan) == 2


@pytest.mark.django_db
def test_a_button_that_is_pressed_twice_does_one_thing(dana: User) -> None:
    """Also one that leaves its row as it was: a message that is sent again."""
    message = MessageFactory(
        session__plan__patient__clinic=dana.clinics.get(), status="FAILED", reason="x"
    )
    client = client_of(dana)
    form = opened(client, url(message)) | {"aftercare_message_send_again": "1"}

    client.post(url(message), form)
    again = client.post(url(message), form, follow=True)

    assert count(type(message)) == 2
    assert ONCE in again.content.decode()


@pytest.mark.django_db
def test_an_action_of_a_list_is_run_once_for_each_time_that_it_was_opened(dana: User) -> None:
    message = MessageFactory(
        session__plan__patient__clinic=dana.clinics.get(), status="FAILED", reason="x"
    )
    client, page = client_of(dana), url(message, "changelist")
    form = fields_of(client.get(page)) | {
        "action": "resend",
        "_selected_action": [str(message.pk)],
    }

    client.post(page, form)
    again = client.post(page, form, follow=True)

    assert count(type(message)) == 2
    assert ONCE in again.content.decode()


def sent_together(user: User, page: str, forms: list[Fields]) -> list[int]:
    """What is answered to forms that are sent at the same moment."""
    together = Barrier(len(forms))

    def click(form: Fields) -> int:
        client = client_of(user)
        together.wait()
        try:
            return int(client.post(page, form).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(forms)) as threads:
        return list(threads.map(click, forms))


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one_plan(alice: User, booking: Booking) -> None:
    """With a key each, which is the control, they make two."""
    client, page, typed = new_plan(booking, alice)
    form = {**opened(client, page), **typed}

    assert sent_together(alice, page, [form, form]) == [302, 302]
    assert count(TreatmentPlan) == 2
    others = [{**form, "_form_key": key} for key in ("one", "another")]
    assert sent_together(alice, page, others) == [302, 302]
    assert count(TreatmentPlan) == 4


@pytest.mark.django_db
def test_keys_of_forms_are_forgotten_with_those_of_the_api(alice: User) -> None:
    task = StaffTaskFactory(clinic=alice.clinics.get(), audience="CLINICAL")

    send(client_of(alice), url(task), "patients_stafftask_done")

    assert IdempotencyKey.objects.get().key.startswith("form:")


@pytest.mark.django_db
def test_a_popup_hands_back_the_row_that_the_first_click_made(alice: User) -> None:
    client, page = client_of(alice), reverse("admin:patients_patient_add") + "?_popup=1"
    patient = PatientFactory.build(clinic=None)
    form = opened(client, page) | {
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "date_of_birth": "3 Apr 1990",
        "_save": "1",
    }

    first, again = client.post(page, form), client.post(page, form)

    assert count(Patient) == 1
    assert count(StaffTask) == 0
    assert "data-popup-response" in again.content.decode()
    assert first.content == again.content
