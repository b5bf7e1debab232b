"""The words of a message: a template version, filled with what may be said on that channel.

A version never changes, so all that does not depend on the patient is done once a process:
Markdown, layout, inlined styles, parsing. A message then costs filling in a few values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any
from uuid import UUID

import css_inline
import markdown
from django.template.defaultfilters import linebreaksbr
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from aftercare.models import Anchor, CareStep, Message, MessageTemplate
from aftercare.texts import gsm7, links
from aftercare.texts.fill import Text
from aftercare.texts.values import values_of
from aftercare.texts.variables import OPTIONAL, VARIABLES
from clinic.values.discretion import discreet_name
from clinic.values.languages import override_language
from patients.models import Channel
from sessions.ical import appointment, withdrawal
from sessions.lifecycle import Status

__all__ = [
    "VARIABLES",
    "CompiledText",
    "NoTemplate",
    "Outgoing",
    "compile_text",
    "render",
    "template_for",
]

# What the layout needs beside the variables of the text.
LAYOUT = ("subject", "clinic_address", "clinic_tel", "emergency_tel", "not_me_link")
VARIABLE = re.compile(r"\{\{ *(\w+) *\}\}")
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class NoTemplate(Exception):
    """There is no text for this step, channel and language."""


@dataclass(frozen=True)
class Outgoing:
    """A message as it goes to a provider."""

    key: UUID
    to: str
    sender: str
    reply_to: str
    subject: str
    text: str
    html: str
    appointment: bytes = b""  # an iCalendar file for the patient's own calendar
    unsubscribe_url: str = ""  # List-Unsubscribe (RFC 8058)
    zone: tzinfo = UTC  # the clinic's, of the date


@dataclass(frozen=True)
class CompiledText:
    """A text ready to be filled, and the names of the values that it needs."""

    names: frozenset[str]
    subject: Text
    text: Text
    html: Text | None

    def fill(self, values: Mapping[str, Any]) -> tuple[str, str, str]:
        """Subject, text and HTML. Values are escaped in HTML, and nowhere else."""
        subject = " ".join(self.subject.fill(values, escaped=False).split())  # one line
        text = self.text.fill(values, escaped=False).strip()
        if self.html is None:
            return subject, text, ""
        shown = {**values, "subject": subject, **_with_line_breaks(values)}
        return subject, text, self.html.fill(shown, escaped=True)


def _with_line_breaks(values: Mapping[str, Any]) -> dict[str, Any]:
    """What staff have typed has lines of its own."""
    return {name: linebreaksbr(values[name]) for name in ("answer",) if name in values}


@lru_cache(maxsize=1024)
def compile_text(channel: str, language: str, subject: str, body: str) -> CompiledText:
    """Everything about a text that can be done without knowing for whom it is."""
    names = set(VARIABLE.findall(subject + body))
    if channel == Channel.SMS:
        return CompiledText(frozenset(names), Text(""), Text(body), None)
    names |= {"clinic", "clinic_short", "clinic_phone", "clinic_email", "preferences_link"}
    with override_language(language):
        text = f"{_optional_lines(plain(body)).strip()}\n\n{_foot()}"
        html = _html(language, body)
    return CompiledText(frozenset(names), Text(subject), Text(text), Text(html))


def _foot() -> str:
    """Of the plain part; that of the HTML part is in its layout."""
    phone = pgettext("foot of an e-mail", "Phone")
    email = pgettext("foot of an e-mail", "E-mail")
    why = gettext("You get this message because you are a patient of ours and agreed to it.")
    choose = gettext("Choose which messages you get")
    not_me = gettext("Is this message not for you? Tell us")
    return (
        f"-- \n{{{{ clinic }}}}\n{phone}: {{{{ clinic_phone }}}}\n{email}: {{{{ clinic_email }}}}\n"
        "{% if clinic_address %}{{ clinic_address }}\n{% endif %}\n"
        f"{why}\n{choose}: {{{{ preferences_link }}}}\n{not_me}: {{{{ not_me_link }}}}\n"
    )


def plain(text: str) -> str:
    """Markdown as one would type it in an e-mail without markup."""
    text = re.sub(r"^#+ +|^> ?", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]+)\]\(([^)]*)\)", r"\1:\n\2", text)
    return text.replace("**", "")


def _optional_lines(text: str) -> str:
    names = "|".join(OPTIONAL)
    return re.sub(
        rf"^(?:- )?\{{\{{ *({names}) *\}}\}}\n*",
        lambda found: f"{{% if {found[1]} %}}{found[0]}{{% endif %}}",
        text,
        flags=re.MULTILINE,
    )


def _html(language: str, body: str) -> str:
    """The source of the HTML part: layout and Markdown with styles inlined.

    Variables go through all this as numbers between two private characters, which neither
    Markdown nor an HTML parser touches, and become variables again at the end.
    """
    names = [*VARIABLES, *LAYOUT]

    def hidden(name: str) -> str:
        return f"\ue000{names.index(name)}\ue001"

    content = markdown.markdown(
        VARIABLE.sub(lambda found: hidden(found[1]), body), extensions=["sane_lists"]
    )
    for name in OPTIONAL:  # an empty paragraph or item goes away
        for tag in ("p", "li"):
            part = f"<{tag}>{hidden(name)}</{tag}>"
            content = content.replace(part, f"\ue002{name}\ue003{part}\ue004")
    content = re.sub(r"<p>(<a [^>]*>[^<]*</a>)</p>", r'<p class="button">\1</p>', content)
    for name, tel in (("clinic_phone", "clinic_tel"), ("emergency_phone", "emergency_tel")):
        number = hidden(name)
        content = content.replace(number, f'<a class="tel" href="tel:{hidden(tel)}">{number}</a>')
    page = render_to_string(
        "aftercare/email.html",
        {
            "content": SafeString(content),
            "language": language,
            **{name: SafeString(hidden(name)) for name in names},
        },
    )
    source = INLINER.inline(page).replace("\ue004", "{% endif %}")
    source = re.sub("\ue002(\\w+)\ue003", r"{% if \1 %}", source)
    return re.sub("\ue000(\\d+)\ue001", lambda found: f"{{{{ {names[int(found[1])]} }}}}", source)


def template_for(message: Message) -> MessageTemplate:
    """The newest version in the patient's language. Raises NoTemplate.

    A step of a protocol that has no text of its own says what the general step says.
    """
    language, step = message.patient.language, message.step
    texts = MessageTemplate.objects
    found = texts.current(step_id=step.pk, channel=message.channel, language=language).first()
    if found is None and step.protocol_id:
        general = CareStep.objects.filter(code=step.code, protocol=None).values("pk")[:1]
        found = texts.current(step_id=general, channel=message.channel, language=language).first()
    if found is None:
        how = message.get_channel_display()
        raise NoTemplate(f"there is no text by {how} for “{step.name}”")
    return found


def render(message: Message, template: MessageTemplate) -> Outgoing:
    """Fill `template` for `message`, in the template's language and on the clinic's clock."""
    patient, clinic = message.patient, message.clinic
    words = compile_text(message.channel, template.language, template.subject, template.body)
    values = values_of(message, language=template.language, names=words.names)
    subject, text, html = words.fill(values)
    if message.channel == Channel.SMS:
        return Outgoing(
            key=message.key,
            to=str(patient.mobile),
            sender=values["clinic_short"],
            reply_to="",
            subject="",
            text=gsm7.plain_marks(text),
            html="",
        )
    return Outgoing(
        key=message.key,
        to=patient.email,
        sender=discreet_name(clinic.name, values["clinic_short"]),
        reply_to=clinic.email,
        subject=subject,
        text=text,
        html=html,
        appointment=_appointment(message),
        unsubscribe_url=links.unsubscribe(message),
        zone=clinic.zone,
    )


def _appointment(message: Message) -> bytes:
    """The file that puts a booking into the patient's calendar, or takes it out."""
    session, anchor = message.session, message.step.anchor
    if anchor not in (Anchor.BOOKED, Anchor.MOVED, Anchor.CANCELLED):
        return b""
    session.patient, session.clinic = message.patient, message.clinic
    if anchor != Anchor.CANCELLED:
        return appointment(session)
    cancelled = session.events.filter(new_status=Status.CANCELLED).order_by("id").last()
    return withdrawal(session, at=cancelled.at) if cancelled else b""
