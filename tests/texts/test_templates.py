"""The words: what may stand in them, and how they come out."""

import re
from html.parser import HTMLParser
from typing import Any

import pgtrigger
import pytest
from django.conf import settings

from aftercare import services
from aftercare.models import CareStep, MessageTemplate, StaffAnswer
from aftercare.pages.check_in.views import WORDS_OF_LINKS
from aftercare.texts import checks, links
from aftercare.texts.preview import sample_values
from aftercare.texts.render import NoTemplate, compile_text, render, template_for
from aftercare.texts.variables import VARIABLES
from clinic.models import Clinic
from patients.models import Channel
from sessions.models import Mode, ProductKind
from tests.factories import (
    NINE,
    CareStepFactory,
    MessageFactory,
    PatientFactory,
    ProductFactory,
    ProductUseFactory,
    ProtocolFactory,
    TemplateFactory,
    UserFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
)

pytestmark = pytest.mark.django_db


def test_a_new_text_is_a_new_version() -> None:
    first = TemplateFactory()

    second = services.add_template_version(
        step=first.step,
        channel="EMAIL",
        language="en",
        subject="New",
        body="New words",
        at=NINE,
        by=UserFactory(),
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
    assert render(message, spanish).text.startswith("lunes 7 de enero\n")


def test_a_step_without_a_text_says_so() -> None:
    with pytest.raises(NoTemplate, match="no text by E-mail for"):
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
    assert re.search(r"<li[^>]*>one</li>", mail.html)
    assert mail.text.startswith("Hello <script>")
    assert "\nCall\n" in mail.text


def test_times_are_told_on_the_clinics_clock_and_whose_it_is_where_the_patients_differs() -> None:
    template = TemplateFactory(body="{{ date }} at {{ time }}")
    message = MessageFactory(step=template.step)
    assert render(message, template).text.startswith("Monday 7 January at 10:00\n")

    message.patient.time_zone = "America/New_York"

    text = render(message, template).text
    assert text.startswith("Monday 7 January at 10:00 (Berlin time)\n")


# The steps that say what to watch for: the day itself, and days 1 to 56.
WATCHED = (
    *(
        "aborted-0h",
        "after-0h",
        "after-24h",
        "after-72h",
        "after-7d",
        "after-14d",
        "after-28d",
        "after-56d",
        "test-0h",
        "test-72h",
    ),
)


def shipped() -> list[MessageTemplate]:
    return list(MessageTemplate.objects.select_related("step"))


def test_every_shipped_step_has_a_text_for_each_channel_in_each_language(catalogue: None) -> None:
    have = {(t.step_id, t.channel, t.language) for t in shipped()}

    for step in CareStep.objects.all():
        for channel in step.channels:
            for language, _ in settings.LANGUAGES:
                assert (step.pk, channel, language) in have, (step, channel, language)


def test_shipped_texts_pass_the_lint_and_fit_where_they_say(catalogue: None, settings: Any) -> None:
    """With a public address as long as they come, and the longest values of a clinic."""
    settings.PUBLIC_URL = "https://booking.riverside-clinic.com"
    several = set()
    for template in shipped():
        checks.check(template)
        if template.max_parts > 1:
            several.add((template.step.code, template.max_parts))
    # signs and a number do not fit into one, nor does what staff answer, nor two reasons and a link
    assert several == {
        (code, 2) for code in (*WATCHED, "answer", "new-link", "lot-recalled", "away")
    }


def test_shipped_mails_say_when_and_whom_to_call(catalogue: None) -> None:
    """clinical.md §1.5: the number stands in every text, the emergency number in the first days."""
    early = {"after-0h", "after-24h", "after-72h", "test-0h", "test-72h"}
    for template in shipped():
        if template.channel == Channel.EMAIL:
            assert "{{ clinic_phone }}" in template.body, template
        if template.step.code in early and template.channel == Channel.EMAIL:
            assert "{{ emergency_phone }}" in template.body, template
            assert "\n> " in template.body, template


def test_both_languages_say_the_same_things(catalogue: None) -> None:
    """As many headings, items, warnings, buttons and variables."""

    def shape(template: MessageTemplate) -> tuple[object, ...]:
        lines = template.body.splitlines()
        return (
            sum(line.startswith("#") for line in lines),
            sum(line.startswith("- ") for line in lines),
            any(line.startswith(">") for line in lines),
            sum("](" in line for line in lines),
            set(re.findall(r"{{ (\w+) }}", template.body)),
        )

    english = {(t.step_id, t.channel): t for t in shipped() if t.language == "en"}
    for template in shipped():
        twin = english[template.step_id, template.channel]
        assert shape(template) == shape(twin), template


@pytest.mark.parametrize("is_sms", [False, True])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_preview_has_something_for_every_variable(
    clinic: Clinic, language: str, is_sms: bool
) -> None:
    filled = sample_values(clinic, language, is_sms=is_sms)
    assert [name for name in VARIABLES if not str(filled.get(name, "")).strip()] == []


def test_the_variables_are_the_ones_that_are_filled() -> None:
    body = " ".join(f"[{{{{ {name} }}}}]" for name in VARIABLES)
    template = TemplateFactory(body=body)
    message = MessageFactory(
        step=template.step,
        session__plan__patient=PatientFactory(cold_sore_history=True),
        session__plan__home_care=["MOISTURISER"],
    )
    ZoneFactory(area=message.session.area, near_mouth=True)
    for kind in (ProductKind.ANAESTHETIC, ProductKind.SERUM):
        use(message, kind)
    message.session.mode = Mode.PHONE  # in memory: no treatment is
    message.answer = StaffAnswer(text="Yes.")

    mail = render(message, template)

    assert "[]" not in mail.text
    assert "{{" not in mail.text + mail.html
    assert not re.search("[\ue000-\ue00f]", mail.html)


def use(message: Any, kind: str) -> None:
    with pgtrigger.ignore("treatment_sessions.ProductUse:locked_once_signed"):
        ProductUseFactory(session=message.session, product=ProductFactory(kind=kind))


def treat(message: Any, *codes: str) -> None:
    area = message.session.area
    with pgtrigger.ignore("treatment_sessions.ZoneTreatment:locked_once_signed"):
        for code in codes:
            zone = ZoneFactory(area=area, code=code, name=f"Zone “{code}”")
            ZoneTreatmentFactory(session=message.session, zone=zone)


@pytest.mark.parametrize(
    ("language", "codes", "expected"),
    [
        ("en", ["cheeks"], "cheeks"),
        ("en", ["cheeks", "nose", "chin"], "cheeks, nose and chin and jawline"),
        ("es", ["forehead", "cheeks"], "la frente y las mejillas"),
        ("es", ["our-own"], "Zone “our-own”"),
        ("en", [], "the treated skin"),
    ],
)
def test_a_mail_tells_what_was_treated(language: str, codes: list[str], expected: str) -> None:
    template = TemplateFactory(language=language, body="Done: {{ zones }}.")
    message = MessageFactory(step=template.step)
    treat(message, *codes)

    assert f"Done: {expected}." in render(message, template).text


def test_a_mail_speaks_of_numbing_and_serum_only_if_they_were_used() -> None:
    body = "First\n\n{{ numbing }}\n\n- one\n- {{ serum }}\n\nLast"
    template = TemplateFactory(body=body)
    message = MessageFactory(step=template.step)

    without = render(message, template)
    use(message, ProductKind.ANAESTHETIC)
    use(message, ProductKind.SERUM)
    both = render(message, template)

    assert without.text.startswith("First\n\n- one\n\nLast") or "- one\nLast" in without.text
    assert without.html.count("<li") == 1
    assert not re.search(r"<(p|li)[^>]*>\s*</", without.html)
    assert "Your skin was numbed." in both.text
    assert "A serum was put on" in both.html
    assert both.html.count("<li") == 2


def test_a_message_takes_a_fixed_number_of_queries(django_assert_num_queries: Any) -> None:
    """Zones, products and courses of the session, and nothing that grows; an SMS takes none."""
    template = TemplateFactory(body="{{ zones }} {{ numbing }} {{ serum }} {{ next_date }}")
    message = MessageFactory(step=template.step)
    treat(message, *[f"zone-of-it-{n}" for n in range(6)])
    use(message, ProductKind.SERUM)
    texts = TemplateFactory(step=template.step, channel=Channel.SMS)
    sms = MessageFactory(session=message.session, step=template.step, channel=Channel.SMS)
    render(message, template)  # what the session belongs to is loaded

    with django_assert_num_queries(3):
        render(message, template)
    with django_assert_num_queries(0):
        render(sms, texts)


def test_a_protocol_without_its_own_text_says_what_the_general_step_says() -> None:
    general = TemplateFactory()
    own = CareStepFactory(code=general.step.code, protocol=ProtocolFactory())
    message = MessageFactory(step=own)

    assert template_for(message) == general
    special = TemplateFactory(step=own)
    assert template_for(message) == special


def test_a_patients_words_cannot_become_markdown() -> None:
    template = TemplateFactory(body="Hello {{ given_name }}")
    name = "[x](https://evil.example) **b** {{ clinic }}"
    message = MessageFactory(step=template.step, session__plan__patient__given_name=name)

    mail = render(message, template)

    assert "evil.example)" in mail.html
    assert 'href="https://evil' not in mail.html
    assert "{{ clinic }}" in mail.html


class Page(HTMLParser):
    """What a mail program, or a screen reader, makes of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_every_shipped_mail_is_accessible_and_links_where_it_should(catalogue: None) -> None:
    for template in shipped():
        if template.channel != Channel.EMAIL:
            continue
        message = MessageFactory(step=template.step, session__plan__patient__language="es")
        mail = render(message, template)
        page = Page(mail.html)
        attributes = [attrs for _, attrs in page.tags]
        targets = {str(attrs.get("href")) for tag, attrs in page.tags if tag == "a"}
        headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]

        assert page.tags[0] == ("html", {"lang": template.language})
        assert {"name": "color-scheme", "content": "light dark"} in attributes
        assert "@media (prefers-color-scheme: dark)" in mail.html
        assert [tag for tag, a in page.tags if a.get("role") == "presentation"] == ["table"]
        assert headings[0] == 1
        assert headings.count(1) == 1
        assert not [tag for tag, _ in page.tags if tag in ("img", "script", "link")]
        assert links.settings_page(message) in targets
        assert links.settings_page(message) in mail.text
        assert links.not_me(message) in targets
        assert mail.html.count("<!--[if mso]>") == mail.html.count("<![endif]-->") == 2
        assert 'width="600"' in mail.html
        assert not re.search(r"display: ?none|font-size: ?1px", mail.html)
        assert mail.unsubscribe_url == links.unsubscribe(message)
        if "{{ link }}" in template.body:
            assert links.main_page(message) in {target.split("?")[0] for target in targets}
            assert links.page(message) in mail.text
        feelings = {target.partition("?a=")[2] for target in targets} - {""}
        asks = template.step.code in ("after-24h", "after-72h", "after-7d", "test-72h")
        assert feelings == (set(WORDS_OF_LINKS) if asks else set()), template
        assert not re.search(r"\*\*|^#|\]\(|\{\{|^>", mail.text, re.MULTILINE), template


def test_every_sms_of_the_days_after_names_signs_and_leads_to_the_check_in(
    catalogue: None,
) -> None:
    asked = [text for text in shown_by_sms() if links.main_part(text.step) == "check/"]

    assert len(asked) == 2 * 7
    for template in asked:
        message = MessageFactory(step=template.step, channel=Channel.SMS)
        text = render(message, template).text
        assert f"{links.page(message)}check/ " in text
        assert re.search("pus|lumps|bultos", text), text
        assert message.clinic.phone.as_international in text


def shown_by_sms() -> list[MessageTemplate]:
    return [template for template in shipped() if template.channel == Channel.SMS]


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[("#2b2724", "#ffffff"), ("#974527", "#ffffff"), ("#ffffff", "#974527")],
        *[("#7a4b3a", "#f4f1ee"), ("#665e58", "#f4f1ee"), ("#4a1511", "#fdf0ee")],
        *[("#98201a", "#fdf0ee"), ("#ece6e1", "#272421"), ("#f0b59a", "#272421")],
        *[("#2a1209", "#f0b59a"), ("#e5b29a", "#1b1917"), ("#b5aca5", "#1b1917")],
        *[("#fbe3e0", "#42201d"), ("#ffc2ba", "#42201d")],
    ],
)
def test_the_colours_of_mails_can_be_read(ink: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1. The colours are those of templates/aftercare/email.html."""
    source = (settings.BASE_DIR / "aftercare/templates/aftercare/email.html").read_text()
    assert ink in source
    assert ground in source
    low, high = sorted([luminance(ink), luminance(ground)])

    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_text_is_prepared_once_a_process() -> None:
    template = TemplateFactory()
    message = MessageFactory(step=template.step)
    render(message, template)
    before = compile_text.cache_info()

    render(MessageFactory(step=template.step), template)

    after = compile_text.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)


def test_a_clinic_whose_name_tells_is_not_named_on_a_lock_screen() -> None:
    texts = TemplateFactory(channel=Channel.SMS)
    clinic = {"name": "Riverside Microneedling", "short_name": "Clínica Río"}
    named = {f"session__plan__patient__clinic__{key}": value for key, value in clinic.items()}
    sms = MessageFactory(step=texts.step, channel=Channel.SMS, **named)
    mail = MessageFactory(step=texts.step, session=sms.session)

    assert render(sms, texts).text.startswith("Clinica Rio: ")
    assert render(mail, TemplateFactory(step=texts.step)).sender == "Clínica Río"
