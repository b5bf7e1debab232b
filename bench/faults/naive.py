"""The control: workers that send what is due as most outboxes do.

    celery -A bench.faults.naive worker

They claim with a lease, call the provider, and mark the message afterwards; whatever is still
claimed when its lease is over is sent again. Nothing is committed before the call, and no row is
locked during it. Under faults this sends twice, or the faults were too weak to prove anything.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import django

from clinic.celery import app

__all__ = ["app"]

django.setup()

from aftercare.channels import Channels  # noqa: E402
from aftercare.dispatch import run as dispatch  # noqa: E402  models need the set-up
from aftercare.models import Message, MessageStatus  # noqa: E402
from aftercare.texts.render import render, template_for  # noqa: E402


def send_due(*, clock: Callable[[], datetime], **_: Any) -> int:
    worker = uuid4().hex
    sent = 0
    with Channels() as channels:
        while True:
            Message.objects.filter(status=MessageStatus.CLAIMED, lease_until__lte=clock()).update(
                status=MessageStatus.PENDING, worker="", lease_until=None
            )
            ids = dispatch.claim(worker=worker, at=clock(), limit=dispatch.BATCH)
            if not ids:
                return sent
            for message in Message.objects.filter(pk__in=ids).select_related(
                "clinic", "patient__clinic", "step"
            ):
                template = template_for(message)
                provider_id = channels[message.channel].send(render(message, template))
                message.record_acceptance(at=clock(), provider_id=provider_id)
                sent += 1


patch.object(dispatch, "send_due", send_due).start()
