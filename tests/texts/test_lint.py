"""What a text must not say, on which channel, and how long it may be."""

from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from aftercare import services
from aftercare.models import Anchor, CareStep, MessageTemplate
from aftercare.texts import checks
from aftercare.texts.checks import check_text, indiscreet
from aftercare.texts.variables import VARIABLES, ZONES, Place
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from patients.models import Channel, Concern, Zone
from sessions.models import Product
from tests.factories import NINE, CareStepFactory, TemplateFactory, UserFactory
from tests.support.kept import kept

pytestmark = pytest.mark.django_db


@kept
def step(db: None) -> CareStep:
    return CareStepFactory()


def refused(step: CareStep, **text: Any) -> dict[str, list[str]]:
    """The errors by field; empty if the text is accepted."""
    usual = {"channel": Channel.EMAIL, "language": "en", "subject": "Hello", "body": "Hello"}
    if text.get("channel") == Channel.SMS:
        usual |= {"subject": ""}
    try:
        services.add_template_version(**{"step": step, **usual, **text}, at=NINE, by=UserFactory())
    except ValidationError as error:
        return error.message_dict
    return {}


def sms(step: CareStep, words: str, **more: Any) -> dict[str, list[str]]:
    body = f"{{{{ clinic_short }}}}: {words} STOP to end"
    return refused(step, channel=Channel.SMS, body=body, **more)


@pytest.mark.parametrize(
    ("text", "place", "complaint"),
    [
        ("{{ treatment }}", Place.BODY, "unknown"),
        ("{{ family_name }}", Place.BODY, "unknown"),
        ("{{ given_name.pk }}", Place.BODY, "unknown"),
        ("{{ given_name|upper }}", Place.BODY, "unknown"),
        ("{{ given_name }}", Place.SMS, "not allowed here"),
        ("{{ zones }}", Place.SMS, "not allowed here"),
        ("{{ zones }}", Place.SUBJECT, "not allowed here"),
        ("{{ link }}", Place.SUBJECT, "not allowed here"),
        ("{{ clinic }}", Place.SUBJECT, "not allowed here"),
        ("{% load static %}", Place.BODY, "cannot be read"),
        ("{% if given_name %}x{% endif %}", Place.BODY, "no tags"),
        ("{% debug %}", Place.BODY, "no tags"),
        ("{{ }}", Place.BODY, "cannot be read"),
        ("{% nonsense %}", Place.BODY, "cannot be read"),
    ],
)
def test_only_known_variables_stand_where_they_may(text: str, place: Place, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        check_text(text, place)


def test_what_was_done_is_not_known_before_it_is_done() -> None:
    check_text("{{ zones }} {{ numbing }}", Place.BODY)
    with pytest.raises(ValidationError, match="not allowed here"):
        check_text("{{ zones }}", Place.BODY, after_treatment=False)
    upcoming = CareStepFactory(anchor=Anchor.BOOKED)

    assert "body" in refused(upcoming, body="Treated: {{ zones }}")


@pytest.mark.parametrize(
    "words",
    [
        *("your microneedling", "your Micro-Needling", "the needles", "a dermaroller"),
        *("your acne scars", "wrinkles", "your treatment", "this session", "your diagnosis"),
        *("your face", "both cheeks", "the serum", "numbing cream", "lidocaine"),
        *("las microagujas", "su cicatriz", "cicatrices", "el tratamiento", "su sesión"),
        *("flaking is normal", "new patches", "dry skin", "the redness", "peeling"),
        *("si se descama", "manchas nuevas", "la piel seca", "rojez", "el picor"),
        *("la cara", "las mejillas", "la frente", "el suero", "la anestesia", "arrugas"),
    ],
)
def test_nothing_on_a_lock_screen_names_what_is_treated(step: CareStep, words: str) -> None:
    assert "body" in sms(step, words)
    assert "subject" in refused(step, subject=f"About {words}")
    assert refused(step, body=f"In an e-mail: {words}") == {}


@pytest.mark.parametrize(
    "words", ["see you Monday", "the number to call", "escriba si algo cambia", "a scan, a place"]
)
def test_ordinary_words_are_not_taken_for_more(step: CareStep, words: str) -> None:
    assert sms(step, words) == {}


def test_the_clinics_own_catalogues_are_read(step: CareStep, catalogue: None) -> None:
    """Every name in every catalogue, in an SMS and in a subject."""
    Concern.objects.create(code="own", name="Rosacea")
    names = [
        name
        for model in (Concern, Zone, Product)
        for name in model.objects.values_list("name", flat=True)
    ]
    assert len(names) >= 40

    for name in names:
        assert indiscreet(f"about {name} today"), name
    for language, _ in settings.LANGUAGES:
        with override_language(language):
            for name in map(str, ZONES.values()):
                assert indiscreet(f"x {name} x"), name
    assert "body" in sms(step, "your rosacea")


def test_an_sms_says_who_writes_and_how_to_end_it(step: CareStep) -> None:
    anonymous = refused(step, channel=Channel.SMS, body="See you. STOP to end")
    endless = refused(step, channel=Channel.SMS, body="{{ clinic_short }}: see you")

    assert "who writes" in anonymous["body"][0]
    assert "STOP" in endless["body"][0]


def test_a_subject_is_one_line(step: CareStep) -> None:
    assert "one line" in refused(step, subject="Hello\nBcc: everybody@x.example")["subject"][0]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>x</script>", "No HTML"),
        ("<img src=x>", "No HTML"),
        ("a <b>bold</b> word", "No HTML"),
        ("\ue0007\ue001", "no font has"),
        ("![](https://tracker.example/x.gif)", "No pictures"),
        ("[here](javascript:alert)", "A link goes to"),
        ("[here](http://plain.example)", "A link goes to"),
        ("[here]({{ clinic }})", "A link goes to"),
        ("[here]({{ link }}?a=dead)", "A link goes to"),
    ],
)
def test_a_mail_is_markdown_with_plain_links(step: CareStep, body: str, complaint: str) -> None:
    assert complaint in refused(step, body=body)["body"][0]
    assert refused(step, body="[a]({{ link }}?a=worse) [b]({{preferences_link}}) 3 < 4") == {}


