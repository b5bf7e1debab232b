"""A text as a patient would get it, filled with a made-up patient: for whoever writes it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from aftercare.models import MessageTemplate
from aftercare.texts import advice, checks, gsm7
from aftercare.texts.render import compile_text
from aftercare.texts.values import advice_on_products, clinic_values
from aftercare.texts.variables import areas_in_words, zones_in_words
from clinic.models import Clinic
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from patients.models import Channel
from sessions.models import ProductKind

EXAMPLE = datetime(2030, 9, 25, 10, 30, tzinfo=UTC)  # a Wednesday in September: long names


@dataclass(frozen=True)
class Preview:
    sender: str
    subject: str
    text: str
    html: str
    length: int  # of this SMS
    parts: int
    longest: int  # of any SMS of this text
    most_parts: int


def preview(template: MessageTemplate, clinic: Clinic) -> Preview:
    """How `template`, saved or not, comes out at `clinic`. The caller has run the lint."""
    words = compile_text(template.channel, template.language, template.subject, template.body)
    is_sms = template.channel == Channel.SMS
    values = sample_values(clinic, template.language, is_sms=is_sms)
    subject, text, html = words.fill(values)
    if is_sms:
        text = gsm7.plain_marks(text)
    sender = values["clinic_short"] if is_sms else discreet_name(clinic.name, clinic.short_name)
    longest = checks.at_longest(template) if is_sms else ""
    return Preview(
        sender=sender,
        subject=subject,
        text=text,
        html=html,
        length=len(text),
        parts=gsm7.parts(text),
        longest=len(longest),
        most_parts=gsm7.parts(longest),
    )


def sample_values(clinic: Clinic, language: str, *, is_sms: bool) -> dict[str, Any]:
    """A value for every variable; the links lead nowhere."""
    page = f"{settings.PUBLIC_URL}/p/{'EXAMPLE' * 4}xxxx/"
    with override_language(language):
        yes = gettext("Yes, that is normal. It will be gone in two days.")
        return {
            **(values := clinic_values(clinic, is_sms=is_sms)),
            **advice_on_products(values, [ProductKind.ANAESTHETIC, ProductKind.SERUM]),
            **advice.care("face"),
            "meeting": gettext("By video: %(address)s") % {"address": "https://video.example/1"},
            "antiviral": advice.ANTIVIRAL.format(phone=values["clinic_phone"]),
            "answer": gsm7.fold_to_gsm7(yes) if is_sms else yes,
            "given_name": pgettext("a patient in a preview", "Grace"),
            "date": date_format(
                EXAMPLE, "VISIT_DATE_SMS_FORMAT" if is_sms else "VISIT_DATE_FORMAT"
            ),
            "time": "10:30",
            "new_time": "11:10",
            "old_date": date_format(EXAMPLE - timedelta(days=1), "VISIT_DATE_FORMAT"),
            "old_time": "09:00",
            "home_care": advice.home_care(advice.HOME_CARE),
            "please_confirm": gettext("Please confirm"),
            "link": page,
            "preferences_link": f"{page}settings/",
            "not_me_link": f"{page}not-me/",
            "zones": zones_in_words([("cheeks", ""), ("forehead", "")]),
            "areas": areas_in_words([("face", ""), ("neck", "")]),
            "days_since": 7,
            "next_date": date_format(EXAMPLE + timedelta(days=28), "VISIT_DATE_FORMAT"),
        }
