"""A changed number becomes a new version, and so does a changed part of one."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from clinic.admin import VersionedAdmin
from clinic.models import User
from patients.models import ConsentText, ScreeningRule
from sessions.models import OutcomeScale, Product, ProtocolVersion
from tests import factories as make
from tests.conftest import Booking
from tests.support.forms import opened

pytestmark = pytest.mark.django_db


def with_parts(manager: User) -> set[type]:
    """The catalogues whose versions have parts of their own."""
    request = RequestFactory().get("/admin/")
    request.user = manager
    return {
        model
        for model, page in admin.site._registry.items()
        if isinstance(page, VersionedAdmin) and page.get_inline_instances(request)
    }


def protocol(booking: Booking) -> tuple[Any, str, str, str]:
    version = booking.plan.protocol_version
    make.ZoneRangeFactory(protocol_version=version, zone=booking.zone, depth_max_mm="1.20")
    make.ZoneRangeFactory(
        protocol_version=version, zone=make.ZoneFactory(area=booking.plan.area), depth_max_mm="1.30"
    )
    return version, "zone_ranges", "depth_max_mm", "1.10"


def consent(booking: Booking) -> tuple[Any, str, str, str]:
    text = make.ConsentTextFactory()
    make.ConsentClauseFactory(text=text, code="risks", wording="I know the risks")
    make.ConsentClauseFactory(text=text, code="sun", wording="I stay out of the sun")
    return text, "clauses", "wording", "I was told the risks"


def question(booking: Booking) -> tuple[Any, str, str, str]:
    rule = make.ScreeningRuleFactory()
    make.ScreeningWordingFactory(rule=rule, question="¿Está enfermo?")
    make.ScreeningWordingFactory(rule=rule, language="ca", question="Està malalt?")
    return rule, "wordings", "question", "¿Ha estado enfermo?"


def scale(booking: Booking) -> tuple[Any, str, str, str]:
    scale = make.OutcomeScaleFactory()
    make.ScoreLabelFactory(scale=scale, score=1)
    make.ScoreLabelFactory(scale=scale, score=2, label="Better")
    return scale, "labels", "label", "Very much better"


def cream(booking: Booking) -> tuple[Any, str, str, str]:
    cream = make.ProductFactory(kind="ANAESTHETIC", strength_percent=5)
    make.ProductDrugFactory(product=cream)
    make.ProductDrugFactory(product=cream, drug="PRILOCAINE", percent="2.25")
    return cream, "drugs", "percent", "4.00"


CASES = {
    ProtocolVersion: protocol,
    ConsentText: consent,
    ScreeningRule: question,
    OutcomeScale: scale,
    Product: cream,
}


def test_every_catalogue_with_parts_is_tried(manager: User) -> None:
    assert with_parts(manager) == set(CASES)


@pytest.mark.parametrize("model", CASES, ids=lambda model: model.__name__)
def test_a_part_is_changed_left_out_and_added_in_the_new_version(
    booking: Booking, manager: User, model: Any
) -> None:
    """The old version keeps what it had."""
    old, parts, field, value = CASES[model](booking)
    client = Client()
    client.force_login(manager)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[old.pk])
    before = values(old, parts, field)
    form = opened(client, url)
    changed = form[f"{parts}-0-{field}"]

    answer = client.post(
        url, form | {f"{parts}-0-{field}": value, f"{parts}-1-DELETE": "on", "source": "A study"}
    )

    assert answer.status_code == 302, answer.context["errors"]
    new = model.objects.latest("version")
    assert new.version == old.version + 1
    assert values(new, parts, field) == [value]
    assert values(old, parts, field) == before
    assert str(changed) in before


def values(version: Any, parts: str, field: str) -> list[str]:
    return sorted(str(getattr(part, field)) for part in getattr(version, parts).all())


def test_more_drugs_than_the_strength_are_refused_in_words(booking: Booking, manager: User) -> None:
    old, *_ = cream(booking)
    client = Client()
    client.force_login(manager)
    url = reverse("admin:treatment_sessions_product_change", args=[old.pk])

    answer = client.post(
        url, opened(client, url) | {"drugs-1-percent": "2.51", "source": "A study"}
    )

    assert answer.status_code == 200
    assert "The drugs add up to 5.01 %, more than the strength of 5" in answer.content.decode()
    assert Product.objects.count() == 1
