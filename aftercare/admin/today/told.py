"""What a patient will be told of a cancellation: it is tried, read, and taken back."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from aftercare.models import ANNOUNCES, Message, MessageStatus
from aftercare.texts.render import NoTemplate, render, template_for
from clinic.models import User
from clinic.values.languages import override_language
from sessions import services
from sessions.lifecycle import Status
from sessions.models import IllegalMove, TreatmentSession

LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Told:
    """One message as it would go out."""

    channel: str
    text: str


def told_of_cancelling(session: TreatmentSession, *, by: User, at: datetime) -> list[Told]:
    """Nothing, where the visit cannot be cancelled or nobody can be written to."""
    with transaction.atomic():
        try:
            services.move_session(session_id=session.pk, to=Status.CANCELLED, at=at, by=by)
        except IllegalMove:
            transaction.set_rollback(True)
            return []
        planned = Message.objects.filter(
            session=session.leading_id,
            step__anchor__in=ANNOUNCES,
            status=MessageStatus.PENDING,
        ).select_related("patient__clinic", "clinic", "step", "session__clinic")
        found = [_text(message) for message in planned.order_by("channel", "id")]
        transaction.set_rollback(True)
    return [told for told in found if told]


def _text(message: Message) -> Told | None:
    try:
        template = template_for(message)
    except NoTemplate:
        return None
    with override_language(template.language):
        words = render(message, template)
    head = f"{words.subject}\n\n" if words.subject else ""
    text = LINK.sub("(link)", f"{head}{words.text}")  # which would open without a password
    return Told(str(message.get_channel_display()), text)
