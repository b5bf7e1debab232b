"""The words: what may stand in them, and how they come out."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from aftercare import services
from aftercare.models import CareStep, MessageTemplate
from aftercare.rendering import VARIABLES, NoTemplate, check_text, render, template_for
from patients.models import Channel
from tests.factories import CareStepFactory, MessageFactory, TemplateFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{ given_name }}, see you at {{ time }}.",
        "100 % { plain }",
    ],
)
def test_a_text_may_use_the_known_variables(text: str) -> None:
    check_text(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{ treatment }}", "unknown"),
        ("{{ family_name }}", "unknown"),
        ("{{ given_name.pk }}", "unknown"),
        ("{{ given_name|upper }}", "unknown"),
        ("{% load static %}", "cannot be read"),
        ("{% if given_name %}x{% endif %}", "no tags"),
        ("{{ given_name", None),
        ("{% debug %}", "no tags"),
        ("{{ }}", "cannot be read"),
        ("{% nonsense %}", "cannot be read"),
    ],
)
def test_anything_else_is_refused_when_it_is_typed(text: str, complaint: str | None) -> None:
    if complaint is None:
        check_text(text)  # an open brace is just text
        return
    with pytest.raises(ValidationError, match=complaint):
        check_text(text)


def test_a_new_text_is_a_new_version() -> None:
    first = TemplateFactory()

    second = services.add_template_version(
        step=first.step, channel="EMAIL", language="en", subject="New", body="New words"
    )

    assert (first.version, second.version) == (1, 2)
    message = MessageFactory(step=first.step)
    assert template_for(message) == second


def test_the_patients_language_is_preferred_and_english_is_the_fallback() -> None:
    step = CareStepFactory()
    english = TemplateFactory(step=step, version=7)
    message = MessageFactory(step=step)
    message.patient.language = "es"

    assert template_for(message) == english
    spanish = TemplateFactory(step=step, language="es", subject="Hola", body="{{ date }}")
    assert template_for(message) == spanish
    assert render(message, spanish).text == "lunes 7 de enero"


def test_a_step_without_a_text_says_so() -> None:
    with pytest.raises(NoTemplate, match="no EMAIL text for the step"):
        template_for(MessageFactory())


def test_names_cannot_smuggle_markup_into_a_mail() -> None:
    template = TemplateFactory(
        subject="For {{ given_name }}",
        body="# Hello {{ given_name }}\n\n- one\n- two\n\n> **Call**",
    )
    message = MessageFactory(
        step=template.step,
        session__plan__patient__given_name="<script>x</script>\r\nBcc: all@x.example",
    )

    mail = render(message, template)

    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "\n" not in mail.subject
    assert "<li>one</li>" in mail.html
    assert mail.text.startswith("Hello <script>")
    assert mail.text.endswith("Call")


def test_times_are_told_on_the_patients_clock() -> None:
    template = TemplateFactory(body="{{ date }} at {{ time }}")
    message = MessageFactory(step=template.step)
    assert render(message, template).text == "Monday 7 January at 10:00"

    message.patient.time_zone = "America/New_York"

    assert render(message, template).text == "Monday 7 January at 04:00"


FORBIDDEN = ("needl", "dermaroll", "scar", "acne", "wrinkle", "treatment", "session", "needle")


def shipped() -> list[MessageTemplate]:
    call_command("seed_catalogue", verbosity=0)
    return list(MessageTemplate.objects.select_related("step"))


def test_every_shipped_step_has_a_text_for_each_of_its_channels() -> None:
    have = {(t.step_id, t.channel, t.language) for t in shipped()}

    for step in CareStep.objects.all():
        for channel in step.channels:
            assert (step.pk, channel, "en") in have, step


def test_shipped_texts_are_valid_and_tell_nothing_to_who_holds_the_phone() -> None:
    for template in shipped():
        template.clean()
        lines = [template.subject]
        if template.channel == Channel.SMS:
            lines.append(template.body)
            assert "given_name" not in template.body
        for line in lines:
            assert not [word for word in FORBIDDEN if word in line.lower()], template


def test_shipped_sms_fit_into_one_part() -> None:
    """160 characters of GSM-7, with the longest values that a clinic may have."""
    basic = set(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    )
    for template in shipped():
        if template.channel == Channel.SMS:
            message = MessageFactory(channel=Channel.SMS)
            text = render(message, template).text
            assert len(text) <= 160, (len(text), text)
            assert set(text) <= basic


def test_the_variables_are_the_ones_that_are_filled(settings: Any) -> None:
    body = " ".join(f"[{{{{ {name} }}}}]" for name in VARIABLES)
    template = TemplateFactory(body=body)

    text = render(MessageFactory(step=template.step), template).text

    assert "[]" not in text
