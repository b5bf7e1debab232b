"""A channel on which nothing is accepted rests, and is tried with one message at a time.

Note [Outage]
    What a provider says of us, and no answer at all, it would say of every message. So the first
    such refusal opens an outage of the channel: messages stay as due as they were, no try is
    counted, and nothing of the channel is claimed. When the pause is over, one worker takes one
    message to see; the longer it lasts, the longer the pauses. The first message that the provider
    takes, or refuses for its own sake, ends the outage.
    A message that is refused as if nothing could be sent, while others are taken (for its words,
    say), would close the channel again and again. So the one that opened an outage is its suspect:
    it is not the one to be tried while another waits, and if it is refused first again once others
    were taken, that counts as a try of its own.
"""

import logging
import re
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext, ngettext

from aftercare.models import Message, Outage
from clinic.models import Clinic
from patients.models import Audience, Channel, StaffTask, TaskKind
from patients.services.tasks import finish_source, raise_task

logger = logging.getLogger(__name__)

SHORTEST, LONGEST = timedelta(seconds=30), timedelta(minutes=10)
PROBE = timedelta(minutes=1)  # for the one who tries, until another may
LONG = timedelta(minutes=10)  # then a person has to know
CERTAIN = timedelta(minutes=1)  # a single refusal is no news: the next try may pass
SECRET = re.compile(r"\S*@\S*|\+?\d[\d ()/-]{5,}\d")  # who was written to, in a provider's words


def begin(message: Message, reply: str, *, at: datetime) -> bool:
    """Nothing is accepted on the message's channel, it seems: let the channel rest. False if it is
    this message alone. The caller holds the message's lock."""
    defaults = {"reply": "", "suspect_id": message.pk}
    Outage.objects.get_or_create(channel=message.channel, defaults=defaults)
    outage = Outage.objects.select_for_update().get(channel=message.channel)
    if outage.opened_at is None:
        if outage.refusals and outage.suspect_id == message.pk:
            return False
        outage.opened_at, outage.refusals, outage.suspect_id = at, 0, message.pk
    outage.refusals += 1
    outage.reply = mask(reply)[:300]
    pause = min(max((at - outage.opened_at) / 2, SHORTEST), LONGEST)
    outage.paused_until = at + pause
    outage.save()
    logger.warning("%s; tried again in %d s", in_words(outage, at=at), pause.total_seconds())
    return True


def end(channel: str, *, at: datetime) -> None:
    """Something was accepted: send on, and tick off the tasks."""
    on = Outage.objects.filter(channel=channel).exclude(opened_at=None)
    if on.update(opened_at=None, paused_until=None):
        logger.warning("messages are accepted by %s again", Channel(channel).label)
        for task in StaffTask.objects.open().filter(source__startswith=f"outage:{channel}:"):
            finish_source(
                source=task.source, at=at, by=None, note=gettext("Messages go out again.")
            )


def tell_managers(*, at: datetime) -> None:
    """A task at each clinic whose messages wait, once an outage is long; one for each outage."""
    for outage in Outage.objects.filter(opened_at__lte=at - LONG):
        waiting = Message.objects.due(at).filter(channel=outage.channel)
        for clinic in Clinic.objects.filter(pk__in=waiting.values("clinic")):
            source = f"outage:{outage.channel}:{outage.opened_at:%Y%m%dT%H%M%S}:{clinic.pk}"
            if not StaffTask.objects.filter(source=source).exists():
                raise_task(
                    clinic=clinic,
                    kind=TaskKind.OTHER,
                    audience=Audience.MANAGER,
                    title=gettext("No {channel} goes out").format(
                        channel=outage.get_channel_display()
                    ),
                    detail=gettext(
                        "So far {outage}. What waits goes out when the provider takes it, while it "
                        "is of use. Ask whoever looks after the system, and call patients who must "
                        "know today."
                    ).format(outage=in_words(outage, at=at)),
                    source=source,
                    at=at,
                )


def take_probe(*, at: datetime) -> list[Outage]:
    """The outages that this worker is to try with one message each: nobody else, for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE aftercare_outage SET paused_until = %s WHERE paused_until <= %s"
            " RETURNING channel",
            [at + PROBE, at],
        )
        channels = [channel for (channel,) in cursor.fetchall()]
    return list(Outage.objects.filter(channel__in=channels)) if channels else []


def resting() -> set[str]:
    """The channels on which nothing is claimed."""
    return set(Outage.objects.exclude(opened_at=None).values_list("channel", flat=True))


def reasons(*, at: datetime) -> list[str]:
    """In words, the channels on which messages wait and nothing is accepted."""
    return [
        in_words(outage, at=at)
        for outage in Outage.objects.filter(opened_at__lte=at - CERTAIN).order_by("channel")
        if Message.objects.due(at).filter(channel=outage.channel).exists()
    ]


def in_words(outage: Outage, *, at: datetime) -> str:
    words = ngettext(
        "nothing accepted by {channel} for {minutes} min, {refusals} refusal: {reply}",
        "nothing accepted by {channel} for {minutes} min, {refusals} refusals: {reply}",
        outage.refusals,
    )
    return words.format(
        channel=outage.get_channel_display(),
        minutes=(at - (outage.opened_at or at)) // timedelta(minutes=1),
        refusals=outage.refusals,
        reply=outage.reply,
    )


def mask(reply: str) -> str:
    """A provider's words without whom they are about: they are shown where nobody logs in."""
    return " ".join(SECRET.sub("…", reply).split())
