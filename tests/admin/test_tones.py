"""Danger looks like danger: no bare icon says that a yes is good; what must be decided leads."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import BooleanField
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.admin import words
from clinic.models import Role, User
from patients.models import Screening, ScreeningAnswer
from tests import factories as make
from tests.conftest import Booking
from tests.support.kept import kept

pytestmark = pytest.mark.django_db
# Booleans that are no more than a fact: a plain Yes or No says all there is.
PLAIN = {
    "ask_again": "when a question is asked again",
    "asks_last_exposure": "what a question asks",
    "expectations_discussed": "shown with the questionnaire that was answered",
    "from_next_window": "how a step counts its days",
    "is_duty": "what the law asks for",
    "is_late_cancel": "a fact of a cancelled session",
    "is_occluded": "how a product was put on",
    "is_off_label": "decided by the finding about it, which has its severity",
    "is_patients_wish": "whose words an addendum has",
    "is_required": "which clauses must be agreed to",
    "keloid_history": "decided by the screening",
    "cold_sore_history": "decided by the screening",
    "lists_isotretinoin": "what a device's label says",
    "near_mouth": "where a zone lies",
    "responds_poorly": "a fact of a concern",
    "sharps_disposed": "decided by the finding where the clinic asks for it",
    "patient_assented": "decided by the finding about minors",
}


def shown(role: str, booking: Booking) -> set[tuple[str, str]]:
    """Every boolean in a list, an inline or among the read-only fields of a page."""
    request = RequestFactory().get("/admin/")
    request.user = make.UserFactory(role=role, clinic=booking.plan.clinic)
    found = set()
    for model, page in admin.site._registry.items():
        row = model._default_manager.first()
        names = [*page.get_list_display(request), *page.get_readonly_fields(request, row)]
        parts = [(model, name) for name in names]
        for inline in page.get_inline_instances(request, row) if row else []:
            readonly = inline.get_readonly_fields(request, row)
            parts += [(inline.model, name) for name in readonly]
        for owner, name in parts:
            fields = {field.name: field for field in owner._meta.concrete_fields}
            if isinstance(fields.get(name), BooleanField) or getattr(name, "boolean", False):
                found.add((owner.__name__, str(name)))
    return found


def test_every_boolean_that_is_shown_is_said_or_plain(booking: Booking) -> None:
    booking.completed()
    bare = {
        (model, name)
        for role in Role.values
        for model, name in shown(role, booking)
        if name not in PLAIN
    }

    assert not bare


def test_plain_words_have_no_icon_and_no_colour() -> None:
    from django.template.loader import render_to_string

    said = {
        value: render_to_string("unfold/helpers/boolean.html", {"value": value}).strip()
        for value in (True, False, None)
    }

    assert said == {True: "Yes", False: "No", None: "Not known"}


def test_a_list_without_danger_has_no_red_in_it(
    booking: Booking, alice: User, side_bar: None
) -> None:
    """17 of 18 zones may be needled: one row is red, not seventeen."""
    for _ in range(3):
        make.ZoneFactory(area=booking.plan.area)
    blocked = make.ZoneFactory(area=booking.plan.area, limit=False)
    make.ZoneLimitFactory(zone=blocked, is_blocked=True)

    page = _as(alice).get(reverse("admin:treatment_sessions_zonelimit_changelist"))

    text = page.content.decode()
    red = re.findall(r"bg-red-100[^>]*>\s*([^<]*?)\s*<", text)
    assert [said for said in red if said not in ("", "Log out")] == ["Never needled"]
    assert text.count("Up to its limit") == 4


@kept
def answered(booking: Booking, alice: User) -> Screening:
    """A yes of each severity among harmless noes, asked in the wrong order."""
    screening = make.ScreeningFactory(patient=booking.plan.patient, taken_by=alice)
    for position, (severity, answer) in enumerate(
        [("BLOCK", False), ("INFO", True), ("WARN", True), ("WARN", False), ("BLOCK", True)]
    ):
        rule = make.ScreeningRuleFactory(
            severity=severity, position=position, question=f"{severity} {answer}?"
        )
        ScreeningAnswer.objects.create(screening=screening, rule=rule, answer=answer)
    return screening


def test_a_yes_says_what_it_means_and_stands_first(answered: Screening, alice: User) -> None:
    page = _as(alice).get(reverse("admin:patients_screening_change", args=[answered.pk]))

    text = page.content.decode()
    asked = re.findall(r"(BLOCK|WARN|INFO) (True|False)\?", text)
    assert list(dict.fromkeys(asked)) == [
        ("BLOCK", "True"),
        ("WARN", "True"),
        ("INFO", "True"),
        ("BLOCK", "False"),
        ("WARN", "False"),
    ]
    for tone, words_of_it in (("bg-red", "stops the treatment"), ("bg-orange", "needs a decision")):
        assert re.search(rf'{tone}-100[^<]*"[^<]*>\s*Yes: {words_of_it}', text), tone


def test_every_severity_has_a_tone() -> None:
    assert dict(words.TONES) == {"BLOCK": "danger", "WARN": "warning", "INFO": "info"}


def _as(user: User) -> Any:
    client = Client()
    client.force_login(user)
    return client
