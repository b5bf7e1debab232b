"""Every string that a person sees is words. The admin's pages: `test_admin_walk`."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import CharField, CheckConstraint, SlugField, TextField
from django.test import Client, RequestFactory

from aftercare.pages.base import form_key
from clinic.errors import DomainError
from clinic.models import Clinic, Role, User
from sessions.lifecycle import Status
from tests.admin.pages import client_of
from tests.factories import DAY, UserFactory, this_hour
from tests.replies.pages import make, url
from tests.replies.test_patient_pages import PARTS
from tests.support.pdf import without_pango
from tests.support.words import TYPED, faults_in, visible

pytestmark = pytest.mark.django_db
OURS = ("clinic", "patients", "treatment_sessions", "aftercare")


def test_the_first_page_of_the_admin_is_words(clinic: Clinic, side_bar: None) -> None:
    failures = []
    for role in Role.values:
        page = client_of(UserFactory(role=role, clinic=clinic)).get("/admin/")
        assert "\nClinics\n" in visible(page)
        failures += [(role, fault) for fault in faults_in(visible(page))]

    assert not failures


def test_every_page_of_a_patient_is_words(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pango(monkeypatch)  # words instead of a PDF
    """In every state of the session and every language, opened, sent empty, and sent whole."""
    failures, opened = [], 0
    for status in Status.values:
        for language, _ in settings.LANGUAGES:
            ahead = this_hour() + 2 * DAY if status == Status.BOOKED else this_hour() - DAY
            message = make(ahead, status, session__plan__patient__language=language)
            for part in sorted(set(PARTS) - {"visit.ics"}):  # which is for programs
                client, address = Client(), url(message, part)
                answers = [client.get(address, follow=True), client.post(address, {}, follow=True)]
                if part in ("change/", "write/"):
                    whole = {"form": form_key(message), "text": "Is this normal?"}
                    answers.append(client.post(address, whole, follow=True))
                for answer in answers:
                    opened += 1
                    for fault in faults_in(visible(answer)):
                        failures.append((status, language, part, fault))

    assert opened > 100
    assert not failures


def test_every_constraint_that_a_form_can_break_has_words(manager: User) -> None:
    """Django would tell its name. What a list of choices refuses before does not get that far."""
    request = RequestFactory().get("/admin/")
    request.user = manager
    unworded, tried = [], 0
    for page in admin.site._registry.values():
        if not (page.has_add_permission(request) or page.has_change_permission(request)):
            continue
        forms = [(page.model, page.get_form(request).base_fields)]
        for inline in page.get_inline_instances(request):
            forms.append((inline.model, inline.get_formset(request).form.base_fields))
        for model, fields in forms:
            for constraint in model._meta.constraints:
                if not isinstance(constraint, CheckConstraint):
                    continue
                names = {name.split("__")[0] for name in names_in(constraint.condition)}
                typed = {name for name in names if not model._meta.get_field(name).choices}
                if not typed or not names <= set(fields):
                    continue
                tried += 1
                if "violat" in str(constraint.get_violation_error_message()):
                    unworded.append(constraint.name)

    assert tried > 20
    assert not unworded


def names_in(condition: Any) -> Iterator[str]:
    for child in condition.children:
        if isinstance(child, tuple):
            yield child[0]
        else:
            yield from names_in(child)


def test_what_ships_is_words_with_sources_that_a_clinic_can_look_up(catalogue: None) -> None:
    """Every text of every catalogue, except codes and what patients' texts are filled with."""
    failures, read = [], 0
    for model in apps.get_models():
        if model._meta.app_label not in OURS or model.__name__ == "AccessRecord":
            continue  # nothing ships there, and what tests commit there nobody can delete
        names = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, CharField | TextField)
            and not isinstance(field, SlugField)
            and not field.choices
        ]
        for row in model._default_manager.values(*names) if names else []:
            for name, text in row.items():
                read += 1
                faults = faults_in(text or "", allowed=TYPED)
                faults += ["a file of ours"] if ".md" in (text or "") else []
                failures += [(model.__name__, name, fault) for fault in faults]

    assert read > 500
    assert not failures


def test_every_label_help_and_title_is_words() -> None:
    """Of every field and choice of every model, and of everything that is refused."""
    read = [(error.__name__, error.title) for error in every_error(DomainError)]
    for model in apps.get_models():
        if model._meta.app_label not in OURS or "History" in model.__name__:
            continue
        read.append((model.__name__, str(model._meta.verbose_name)))
        for field in model._meta.concrete_fields:
            where = f"{model.__name__}.{field.name}"
            texts = [str(field.verbose_name), str(field.help_text)]
            texts += [str(label) for _, label in getattr(field, "flatchoices", [])]
            read += [(where, text) for text in texts]

    failures = [(where, fault) for where, text in read for fault in faults_in(text)]

    assert len(read) > 1000
    assert not failures


def every_error(error: Any) -> Iterator[Any]:
    for child in error.__subclasses__():
        yield child
        yield from every_error(child)
