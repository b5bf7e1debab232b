"""A text fits the patient: the part of the body, the products used, cold sores, the country."""

import re

import pytest
from django.core.exceptions import ValidationError

from aftercare.models import MessageTemplate
from aftercare.texts import advice
from aftercare.texts.render import render
from clinic.models import Clinic
from patients.models import Area, Channel, Condition, Patient
from tests.factories import (
    AreaFactory,
    ClinicFactory,
    MessageFactory,
    PatientFactory,
    ScreeningAnswerFactory,
    ScreeningRuleFactory,
    TemplateFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
EVERY_PLACE = "\n\n".join(f"{{{{ {name} }}}}" for name in advice.CARE)


def mail(area: Area, patient: Patient, body: str = EVERY_PLACE) -> str:
    template = TemplateFactory(body=body)
    message = MessageFactory(
        step=template.step, session__plan__patient=patient, session__plan__protocol__area=area
    )
    return render(message, template).text


@pytest.mark.parametrize(
    ("area", "says", "never"),
    [
        ("face", "make-up", "shampoo|clothes"),
        ("neck", "make-up", "shampoo|clothes"),
        ("scalp", "shampoo", "make-up|clothes|sunscreen"),
        ("abdomen", "clothes", "make-up|shampoo"),
        ("thighs", "clothes", "make-up|shampoo"),
        ("an-own-one", "clothes", "make-up|shampoo"),
    ],
)
def test_a_text_fits_the_area(area: str, says: str, never: str) -> None:
    text = mail(AreaFactory(code=area), PatientFactory())

    assert says in text
    assert not re.search(never, text)


def test_no_shipped_text_speaks_of_what_one_part_of_the_body_only_has(catalogue: None) -> None:
    """It leaves that to the variables of `advice`."""
    telling = re.compile(r"make-up|maquillaj|shampoo|champú|shav|afeit", re.IGNORECASE)

    assert not [one for one in MessageTemplate.objects.all() if telling.search(one.body)]


def test_whoever_has_had_cold_sores_is_reminded_of_the_antiviral_where_the_mouth_is() -> None:
    face = ZoneFactory(near_mouth=True).area
    belly = ZoneFactory().area
    rule = ScreeningRuleFactory(condition=Condition.NEAR_MOUTH)
    answered = ScreeningAnswerFactory(rule=rule, answer=True).screening.patient
    asked = "{{ antiviral }}"

    assert "cold sores" in mail(face, PatientFactory(cold_sore_history=True), asked)
    assert "cold sores" in mail(face, answered, asked)
    assert "cold sores" not in mail(belly, PatientFactory(cold_sore_history=True), asked)
    assert "cold sores" not in mail(face, PatientFactory(cold_sore_history=False), asked)
    assert "cold sores" not in mail(face, ScreeningAnswerFactory().screening.patient, asked)


def test_the_antiviral_is_spoken_of_a_week_and_two_days_before(catalogue: None) -> None:
    speaking = MessageTemplate.objects.filter(body__contains="{{ antiviral }}")

    assert {t.step.code for t in speaking} == {"before-7d", "before-48h"}


def test_an_emergency_is_named_by_its_signs_with_the_number(catalogue: None) -> None:
    """“A swelling face” is none: it is normal."""
    signs = {"en": ("lips", "tongue", "throat", "sudden", "eyes swell shut"), "es": ()}
    signs["es"] = ("labios", "lengua", "garganta", "repente", "cierran los ojos")
    for template in MessageTemplate.objects.filter(channel=Channel.EMAIL):
        assert not re.search("swelling face|hinchan la cara", template.body), template
        if "{{ emergency_phone }}" in template.body:
            words = " ".join(template.body.replace(">", " ").split())
            assert [s for s in signs[template.language] if s not in words] == [], template
    assert all(s in str(advice.NUMBING) for s in ("Blue or grey lips", "fits", "chest", "{phone}"))


def test_who_gets_sms_only_has_the_number_and_the_signs_until_day_56(catalogue: None) -> None:
    after = MessageTemplate.objects.filter(channel=Channel.SMS, step__code__startswith="after-")
    codes = {template.step.code for template in after}

    assert len(codes) == 7
    for template in after:
        assert "{{ clinic_phone }}" in template.body, template
        assert re.search("blisters|ampollas", template.body), template
        assert re.search("fever|fiebre", template.body, re.IGNORECASE), template


def test_nobody_is_told_that_the_skin_has_recovered(catalogue: None) -> None:
    telling = re.compile("has recovered|se ha recuperado|like before|como antes")

    assert not [one for one in MessageTemplate.objects.all() if telling.search(one.body)]


@pytest.mark.parametrize(
    ("phone", "number", "right"),
    [
        ("+493012345678", "911", "112 or 110"),
        ("+493012345678", "0800 112", "112 or 110"),
        ("+442079460000", "911", "112 or 999"),
        ("+12125550100", "999", "112 or 911"),
        ("+61212345678", "911", "112 or 000"),
        ("+81312345678", "112", "110 or 119"),
    ],
)
def test_an_emergency_number_of_another_country_is_refused(
    phone: str, number: str, right: str
) -> None:
    clinic = ClinicFactory.build(always_open=False, phone=phone, emergency_phone=number)

    with pytest.raises(ValidationError) as refused:
        clinic.clean()

    assert f"Right would be {right}." in refused.value.message_dict["emergency_phone"][0]


@pytest.mark.parametrize(
    ("phone", "number"),
    [("+493012345678", "112"), ("+12125550100", "911"), ("+442079460000", "999")],
)
def test_one_of_the_country_is_accepted(phone: str, number: str) -> None:
    ClinicFactory.build(always_open=False, phone=phone, emergency_phone=number).clean()


def test_no_number_is_taken_for_granted() -> None:
    assert Clinic().emergency_phone == ""
