"""Times near the wanted one, at the field of a form where that one is not free."""

from datetime import datetime

from django.forms import Form
from django.utils import timezone
from django.utils.translation import gettext

from clinic.models import User
from clinic.values.moments import date_in_words
from sessions import services
from sessions.scheduling.availability import Offer
from sessions.scheduling.wanted import Wanted


def offer_near(
    form: Form, *, wanted: Wanted, starts_at: datetime, practitioner: User
) -> list[Offer]:
    """Run it when the refused booking is rolled back. Returns what is offered."""
    offered = services.alternatives(
        wanted=wanted, starts_at=starts_at, practitioner=practitioner, at=timezone.now()
    )
    people = User.objects.in_bulk({offer.practitioner_id for offer in offered})
    for offer in offered:
        local = offer.starts_at.astimezone(wanted.clinic.zone)
        who = people[offer.practitioner_id]
        form.add_error(
            "starts_at",
            gettext("Free: {local}, {who}").format(
                local=date_in_words(local, "D j M Y, H:i"), who=who
            ),
        )
    return offered
