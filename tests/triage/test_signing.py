"""Triage rules take effect when a named clinician has signed them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Role
from sessions import services
from sessions.models import TriageSignature, TriageVersion
from tests.admin.pages import client_of
from tests.factories import DAY, NINE, TriageSignatureFactory, TriageVersionFactory, UserFactory

pytestmark = pytest.mark.django_db


def sign(version: TriageVersion, **values: Any) -> TriageSignature:
    given: dict[str, Any] = {"signer_name": "Dr Ng", "at": NINE, "by": UserFactory(), **values}
    return services.sign_triage_rules(version=version, **given)


def test_a_version_counts_from_its_signature_on() -> None:
    version = TriageVersionFactory()

    sign(version)

    assert not TriageVersion.objects.in_effect(NINE - DAY).exists()
    assert TriageVersion.objects.in_effect(NINE).get() == version


def test_a_signed_version_counts_until_the_next_one_is_signed_and_its_time_has_come() -> None:
    old, new = TriageVersionFactory(), TriageVersionFactory(effective_from=NINE + DAY)
    sign(old)

    assert TriageVersion.objects.to_use(NINE + DAY) == old
    sign(new)
    assert TriageVersion.objects.to_use(NINE) == old
    assert TriageVersion.objects.to_use(NINE + DAY) == new


def test_while_nobody_has_signed_the_newest_draft_is_used_and_says_so() -> None:
    TriageVersionFactory()
    newest = TriageVersionFactory()

    used = TriageVersion.objects.to_use(NINE)

    assert used == newest
    assert used.state.startswith("Draft")


def test_a_version_is_signed_once_by_a_practitioner() -> None:
    version = TriageVersionFactory()
    with pytest.raises(ValidationError, match="Ask a practitioner"):
        sign(version, by=UserFactory(role=Role.MANAGER))
    with pytest.raises(ValidationError, match="signer_name"):
        sign(version, signer_name="")

    sign(version)

    with pytest.raises(ValidationError, match="signed it already"):
        sign(version)
    assert TriageVersion.objects.get().state == "signed by Dr Ng on 7 Jan 2030"


def test_rules_that_cannot_be_read_are_refused_by_the_name_of_their_field() -> None:
    good = TriageVersionFactory.build()
    for field in ("rules", "curves", "words"):
        bad = TriageVersionFactory.build(**{field: [{"sign": "unicorns"}]})
        with pytest.raises(ValidationError) as refused:
            bad.clean()
        assert list(refused.value.message_dict) == [field]
    good.clean()


def test_a_clinician_reads_the_rules_as_sentences_and_signs_them(catalogue: None) -> None:
    version, clinician = TriageVersion.objects.get(), UserFactory()
    browser = client_of(clinician)

    page = browser.get(reverse("admin:treatment_sessions_triageversion_change", args=[version.pk]))
    signed = browser.post(
        reverse("admin:treatment_sessions_triagesignature_add"),
        {"version": str(version.pk), "signer_name": "Dr Grace Ng", "note": "All read."},
    )

    text = page.content.decode()
    assert "Draft: no clinician has signed it" in text
    assert "Pus or yellow, honey-coloured crusts" in text
    assert "Tram-track scars in 2 of 30" in text
    assert signed.status_code == 302
    assert TriageSignature.objects.get().signed_by == clinician
    listed = browser.get(reverse("admin:treatment_sessions_triageversion_changelist"))
    assert "signed by Dr Grace Ng" in listed.content.decode()
    again = browser.post(
        reverse("admin:treatment_sessions_triagesignature_add"),
        {"version": str(version.pk), "signer_name": "Dr Grace Ng"},
    )
    assert "signed already" in again.content.decode()


def test_a_list_of_versions_costs_the_same_for_two_as_for_one() -> None:
    browser = client_of(UserFactory())
    address = reverse("admin:treatment_sessions_triageversion_changelist")
    TriageSignatureFactory()
    browser.get(address)

    with CaptureQueriesContext(connection) as one:
        browser.get(address)
    TriageSignatureFactory()
    with CaptureQueriesContext(connection) as two:
        browser.get(address)

    assert len(one) == len(two)
