"""Nobody writes to an archived or merged record: every service that takes one is tried."""

import inspect
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import RequestFactory

from clinic.models import User
from patients.models import ConsentText, Patient
from patients.services import PatientArchived
from sessions import services as of_sessions
from sessions.lifecycle import Status
from sessions.services.ending.decisions import Decider
from tests.conftest import Booking
from tests.factories import (
    DAY,
    NINE,
    ConcernFactory,
    InboundFactory,
    MessageFactory,
    OtherTreatmentFactory,
    OutcomeScaleFactory,
    PatientFactory,
    SideEffectFactory,
    WaitlistEntryFactory,
    visit_type_of,
)
from tests.house.test_architecture import READS, services
from tests.support.pictures import jpeg

pytestmark = pytest.mark.django_db
# What a service may take that belongs to a patient.
TAKES = {
    *("patient", "patient_id", "plan", "plan_id", "session", "session_id", "entry_id"),
    *(
        "side_effect_id",
        "treatment_id",
        "concern_id",
        "message",
        "message_id",
        "consent",
        "kept_id",
    ),
}
PATHS = {"patient", "plan", "session"}  # by which a row leads to its patient
# What is done to an archived record on purpose.
ALLOWED = {
    "abort_session": "it ends a session that was kept",
    "skip_area": "it ends a part of a session that was kept",
    "archive_record": "a step of archive_patient, which refuses it as well",
    "book_asked_visit": "answers GONE: patients' links have ended with the record",
    "cancel_message": "it stops what waits",
    "cancel_own_visit": "patients' links have ended with the record",
    "confirm": "answers False: patients' links have ended with the record",
    "finish_tasks_of": "a step of what ends a session that was kept",
    "drop_draft": "it forgets what was never written",
    "decline_offer": "it gives a time back",
    "open_record": "an archived record is read too; a merged one it refuses",
    "merge_patients": "refuses with cannot_merge: an archived record is not the one that is kept",
    "move_own_visit": "answers False: patients' links have ended with the record",
    "note_freed": "a step of cancelling",
    "preview_merge": "refuses with cannot_merge",
    "raise_task": "somebody has to look after what was kept",
    "receive_from_check_in": "what a patient writes must not be lost; the page has ended",
    "receive_from_page": "what a patient writes must not be lost; the page has ended",
    "record": "a word on an address, which may be shared",
    "record_not_theirs": "whoever has the address is not the patient, archived or not",
    "resolve_message": "what became of a message that was sent",
    "report_exposure": "what happened must be told",
    "restore_patient": "the way back",
    "restore_record": "a step of it",
    "revoke_consent": "the right of the patient, always",
    "tell_of_other_treatments": "a step of booking, which refuses; what is too near is a task",
    "try_birth_date": "it opens no page: patients' links have ended with the record",
    "withdraw_from_waitlist": "it ends something",
}
ENDS = (Status.CANCELLED, Status.NO_SHOW)  # of sessions that were kept


