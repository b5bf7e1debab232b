"""Who may treat: licences, trainings, insurance, premises and examination, and until when."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, combinations
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from clinic.findings import Finding, Severity
from clinic.models import PROOF_OF, Clinic, ClinicalRule, CredentialKind, Proof, Role, User
from patients.models import Patient, StaffTask
from sessions import services
from sessions.models import TreatmentPlan, TreatmentSession
from sessions.safety.credentials import check_credentials, held_on
from sessions.safety.facts import Credential, Standing
from sessions.scheduling.availability import free_slots
from sessions.services.booking.checks.rules import MayNotTreat
from sessions.services.booking.moves import UnresolvedFindings
from sessions.services.record.sign_off import OverrideNotAllowed, SignOffAhead, SignOffMissing
from tests.conftest import Booking
from tests.factories import (
    DAY,
    LONG_AGO,
    NINE,
    CandidacyFactory,
    CredentialFactory,
    ScreeningAnswerFactory,
    ScreeningRuleFactory,
    UserFactory,
    clinical_rules,
)

TODAY = NINE.date()
PEN = "skinpen"


def found(standing: Standing, **more: Any) -> list[tuple[str, str]]:
    told = check_credentials(standing, on=TODAY, device=PEN, **more)
    return [(finding.code, finding.subject) for finding in told]


def credential(kind: str, **details: Any) -> Credential:
    device = PEN if kind == CredentialKind.TRAINING else ""
    return Credential(**{"kind": kind, "name": kind, "device": device, **details})


@pytest.mark.parametrize("kind", list(CredentialKind))
def test_a_credential_counts_through_its_last_day(kind: str) -> None:
    """Each kind by itself: asked for or not, what has ended stops."""
    proof = PROOF_OF[kind].value.lower()
    until = {day: credential(kind, expires_on=TODAY + day * DAY) for day in (-1, 0)}
    later = credential(kind, valid_from=TODAY + DAY)

    assert found(Standing((until[0],))) == []
    assert found(Standing((until[-1],))) == [("credential_expired", proof)]
    assert found(Standing((later,))) == [("credential_expired", proof)]
    assert found(Standing((until[-1], until[0]))) == []  # renewed
    assert found(Standing((replace(until[0], valid_from=TODAY),))) == []


@pytest.mark.parametrize("proof", list(Proof))
def test_what_the_law_asks_for_must_be_there(proof: Proof) -> None:
    asked = Standing(asked=frozenset({proof.value}))
    if proof == Proof.EXAMINATION:
        for days, due in ((365, False), (366, True)):
            seen = replace(asked, examined_on=TODAY - days * DAY)
            assert found(seen) == ([("examination_due", "")] if due else [])
        assert found(asked) == [("examination_due", "")]
        return
    assert found(asked) == [("credential_missing", proof.value.lower())]
    kinds = [kind for kind in CredentialKind if PROOF_OF[kind] == proof]
    for kind in kinds:
        assert found(replace(asked, credentials=(credential(kind),))) == []
    assert kinds


def test_training_is_for_one_device() -> None:
    other = credential("TRAINING", device="other-pen", expires_on=TODAY - DAY)

    assert found(Standing((other,))) == []
    assert found(Standing((other,), frozenset({"TRAINING"}))) == [
        ("credential_missing", "training")
    ]


def test_the_widest_depth_that_counts_is_the_limit() -> None:
    shallow = credential("AESTHETICIAN", depth_max_mm=Decimal("1.00"))
    deep = credential("NURSE", depth_max_mm=Decimal("2.00"), expires_on=TODAY - DAY)
    too_deep = [("depth_above_credential", "licence")]

    assert found(Standing((shallow,)), deepest_mm=Decimal("1.00")) == []
    assert found(Standing((shallow,)), deepest_mm=Decimal("1.01")) == too_deep
    assert found(Standing((shallow, deep)), deepest_mm=Decimal("1.50")) == too_deep
    valid = replace(deep, expires_on=TODAY)
    assert found(Standing((shallow, valid)), deepest_mm=Decimal("1.50")) == []
    assert found(Standing((shallow, credential("NURSE"))), deepest_mm=Decimal("2.50")) == []


@pytest.mark.django_db
def test_what_ends_before_the_day_stops_booking_at_the_practitioner(
    booking: Booking, as_dana: APIClient
) -> None:
    licence = CredentialFactory(user=booking.practitioner, expires_on=TODAY - DAY)

    answer = as_dana.post("/api/v1/sessions/", booking.body(NINE), format="json")

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "may_not_treat")
    assert "practitioner" in str(told["errors"])
    assert told["findings"][0]["overridable_by"] == []
    licence.expires_on = TODAY
    licence.save()
    assert booking.book(NINE).pk


@pytest.mark.django_db
def test_what_has_ended_since_the_booking_stops_the_start_and_cannot_be_overridden(
    booking: Booking,
) -> None:
    booking.ready(NINE)
    session = booking.book(NINE)
    booking.move(session, "CHECKED_IN")
    CredentialFactory(user=None, clinic=session.clinic, kind="PREMISES", expires_on=TODAY - DAY)

    with pytest.raises(UnresolvedFindings, match="Licence of the premises"):
        booking.move(session, "IN_PROGRESS")
    with pytest.raises(OverrideNotAllowed):
        services.override_finding(
            session_id=session.pk,
            code="credential_expired",
            subject="premises",
            reason="It is on its way",
            at=NINE,
            by=booking.practitioner,
        )


@pytest.mark.django_db
def test_an_examination_is_a_decision_of_who_was_a_prescriber_then(
    booking: Booking, alice: User
) -> None:
    Clinic.objects.update(asks_for=["EXAMINATION"])
    booking.plan.clinic.refresh_from_db()
    CandidacyFactory(patient=booking.plan.patient, decided_by=alice, decided_at=NINE - 30 * DAY)
    with pytest.raises(MayNotTreat, match="prescriber must examine"):
        booking.book(NINE)

    licence = CredentialFactory(user=alice, kind="PRESCRIBER", valid_from=TODAY - 10 * DAY)
    with pytest.raises(MayNotTreat):  # not yet one when it was decided
        booking.book(NINE)
    licence.valid_from = date(2020, 1, 1)
    licence.save()
    assert booking.book(NINE).pk


@pytest.mark.django_db
def test_no_time_is_offered_with_whom_nobody_may_book(booking: Booking, alice: User) -> None:
    """Through the last day of the clinic, and again from the first of the new one; who else may
    treat takes over. What is offered is what `check_credentials` lets through."""
    booking.plan.clinic.slot_minutes = 60
    CredentialFactory(user=alice, kind="NURSE", expires_on=TODAY + DAY)
    CredentialFactory(user=alice, kind="PHYSICIAN", valid_from=TODAY + 4 * DAY)
    CredentialFactory(user=alice, kind="INSURANCE", expires_on=TODAY + 5 * DAY)
    ended = {"expires_on": TODAY - DAY, "device_model": booking.device.model}
    CredentialFactory(user=alice, kind="TRAINING", **ended)

    def days(practitioner: User | None = alice) -> dict[int, set[User]]:
        found: dict[int, set[User]] = {}
        for slot in free_slots(
            wanted=booking.plan,
            first=TODAY,
            last=TODAY + 6 * DAY,
            practitioner=practitioner,
            at=NINE - DAY,
        ):
            day = slot.starts_at.astimezone(booking.plan.clinic.zone).date()
            found.setdefault((day - TODAY).days, set()).add(slot.practitioner)
        return found

    assert sorted(days()) == [0, 1, 4, 5]
    UserFactory(clinic=booking.plan.clinic)
    anybody = days(None)
    assert sorted(anybody) == [*range(7)]
    assert sorted(day for day, who in anybody.items() if alice not in who) == [2, 3, 6]
    CredentialFactory(
        user=None, clinic=booking.plan.clinic, kind="PREMISES", expires_on=TODAY + 2 * DAY
    )
    assert sorted(days(None)) == [0, 1, 2]


@pytest.mark.django_db
def test_the_manager_is_told_once_sixty_days_before(clinic: Clinic, alice: User) -> None:
    ClinicalRule.objects.create(
        code="credential-warning-days",
        title="Warning",
        value=60,
        unit="days",
        source="test",
        effective_from=LONG_AGO,
    )
    soon = CredentialFactory(user=alice, expires_on=TODAY + 60 * DAY)
    CredentialFactory(user=alice, kind="INSURANCE", expires_on=TODAY + 61 * DAY)
    CredentialFactory(user=alice, kind="NURSE", expires_on=TODAY + 10 * DAY)
    CredentialFactory(user=alice, kind="NURSE", expires_on=TODAY + 400 * DAY)  # renewed

    assert [services.warn_of_credentials(at=NINE) for _ in range(2)] == [1, 0]
    task = StaffTask.objects.get()
    assert (task.audience, task.clinic) == ("MANAGER", clinic)
    assert str(soon) in task.title


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "told"), [(0, 0), (1, 1), (61, 1), (62, 0)])
def test_the_days_are_the_clinics(clinic: Clinic, alice: User, day: int, told: int) -> None:
    """At half past eleven in the evening of UTC it is tomorrow in Berlin."""
    clinical_rules()
    ClinicalRule.objects.create(code="credential-warning-days", title="?", value=60, unit="days")
    CredentialFactory(user=alice, kind="NURSE", expires_on=TODAY + day * DAY)

    assert services.warn_of_credentials(at=NINE.replace(hour=23, minute=30)) == told


LATE = NINE.replace(hour=23, minute=30)  # tomorrow in Berlin


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "days", "planned", "told"),
    [
        (NINE, 60, 4, 1),
        (NINE, 61, 4, 0),
        (NINE, 0, 4, 1),
        (NINE, -1, 4, 0),
        (LATE, 61, 4, 1),
        (LATE, 0, 4, 0),
        (NINE, 42, 2, 0),  # the second of two may be wanted for that day, and not for a later one
        (NINE, 41, 2, 1),
        (NINE, 0, 1, 0),
    ],
)
def test_the_clinicians_are_told_sixty_days_before_an_examination_ends(
    booking: Booking, alice: User, at: datetime, days: int, planned: int, told: int
) -> None:
    """Once, if the plan may last longer than that."""
    warned_by_law(alice)
    TreatmentPlan.objects.update(planned_sessions=planned)
    patient = booking.plan.patient
    CandidacyFactory(patient=patient, decided_by=alice, decided_at=NINE + (days - 365) * DAY)

    found = [services.warn_of_examinations(at=moment) for moment in (at, at, at + DAY / 24)]

    assert found == [told, 0, 0]
    task = StaffTask.objects.first()
    if told:
        assert task
        assert (task.audience, task.patient, task.clinic) == ("CLINICAL", patient, patient.clinic)
        assert f"ends on {TODAY + days * DAY:%-d %b %Y}" in task.title
        assert f"{alice} decided" in task.detail


@pytest.mark.django_db
def test_of_an_examination_that_matters_no_longer_nobody_is_told(
    booking: Booking, alice: User
) -> None:
    """Renewed, of no prescriber, not asked for, of a plan that does not go on, or of a patient in
    the archive; a session that is booked for later is reason enough."""
    session = booking.book(NINE + 50 * DAY)
    warned_by_law(alice)
    patient, nobody = booking.plan.patient, UserFactory()
    ending = NINE + (30 - 365) * DAY
    CandidacyFactory(patient=patient, decided_by=alice, decided_at=ending)
    CandidacyFactory(patient=patient, decided_by=nobody, decided_at=NINE - DAY)

    def told() -> int:
        """As if nothing was told yet."""
        with transaction.atomic():
            number = services.warn_of_examinations(at=NINE)
            transaction.set_rollback(True)
        return number

    assert told() == 1
    TreatmentPlan.objects.update(status="ON_HOLD")
    assert told() == 1  # there is the session
    TreatmentSession.objects.filter(pk=session.pk).update(status="CANCELLED")
    assert told() == 0
    TreatmentPlan.objects.update(status="ACTIVE")
    assert told() == 1
    Clinic.objects.update(asks_for=["LICENCE"])
    assert told() == 0
    Clinic.objects.update(asks_for=["EXAMINATION"])
    Patient.objects.update(archived_at=NINE)
    assert told() == 0
    Patient.objects.update(archived_at=None)
    CandidacyFactory(patient=patient, decided_by=alice, decided_at=NINE - DAY)
    assert told() == 0


def warned_by_law(prescriber: User) -> None:
    clinical_rules()
    ClinicalRule.objects.create(code="credential-warning-days", title="?", value=60, unit="days")
    Clinic.objects.update(asks_for=["LICENCE", "EXAMINATION"])
    CredentialFactory(user=prescriber, kind="PRESCRIBER")


@pytest.mark.django_db
def test_a_form_says_at_its_fields_what_is_wrong(clinic: Clinic, alice: User) -> None:
    wrong: dict[str, dict[str, Any]] = {
        "user": {"kind": "NURSE", "user": None},
        "clinic": {"kind": "PREMISES", "user": None},
        "device_model": {"kind": "TRAINING"},
        "expires_on": {"valid_from": TODAY, "expires_on": TODAY - DAY},
    }
    for field, details in wrong.items():
        row = CredentialFactory.build(**{"user": alice, **details})
        with pytest.raises(Exception, match=field) as refused:
            row.full_clean()
        assert field in refused.value.message_dict  # type: ignore[attr-defined]


PHYSICIANS = {"PHYSICIAN": {"PHYSICIAN"}, "PRESCRIBER": {"PHYSICIAN", "PRESCRIBER"}}
HELD = list(chain.from_iterable(combinations(list(CredentialKind), n) for n in range(8)))


@pytest.mark.parametrize("sign_off", ["", "PHYSICIAN", "PRESCRIBER"])
@pytest.mark.parametrize("roles", [(), ("PRACTITIONER",), ("MANAGER", "PRACTITIONER")])
def test_only_roles_and_credentials_that_the_rule_names_may_override(
    sign_off: str, roles: tuple[str, ...]
) -> None:
    """Every role with every set of credentials, signed off by somebody else or not."""
    for severity in Severity:
        rule = Finding("c", severity, "m", "r", "s", overridable_by=roles, sign_off=sign_off)
        for kinds in HELD:
            held = held_on(map(credential, kinds), TODAY)
            ended = held_on((credential(k, expires_on=TODAY - DAY) for k in kinds), TODAY)
            for role in Role.values:
                may = severity != "INFO" and role in roles
                suits = not sign_off or bool(PHYSICIANS[sign_off] & set(kinds))
                assert rule.may_be_overridden(role, credentials=held) == (may and suits)
                assert rule.may_be_overridden(role, credentials=ended) == (may and not sign_off)
                assert rule.may_be_overridden(role, is_signed_off=True) == may


@pytest.mark.django_db
def test_a_sign_off_is_held_or_named_with_its_day(booking: Booking, alice: User) -> None:
    booking.ready(NINE)
    thinner = ScreeningRuleFactory(
        code="thinner", severity="WARN", overridable_by=["PRACTITIONER"], sign_off="PHYSICIAN"
    )
    screening = booking.plan.patient.screenings.get()
    ScreeningAnswerFactory(screening=screening, rule=thinner, answer=True)
    session = booking.book(NINE)

    def override(**named: Any) -> Any:
        return services.override_finding(
            session_id=session.pk,
            code="screening_thinner",
            subject="",
            reason="Low dose",
            at=NINE,
            by=booking.practitioner,
            **named,
        )

    for named in ({}, {"signed_off_by": "Dr. Ruiz"}, {"signed_off_on": TODAY}):
        with pytest.raises(SignOffMissing):
            override(**named)
    with pytest.raises(SignOffAhead):
        override(signed_off_by="Dr. Ruiz", signed_off_on=TODAY + DAY)
    row = override(signed_off_by="Dr. Ruiz", signed_off_on=TODAY)
    assert (row.signed_off_by, row.signed_off_on) == ("Dr. Ruiz", TODAY)
    CredentialFactory(user=booking.practitioner, kind="PHYSICIAN")
    assert override().signed_off_by == ""