def test_an_sms_is_measured_with_the_longest_values(step: CareStep) -> None:
    fits = "x" * (160 - 20 - len(":  STOP to end"))
    assert sms(step, fits) == {}

    over = sms(step, fits + "x")

    assert over["body"] == [
        "At its longest this has 161 characters and takes 2 SMS parts; allowed here: 1."
    ]
    assert sms(step, fits + "x", max_parts=2) == {}
    assert "takes 2 SMS parts" in sms(step, "{{ link }} " * 3)["body"][0]


def test_a_letter_that_the_sms_alphabet_lacks_is_named(step: CareStep) -> None:
    assert sms(step, "mañana a las {{ time }}, ¿sí o no? É") == sms(step, "á") == {}

    long = sms(step, "á" + "x" * 60)

    assert "because of “á”" in long["body"][0]


def test_a_long_public_address_makes_longer_sms_but_never_stops_the_loading(
    settings: Any, request: Any
) -> None:
    settings.PUBLIC_URL = "https://appointments.a-clinic-with-a-very-long-name.example.com"

    request.getfixturevalue("catalogue")

    assert MessageTemplate.objects.filter(channel=Channel.SMS, max_parts=2).count() > 10


def test_a_sender_that_tells_gives_way_to_a_shorter_one() -> None:
    assert discreet_name("Riverside Skin Clinic", "Riverside") == "Riverside Skin Clinic"
    assert discreet_name("Riverside Microneedling", "Riverside") == "Riverside"
    assert discreet_name("Needles", "Acne Studio", "+4930123") == "+4930123"


def test_every_variable_that_an_sms_may_use_has_a_longest_value() -> None:
    names = [name for name, v in VARIABLES.items() if Place.SMS in v.places]
    body = " ".join(f"{{{{ {name} }}}}" for name in names)

    for language in ("en", "es"):
        template = TemplateFactory.build(channel=Channel.SMS, language=language, body=body)
        assert "{{" not in checks.at_longest(template)
