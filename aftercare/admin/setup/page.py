"""The page “Setting up”: what is done and what is not, and a test message to each provider."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from aftercare.admin.setup.steps import TRIED, Step, read_steps
from aftercare.channels import Refused, Unknown, channel_for
from aftercare.texts.render import Outgoing
from clinic.accounts.guessing import Pace, TooManyTries, count_alone
from clinic.models import Clinic, Heartbeat, User
from clinic.permissions import actor
from patients.models import Channel

PERMISSION = "clinic.add_room"  # of whoever sets a clinic up
STEPS = "aftercare/admin/setup/steps.html"
WORDS = _("This is a test: messages of the clinic arrive here. There is nothing to do.")
OFTEN = Pace((0, 0, 0, 0, 60, 600), timedelta(hours=1))


class TestForm(forms.Form):
    """Where the test goes: an e-mail to who presses, an SMS to the number that is typed."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    to = PhoneNumberField(label=_("To the mobile"), required=False)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("channel") == Channel.SMS and not (found.get("to") or self.errors):
            self.add_error(
                "to", gettext("Type the number of your own mobile, as +49 151 23456789.")
            )
        return found


def setting_up(request: HttpRequest) -> HttpResponse:
    """Looking changes nothing; a test message is all that is sent from here."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    user, at = actor(request), timezone.now()
    form = TestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said, is_good = _test(user, form.cleaned_data, at=at)
        (messages.success if is_good else messages.error)(request, said)
        return HttpResponseRedirect(reverse("setup"))
    context = {
        **admin.site.each_context(request),
        "title": gettext("Setting up"),
        **shown(read_steps(user, at), user),
        "form": form,
        "steps_template": STEPS,
    }
    return TemplateResponse(request, "aftercare/admin/setup/page.html", context)


def shown(steps: list[Step], user: User) -> dict[str, Any]:
    """For the template of the steps, on this page and on the first one."""
    done = sum(step.is_done for step in steps)
    return {
        "steps": steps,
        "steps_done": done,
        "steps_left": len(steps) - done,
        "next_step": next((step for step in steps if not step.is_done), None),
        "own_email": user.email,
    }


def _test(user: User, asked: dict[str, Any], *, at: datetime) -> tuple[str, bool]:
    """Hand one message to the provider that the settings name. Nothing of a patient is in it."""
    channel = asked["channel"]
    to = user.email if channel == Channel.EMAIL else str(asked["to"])
    clinic = Clinic.objects.visible_to(user).order_by("id").first()
    if not to:
        return gettext("Your account has no e-mail address: enter one first."), False
    if clinic is None:
        return gettext("Add the clinic first: a message says who it is from."), False
    try:
        count_alone("test-message", user.pk.hex, pace=OFTEN, at=at)
    except TooManyTries as error:
        return gettext("That was often. Wait for {retry_after} seconds.").format(
            retry_after=error.retry_after
        ), False
    outgoing = Outgoing(
        key=uuid4(),
        to=to,
        sender=clinic.short_name,
        reply_to=clinic.email,
        subject=gettext("A test of {short_name}").format(short_name=clinic.short_name),
        text=f"{clinic.short_name}: {WORDS}",
        html=f"<p>{WORDS}</p>",
        zone=clinic.zone,
    )
    provider = channel_for(channel)
    try:
        provider.send(outgoing)
    except (Refused, Unknown) as error:
        return gettext("The provider has not taken it: {error}").format(error=error), False
    finally:
        provider.close()
    Heartbeat.beat(f"{TRIED}{channel}", at=at)
    return gettext("The provider has taken it, for {to}. Look whether it has arrived.").format(
        to=to
    ), True
