"""The page of a screening: who is asked what, and what is said where an answer is missing."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic.models import Clinic, User
from patients.admin.questionnaire import GROUPS
from patients.models import Patient, Screening
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    PatientFactory,
    ScreeningAnswerFactory,
    ScreeningFactory,
    ScreeningRuleFactory,
    ScreeningWordingFactory,
    clinical_rules,
)
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
ADD = reverse("admin:patients_screening_add")


@kept
def patient(clinic: Clinic) -> Patient:
    """Asked everything ten days ago: no to both questions. The first is asked each time."""
    found: Patient = PatientFactory(clinic=clinic, language="es")
    again = ScreeningRuleFactory(code="fever", ask_again=True, position=180, question="A fever?")
    once = ScreeningRuleFactory(code="metal", position=10, question="Does metal itch?")
    ScreeningWordingFactory(rule=again, language="es", question="¿Fiebre?")
    taken = timezone.now() - 10 * DAY
    screening = ScreeningFactory(patient=found, taken_at=taken)
    for rule in (again, once):
        ScreeningAnswerFactory(screening=screening, rule=rule, answer=False)
    clinical_rules()
    return found


def groups(page: Any) -> dict[str, list[str]]:
    """The questions by heading."""
    return {
        fieldset.name: [one.field.name for line in fieldset for one in line]
        for fieldset in page.context["adminform"]
        if "questions" in fieldset.classes or "others" in fieldset.classes
    }


def sent(user: User, patient: Patient, **answers: str) -> Any:
    form = {"patient": str(patient.pk), "kind": "RESCREEN", "good_health": "on", "note": ""}
    return client_of(user).post(ADD, form | answers)


def test_the_groups_are_those_of_the_catalogue() -> None:
    text = Path("patients/catalogue/screening_rules.yaml").read_text()
    found = re.findall(r"^# --- (.+?) -+\n(?:.*\n)*?  position: (\d+)", text, re.MULTILINE)
    starts = [(0 if number == 0 else int(at), name) for number, (name, at) in enumerate(found)]
    assert [(at, name.lower()) for at, name in GROUPS] == starts


def test_again_only_what_is_due_is_asked_in_the_words_of_the_patient(
    patient: Patient, alice: User
) -> None:
    page = client_of(alice).get(f"{ADD}?patient={patient.pk}")

    assert groups(page) == {
        "The skin now": ["answer_fever"],
        "Something else has changed": ["answer_metal"],
    }
    assert {"A fever?", "¿Fiebre?"} <= {line.strip() for line in visible(page).split("\n")}
    assert "Asked again before a session: 1 question." in visible(page)
    everything = client_of(alice).get(f"{ADD}?patient={patient.pk}&kind=FULL")
    assert groups(everything) == {"The person": ["answer_metal"], "The skin now": ["answer_fever"]}


def test_an_answer_that_is_due_is_asked_for_and_the_others_stand(
    patient: Patient, alice: User
) -> None:
    open_one = sent(alice, patient, note="Feels well")
    assert open_one.context["adminform"].form.errors == {"answer_fever": ["Yes or no?"]}
    assert "Feels well</textarea>" in open_one.content.decode()
    assert list(groups(open_one)) == ["The skin now", "Something else has changed"]

    assert sent(alice, patient, answer_fever="no").status_code == 302

    newest = Screening.objects.order_by("-taken_at").first()
    assert newest is not None
    told = {one.rule.code: one.answer for one in newest.answers.select_related("rule")}
    assert (newest.kind, told) == ("RESCREEN", {"fever": False, "metal": False})


def test_what_has_changed_since_may_be_answered_too(patient: Patient, alice: User) -> None:
    sent(alice, patient, answer_fever="no", answer_metal="yes")
    newest = Screening.objects.order_by("-taken_at")[0]
    assert newest.answers.get(rule__code="metal").answer is True


def test_all_is_asked_where_no_full_screening_counts(patient: Patient, alice: User) -> None:
    yesterday = timezone.now() - DAY
    ScreeningFactory(patient=patient, taken_at=yesterday, valid_until=yesterday.date() - DAY)
    page = client_of(alice).get(f"{ADD}?patient={patient.pk}")
    assert list(groups(page)) == ["The person", "The skin now"]
    assert page.context["adminform"].form.initial["kind"] == "FULL"
    assert "there is no full screening that still counts" in visible(page)


@pytest.mark.parametrize("whose", ["", "no-id", "other"])
def test_of_nobody_who_may_be_seen_everything_is_asked_and_nothing_told(
    patient: Patient, alice: User, bob: User, whose: str
) -> None:
    asked = str(patient.pk) if whose == "other" else whose
    page = client_of(bob if whose == "other" else alice).get(f"{ADD}?patient={asked}")
    assert list(groups(page)) == ["The person", "The skin now"]
    assert patient.family_name not in visible(page)


@pytest.mark.parametrize(("days", "refused"), [(0, False), (1, True)])
def test_a_last_day_is_not_to_come(patient: Patient, alice: User, days: int, refused: bool) -> None:
    ScreeningRuleFactory(code="peel", asks_last_exposure=True, ask_again=True)
    last = timezone.localdate(timezone=patient.clinic.zone) + timedelta(days=days)
    page = sent(alice, patient, answer_fever="no", answer_peel="yes", last_peel=str(last))
    assert page.status_code == (200 if refused else 302)
    if refused:
        assert page.context["adminform"].form.errors == {
            "last_peel": ["This day is still to come."]
        }


def test_it_takes_as_many_statements_for_many_questions(patient: Patient, alice: User) -> None:
    client, counts = client_of(alice), []
    for number in (1, 6):
        for _ in range(number):
            rule = ScreeningRuleFactory(ask_again=True)
            ScreeningWordingFactory(rule=rule, language="es")
        with CaptureQueriesContext(connection) as caught:
            client.get(f"{ADD}?patient={patient.pk}")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 16
