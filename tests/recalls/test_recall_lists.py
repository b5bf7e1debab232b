"""How many patients of a lot stand where, over HTTP and in the admin; and two records of one."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from aftercare.models import Message, RecallNotice
from aftercare.records.history import changes
from aftercare.records.timeline import timeline
from aftercare.services import acknowledge_recall
from aftercare.services.recall import READ_WITHIN, call_the_silent
from clinic.models import CartridgeLot, Clinic, User
from patients.models import StaffTask
from patients.services import finish_task
from tests.conftest import client_of
from tests.factories import DAY, HOUR, NINE, BreakGlassFactory, CartridgeUseFactory, SessionFactory
from tests.patients.merging import merge, twins
from tests.recalls.test_telling import calls, send
from tests.recalls.world import (
    BOTH,
    RECALLED,
    notice_of,
    recall,
    step_of_recalls,
    stored_lot,
    used_on,
)
from tests.support.accesses import RECORDED
from tests.support.doubles import SmtpServer

pytestmark = pytest.mark.django_db
EMAIL, SMS = BOTH


@pytest.fixture
def lot(clinic: Clinic, manager: User, alice: User, smtp: SmtpServer) -> CartridgeLot:
    """Recalled, and its patients stand in every state that is not on its way."""
    step_of_recalls()
    lot = stored_lot(clinic)
    reader, *_ = (used_on(lot, EMAIL, at=NINE + n * DAY) for n in range(3))
    for _ in range(2):
        used_on(lot)
    recall(lot, manager)
    send()
    acknowledge_recall(notice_id=notice_of(reader).pk, at=RECALLED + HOUR)
    call_the_silent(at=RECALLED + READ_WITHIN)
    for task in calls().order_by("patient")[:2]:
        finish_task(task_id=task.pk, note="Skin is fine.", at=RECALLED + 3 * DAY, by=alice)
    lot.refresh_from_db()
    return lot


def test_the_lot_says_how_many_stand_where(
    lot: CartridgeLot, as_dana: APIClient, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):
        counts = as_dana.get(f"/api/v1/lots/{lot.pk}/recall-progress/").json()
    assert counts["affected"] == 5
    assert counts["read"] == 1
    assert counts["called"] == 2
    assert counts["silent"] + counts["unreachable"] == 2


def test_the_list_is_paged_and_what_was_said_is_not_for_the_desk(
    lot: CartridgeLot,
    as_dana: APIClient,
    as_alice: APIClient,
    as_bob: APIClient,
    django_assert_num_queries: Any,
) -> None:
    url = f"/api/v1/lots/{lot.pk}/recall-notices/"
    with django_assert_num_queries(2 + RECORDED):
        rows = as_alice.get(url).json()["results"]

    assert len(rows) == 5
    assert {row["outcome"] for row in rows if row["state"] == "CALLED"} == {"Skin is fine."}
    assert {row["outcome"] for row in as_dana.get(url).json()["results"]} == {""}
    assert len(as_dana.get(f"{url}?page_size=2").json()["results"]) == 2
    assert as_bob.get(url).status_code == 404


def test_the_manager_says_it_again(lot: CartridgeLot, manager: User, as_dana: APIClient) -> None:
    url = f"/api/v1/lots/{lot.pk}/tell-patients/"

    assert as_dana.post(url).status_code == 403
    assert client_of(manager).post(url).json()["affected"] == 5
    other = client_of(manager).post(f"/api/v1/lots/{stored_lot(lot.clinic).pk}/tell-patients/")

    assert (other.status_code, other.json()["code"]) == (409, "not_recalled")


def page_of(user: User, name: str, *rows: Any, **only: Any) -> str:
    browser = Client()
    browser.force_login(user)
    address = reverse(f"admin:{name}", args=[row.pk for row in rows])
    return browser.get(address, only).content.decode()


def test_the_page_of_the_lot_counts_and_leads_to_the_list(
    lot: CartridgeLot, manager: User, dana: User
) -> None:
    page = page_of(manager, "clinic_cartridgelot_change", lot)
    only = {"lot__id__exact": lot.pk, "state": "READ"}
    found = page_of(dana, "aftercare_recallnotice_changelist", **only)
    listed = [notice.state for notice in RecallNotice.objects.all() if str(notice.pk) in found]

    assert "5 affected" in page
    assert "Has read it: 1" in page
    assert "Tell patients again" in page
    assert listed == ["READ"]
    called = RecallNotice.objects.filter(state="CALLED").earliest("id")
    assert "Skin is fine." not in page_of(manager, "aftercare_recallnotice_change", called)
    BreakGlassFactory(patient=called.patient, by=manager)
    assert "Skin is fine." in page_of(manager, "aftercare_recallnotice_change", called)
    assert "Skin is fine." not in page_of(dana, "aftercare_recallnotice_change", called)


def test_the_story_of_a_patient_tells_of_it(lot: CartridgeLot) -> None:
    called = RecallNotice.objects.filter(state="CALLED").earliest("id")
    told = {entry.kind: entry.detail for entry in timeline(called.patient)}

    assert told["recall"] == "needles bent"
    assert told["recall_called"] == "Skin is fine."
    assert "aftercare_recall_notice" in {change.table for change in changes(called.patient)}


@pytest.mark.parametrize("reads", [True, False])
def test_two_records_of_one_person_have_one_notice_and_one_call(
    clinic: Clinic, manager: User, reads: bool
) -> None:
    step_of_recalls()
    lot, (kept, merged) = stored_lot(clinic), twins(clinic)
    for number, patient in enumerate((kept, merged)):
        session = SessionFactory(plan__patient=patient, starts_at=NINE + number * 40 * DAY)
        CartridgeUseFactory(session=session, lot=lot)
    recall(lot, manager, at=NINE + 90 * DAY)
    at = NINE + 91 * DAY
    assert calls().filter(status="OPEN").count() == 2
    if reads:
        acknowledge_recall(notice_id=notice_of(merged).pk, at=at)

    for record in (kept, merged):
        BreakGlassFactory(patient=record, by=manager)
    merge(kept, merged, manager, at=at)

    notice = RecallNotice.objects.get()
    assert notice.patient == kept
    assert notice.session.starts_at == NINE + 40 * DAY
    assert (notice.read_at == at) is reads
    assert calls().filter(status="OPEN").count() == (0 if reads else 1)
    assert not Message.objects.exclude(recall_notice=notice).exists()
    if not reads:
        finish_task(task_id=calls().get(status="OPEN").pk, note="Fine.", at=at, by=manager)
        assert notice_of(kept).state == "CALLED"
        assert not StaffTask.objects.open().exists()
