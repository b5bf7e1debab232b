"""Every page of the admin opens, for every role that may."""

import pytest
from django.contrib import admin
from django.urls import reverse

from clinic.models import Clinic, Role
from patients.models import Patient
from tests.factories import UserFactory
from tests.test_admin import client_of

pytestmark = pytest.mark.django_db


def test_every_form_for_a_new_row_opens(clinic: Clinic) -> None:
    failures = []
    for role in Role.values:
        user = UserFactory(role=role, clinic=clinic)
        client = client_of(user)
        client.raise_request_exception = False
        for model in admin.site._registry:
            label = f"{model._meta.app_label}_{model._meta.model_name}"
            status = client.get(reverse(f"admin:{label}_add")).status_code
            if status not in (200, 403):
                failures.append((role, label, status))

    assert not failures


def test_a_row_that_is_not_saved_has_no_id_yet(clinic: Clinic) -> None:
    assert Patient(clinic=clinic).pk is None
    assert Clinic.objects.get().pk == clinic.pk
