"""How easily patients read what they get: the school year that an English text needs, and the ease
of a Spanish one. Medical words make a text hard, so its sentences are short."""

import re
from collections.abc import Iterator

import pytest
import textstat
from django.conf import settings

from aftercare.models import MessageTemplate
from aftercare.replies.auto_replies import TEXTS, WITHOUT_CLINIC
from aftercare.texts import advice
from clinic.values.languages import override_language
from patients.models import ConsentText, ScreeningRule
from tests.support.translations import read, texts_of

# Where the product speaks to patients.
OF_PATIENTS = (
    *("aftercare/pages/", "aftercare/replies/", "aftercare/texts/", "aftercare/records/export/"),
    *("aftercare/records/leaflet.py", "aftercare/templates/aftercare/pages/"),
    *("aftercare/templates/aftercare/leaflet", "aftercare/templates/aftercare/e"),
    *("clinic/values/zones.py", "clinic/templates/clinic/base.html"),
)
# Flesch-Kincaid, at most; Fernández-Huerta, at least.
SCHOOL_YEAR, SCHOOL_YEAR_OF_CONSENT, EASE = 6.0, 8.0, 75.0
VALUES = {
    "en": {"date": "Monday 7 January", "zones": "cheeks", "given_name": "Grace"},
    "es": {"date": "lunes 7 de enero", "zones": "las mejillas", "given_name": "Ana"},
}
# Between what patients read: what is refused to staff, who write the texts.
OF_STAFF = {f"aftercare/{file}.py" for file in ("replies/inbox", "replies/opt_out", "texts/checks")}


def prose(text: str) -> str:
    """The sentences of a text: without markup and links, each heading and item a sentence."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text.replace("**", ""))
    text = re.sub(r"<[^>]+>|https?://\S+|%\(\w+\)s|\{\w*\}", " ", text)
    parts = re.split(r"\n\s*\n|\n(?=[-#>] ?\S)", re.sub(r"(?m)^> ?", "", text))
    lines = (" ".join(re.sub(r"(?m)^(?:#+|-) ", "", part).split()) for part in parts)
    return "\n".join(line if line[-1] in ".!?:" else f"{line}." for line in lines if line)


def fault(text: str, language: str, *, most: float = SCHOOL_YEAR) -> str:
    """How hard a text is, if it is too hard."""
    if language == "en":
        textstat.set_lang("en_US")
        year = textstat.flesch_kincaid_grade(prose(text))
        return f"school year {year:.1f}" if year > most else ""
    textstat.set_lang(language)
    ease = textstat.fernandez_huerta(prose(text))
    return f"ease {ease:.1f}" if ease < EASE else ""


def messages() -> Iterator[tuple[str, str, str]]:
    """Each text, filled as on each part of the body: what it is, its language, its words."""
    for template in MessageTemplate.objects.select_related("step"):
        with override_language(template.language):
            for area in advice.PLACES:
                values = {
                    **dict.fromkeys(("numbing", "serum", "antiviral"), ""),
                    **VALUES[template.language],
                    **advice.care(area),
                }
                words = re.sub(
                    r"\{\{ (\w+) \}\}",
                    lambda found, values=values: values.get(found[1], "7"),  # type: ignore[misc]
                    f"{template.subject}\n\n{template.body}",
                )
                yield f"{template} ({area})", template.language, words


def phrases() -> Iterator[tuple[str, str, str]]:
    """What the product itself says, page by page and file by file, in each language."""
    for app in ("clinic", "aftercare"):
        by_file: dict[str, list[str]] = {}
        for text, _, file in texts_of(app):
            if not file.startswith(OF_PATIENTS):
                continue
            by_file.setdefault(file, []).append(text[0] if isinstance(text, tuple) else text)
        for language, _ in settings.LANGUAGES:
            catalog = {} if language == "en" else {m.id: m.string for m in read(app, language)}
            for file, texts in by_file.items():
                sentences = [str(catalog.get(text, text)) for text in texts if len(text) > 40]
                yield file, language, "\n\n".join(sentences)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Intermittent hyperpigmentation necessitates dermatological reassessment."),
        ("es", "La hiperpigmentación intermitente requiere reevaluación dermatológica."),
    ],
)
def test_a_text_that_is_too_hard_is_found(language: str, text: str) -> None:
    assert fault(text, language)
    assert not fault({"en": "Call us if it hurts.", "es": "Llame si le duele."}[language], language)


@pytest.mark.django_db
def test_every_message_is_easy_to_read(catalogue: None) -> None:
    found = list(messages())

    assert len(found) >= 200
    assert [(what, why) for what, lang, text in found if (why := fault(text, lang))] == []


@pytest.mark.django_db
def test_every_consent_is_easy_to_read(catalogue: None) -> None:
    hard = []
    for text in ConsentText.objects.prefetch_related("clauses"):
        clauses = [clause.wording for clause in text.clauses.all()]
        words = "\n\n".join([text.title, text.body, *clauses])
        hard.append((text, fault(words, text.language, most=SCHOOL_YEAR_OF_CONSENT)))

    assert len(hard) == 2 * len(settings.LANGUAGES)
    assert [(str(text), why) for text, why in hard if why] == []


@pytest.mark.django_db
def test_every_question_of_the_screening_is_asked_in_each_language_and_easy_to_read(
    catalogue: None,
) -> None:
    rules = list(ScreeningRule.objects.prefetch_related("wordings"))
    asked = [
        (rule.code, language, question)
        for rule in rules
        for language, question in [
            ("en", rule.question),
            *((wording.language, wording.question) for wording in rule.wordings.all()),
        ]
    ]

    assert len(rules) > 40
    assert {(code, language) for code, language, _ in asked} == {
        (rule.code, language) for rule in rules for language, _ in settings.LANGUAGES
    }
    assert [(code, why) for code, lang, text in asked if (why := fault(text, lang))] == []


def test_every_page_answer_and_paragraph_is_easy_to_read() -> None:
    found = [row for row in phrases() if row[2] and row[0] not in OF_STAFF]
    said = [str(text) for text in (*TEXTS.values(), *WITHOUT_CLINIC.values(), advice.NUMBING)]

    assert len(found) >= 20
    assert [(what, why) for what, lang, text in found if (why := fault(text, lang))] == []
    assert [(text, why) for text in said if (why := fault(text, "en"))] == []