class World:
    """An archived record with everything in it, and one call of each service on it."""

    def __init__(self, booking: Booking) -> None:
        self.booking, self.by = booking, booking.practitioner
        self.done = booking.completed()
        self.coming = booking.book(NINE + 40 * DAY)
        self.effect = SideEffectFactory(session=self.done)
        patient = booking.plan.patient
        self.other_treatment = OtherTreatmentFactory(patient=patient)
        self.concern = patient.concerns.create(patient=patient, concern=ConcernFactory())
        self.entry = WaitlistEntryFactory(
            plan=booking.plan,
            status="OFFERED",
            offered_starts_at=NINE + 90 * DAY,
            offered_practitioner=self.by,
            offered_room=booking.room,
            offered_device=booking.device,
            offer_expires_at=NINE + 80 * DAY,
        )
        self.inbound = InboundFactory(patient=patient, clinic=patient.clinic)
        self.message = MessageFactory(session=self.done, status="CANCELLED", reason="by hand")
        self.at = NINE + 40 * DAY - timedelta(minutes=5)
        self.off = booking.book(NINE + 80 * DAY)
        booking.move(self.off, Status.CANCELLED, at=self.at, undoable=True)
        slot = {"practitioner": self.by, "room": booking.room, "device": booking.device}
        self.slot = {**slot, "starts_at": NINE + 90 * DAY}

    @property
    def plan(self) -> Any:
        self.booking.plan.refresh_from_db()
        return self.booking.plan

    @property
    def calls(self) -> dict[str, dict[str, Any]]:
        patient, session = {"patient_id": self.plan.patient_id}, {"session_id": self.coming.pk}
        signed = {"text": ConsentText.objects.all()[0], "signer_name": "Grace"}
        done = type(self.done).objects.get(pk=self.done.pk)
        return {
            "accept_offer": {"entry_id": self.entry.pk},
            "add_addendum": {"session_id": self.done.pk, "text": "Healed."},
            "record_deviation": {
                "session_id": self.done.pk,
                "kind": "OTHER",
                "reason": "X",
                "action_taken": "X",
            },
            "ask_by_phone": patient,
            "answer_reply": {"inbound_id": self.inbound.pk, "text": "Please call us."},
            "archive_patient": {**patient, "decider": Decider(at=self.at, by=self.by)},
            "assess_skin_type": {**patient, "skin_type": 3, "assessed_on": date(2030, 1, 1)},
            "book_series": {"plan_id": self.plan.pk, "slots": [self.slot]},
            "book_session": {"plan": self.plan, **self.slot},
            "book_caller": {
                **{"visit_type": visit_type_of(self.plan.clinic, "check"), "practitioner": self.by},
                **{"patient": self.plan.patient, "starts_at": NINE + 90 * DAY},
            },
            "book_visit": {
                **{"visit_type": visit_type_of(self.plan.clinic, "consultation")},
                **{"patient": self.plan.patient, "practitioner": self.by},
                **{"room": self.booking.room, "starts_at": NINE + 90 * DAY},
            },
            "change_concern": {"concern_id": self.concern.pk, "changes": {"note": "X"}},
            "change_plan": {"plan_id": self.plan.pk, "changes": {"goals": "X"}},
            "create_plan": {
                "patient": self.plan.patient,
                "concern": self.plan.concern,
                "area": self.plan.area,
                "protocol": self.plan.protocol,
                "practitioner": None,
            },
            "hand_out_consent": {**patient, "text": ConsentText.objects.all()[0]},
            "hold_visit": {
                **{"visit_type": visit_type_of(self.plan.clinic, "check"), **self.slot},
                **{"patient": self.plan.patient, "device": None},
            },
            "keep_home_answers": {**patient, "answers": {}},
            "finish_home_screening": {
                **patient,
                **{"good_health": True, "note": "", "due_at": NINE},
            },
            "join_waitlist": {
                "plan": self.plan,
                "from_on": date(2030, 1, 1),
                "until_on": date(2030, 2, 1),
            },
            "record_check_in": {"session_id": done.pk, "signs": []},
            "log_side_effect": {
                "session": done,
                "kind": "ERYTHEMA",
                "grade": 1,
                "is_expected": True,
                "onset_at": NINE,
            },
            "move_plan": {
                **{"plan_id": self.plan.pk, "to": "ACTIVE"},
                "decider": Decider(at=self.at, by=self.by),
            },
            "move_session": {**session, "to": Status.CHECKED_IN},
            "note_side_effect": {
                **{"side_effect_id": self.effect.pk, "grade": 1, "is_expected": True, "note": ""}
            },
            "override_finding": {**session, "code": "x", "subject": "", "reason": "x"},
            "place_hold": {"plan_id": self.plan.pk, **self.slot},
            "record_candidacy": {"patient": self.plan.patient, "outcome": "CANDIDATE"},
            "record_other_treatment": {
                **patient,
                **{"kind": "PEEL", "area": self.plan.area, "place": "HERE"},
                "treated_on": date(2024, 5, 1),
            },
            "correct_other_treatment": {
                "treatment_id": self.other_treatment.pk,
                "changes": {"notes": "x"},
            },
            "record_concern": {**patient, "concern": ConcernFactory()},
            "choose_language": {**patient, "language": "es"},
            "record_contact_consent": {
                **patient,
                **{"channel": "EMAIL", "purpose": "CARE", "granted": True, "wording": "?"},
            },
            "record_outcome": {
                "plan": self.plan,
                "scale": OutcomeScaleFactory(),
                "milestone": "D90",
                "rater_role": "PATIENT",
                "score": Decimal(2),
            },
            "record_photo_consent": {**patient, **signed, "scope": "CLINICAL"},
            "record_screening": {
                **patient,
                **{"kind": "FULL", "answers": [], "good_health": True},
                "expectations_discussed": True,
            },
            "record_treatment_consent": {
                **patient,
                **signed,
                **{"clauses": [], "zones": [], "device_models": []},
            },
            "reschedule_session": {**session, "starts_at": NINE + 90 * DAY},
            "undo_end": {"session_id": self.off.pk},
            "resend_message": {"message_id": self.message.pk},
            "resolve_side_effect": {"side_effect_id": self.effect.pk, "resolution": "RESOLVED"},
            "store_photo": {
                "patient": self.plan.patient,
                "view": "FRONT",
                "taken_at": NINE,
                "upload": BytesIO(jpeg()),
            },
            "update_patient": {**patient, "changes": {"given_name": "X"}},
            "put_cream_on": session,
            "take_cream_off": session,
            "use_cartridge": {**session, "code": self.booking.cartridge()},
            "keep_draft": {**session, "content": {}},
            "write_typed": {**session, "chart": of_sessions.Chart(zones=[])},
            "sign_typed": {**session, "chart": of_sessions.Chart(zones=[])},
            "write_chart": {**session, "zones": []},
        }

    def call(self, name: str, service: Callable[..., Any], details: dict[str, Any]) -> Any:
        parameters = inspect.signature(service).parameters
        clock: dict[str, Any] = {"at": self.at, "by": self.by}
        return service(**{k: v for k, v in clock.items() if k in parameters}, **details)


