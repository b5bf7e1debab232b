"""The words of a message: a template version, filled with what may be said on that channel."""

import re
from dataclasses import dataclass
from uuid import UUID

import markdown
from django.core.exceptions import ValidationError
from django.template import Context, Engine, TemplateSyntaxError
from django.template.base import Node, Template, VariableNode
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from aftercare.models import Anchor, Message, MessageTemplate
from patients.models import Channel
from sessions.calendar import appointment

# What a text may say. Never the treatment, the area, a diagnosis, a note or the full name:
# whoever holds the phone may not be the patient.
VARIABLES = {
    "given_name": "The patient's given name (e-mail only).",
    "clinic": "The clinic's name (e-mail only).",
    "clinic_short": "The clinic's short name.",
    "clinic_phone": "The number that patients call.",
    "clinic_email": "The address for replies.",
    "emergency_phone": "The emergency number.",
    "date": "The day of the session, on the patient's wall clock.",
    "time": "The time of the session, on the patient's wall clock.",
}
ENGINE = Engine(autoescape=True)


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


def check_text(text: str) -> None:
    """Raise ValidationError for a text that does not render, or names an unknown variable."""
    try:
        template = Template(text, engine=ENGINE)
    except TemplateSyntaxError as error:
        raise ValidationError(f"The text cannot be read: {error}") from None
    for node in template.nodelist.get_nodes_by_type(Node):
        if not isinstance(node, VariableNode):
            if type(node).__name__ != "TextNode":
                raise ValidationError("Only {{ variables }} are allowed here, no tags.")
            continue
        name = str(node.filter_expression)
        if name not in VARIABLES:
            known = ", ".join(VARIABLES)
            raise ValidationError(f"{{{{ {name} }}}} is unknown. Known here: {known}.")


def plain(text: str) -> str:
    """Markdown as one would type it in an e-mail without markup."""
    text = re.sub(r"^#+ +|^> ?", "", text, flags=re.MULTILINE)
    return text.replace("**", "")


def template_for(message: Message) -> MessageTemplate:
    """The newest version in the patient's language. Raises NoTemplate."""
    template = MessageTemplate.objects.current(
        step_id=message.step_id, channel=message.channel, language=message.patient.language
    ).first()
    if template is None:
        raise NoTemplate(f"no {message.channel} text for the step {message.step.code}")
    return template


def render(message: Message, template: MessageTemplate) -> Outgoing:
    """Fill `template` for `message`, in the template's language and on the patient's clock."""
    patient, clinic = message.patient, message.clinic
    with translation.override(template.language):
        local = message.session.starts_at.astimezone(patient.zone)
        values = {
            "given_name": patient.given_name,
            "clinic": clinic.name,
            "clinic_short": clinic.short_name,
            "clinic_phone": clinic.phone.as_international,
            "clinic_email": clinic.email,
            "emergency_phone": clinic.emergency_phone,
            "date": date_format(local, "l j F" if template.language == "en" else "l j \\d\\e F"),
            "time": date_format(local, "H:i"),
        }
        body = Template(template.body, engine=ENGINE)
        text = plain(body.render(Context(values, autoescape=False))).strip()
        # Joining makes it one line and an ordinary string, which is escaped like any other.
        subject = " ".join(
            Template(template.subject, engine=ENGINE)
            .render(Context(values, autoescape=False))
            .split()
        )
        if message.channel == Channel.SMS:
            return Outgoing(
                key=message.key,
                to=str(patient.mobile),
                sender=clinic.short_name,
                reply_to="",
                subject="",
                text=text,
                html="",
            )
        # Values are escaped first, then Markdown makes HTML of our own text around them.
        content = SafeString(
            markdown.markdown(body.render(Context(values)), extensions=["sane_lists"])
        )
        html = render_to_string(
            "aftercare/email.html",
            {
                "content": content,
                "subject": subject,
                "clinic": clinic,
                "language": template.language,
            },
        )
    return Outgoing(
        key=message.key,
        to=patient.email,
        sender=clinic.name,
        reply_to=clinic.email,
        subject=subject,
        text=text,
        html=html,
        appointment=appointment(message.session) if message.step.anchor == Anchor.BOOKED else b"",
    )