def takes_a_record() -> dict[str, Callable[..., Any]]:
    return {
        name: service
        for name, service in services().items()
        if name not in READS and TAKES & set(inspect.signature(service).parameters)
    }


@pytest.mark.parametrize("merged", [False, True], ids=["archived", "merged"])
def test_every_service_refuses_an_archived_record_or_says_why_not(
    booking: Booking, merged: bool
) -> None:
    world = World(booking)
    kept = PatientFactory(clinic=booking.plan.clinic)
    into = kept if merged else None
    Patient.objects.filter(pk=booking.plan.patient.pk).update(archived_at=NINE, merged_into=into)
    found, calls = takes_a_record(), world.calls
    assert set(calls) | set(ALLOWED) == set(found)
    assert not set(calls) & set(ALLOWED)

    failures = []
    for name, details in calls.items():
        try:
            with transaction.atomic():
                world.call(name, found[name], details)
                transaction.set_rollback(True)
            failures.append(f"{name} wrote to it")
        except PatientArchived:
            pass
        except Exception as error:  # what else it says is no answer to what is wrong
            failures.append(f"{name}: {type(error).__name__}: {error}")

    assert failures == []


@pytest.mark.parametrize("to", ENDS)
def test_a_session_that_was_kept_can_still_be_ended(
    booking: Booking, manager: User, to: Status
) -> None:
    session = booking.book()
    Patient.objects.update(archived_at=NINE - DAY)

    of_sessions.move_session(session_id=session.pk, to=to, at=session.starts_at, by=manager)

    session.refresh_from_db()
    assert session.status == to


# How the admin's pages lead to a patient, and which can be changed there in spite of it.
STILL_CHANGED = {
    "AccessRecord": "is never changed",
    "BreakGlass": "is never changed",
    "BloodExposure": "its button ticks off what is to be done for somebody",
    "Candidacy": "is never changed",
    "CheckIn": "is never changed",
    "ConsentHandout": "is never changed",
    "ContactConsent": "is never changed",
    "Deviation": "is never changed",
    "InboundMessage": "its button looks after what came in",
    "Message": "its buttons are services",
    "OutcomeMeasure": "is never changed",
    "Photo": "is never changed",
    "PhotoConsent": "its revocation is a right of the patient",
    "RecallNotice": "is never changed",
    "Screening": "is never changed",
    "SkinTypeAssessment": "is never changed",
    "StaffTask": "its button ticks it off",
    "TreatmentConsent": "its revocation is a right of the patient",
    "TreatmentSession": "its buttons are services; nothing else can be written, see below",
    "WaitlistEntry": "its buttons are services",
    "Hold": "is never changed",
}


def test_pages_of_what_belongs_to_an_archived_patient_are_read_only(
    booking: Booking, rf: RequestFactory
) -> None:
    session = booking.in_progress()
    effect = SideEffectFactory(session=session, onset_at=NINE)
    plan, patient = booking.plan, booking.plan.patient
    treated = OtherTreatmentFactory(patient=patient)
    rows = {type(row): row for row in (plan, patient, effect, treated)}
    Patient.objects.update(archived_at=NINE)
    of_patients = {
        model: page
        for model, page in admin.site._registry.items()
        if model is Patient or PATHS & {field.name for field in model._meta.fields}
    }
    assert {model.__name__ for model in of_patients} == set(STILL_CHANGED) | {
        model.__name__ for model in rows
    }
    request = rf.get("/")
    request.user = booking.practitioner

    for model, row in rows.items():
        row.refresh_from_db()
        row = model._default_manager.get(pk=row.pk)
        assert not of_patients[model].has_change_permission(request, row), model
    session = type(session).objects.get(pk=session.pk)
    page: Any = of_patients[type(session)]
    assert not page._is_open(request, session)
    for inline in page.get_inline_instances(request, session):
        assert not inline.has_change_permission(request, session)
