"""The page “PIN”: with which people sign and take over a tablet."""

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from clinic.accounts.signing import LEAST, PinTooEasy, remove_pin, set_pin
from clinic.admin.account.proof import account_page, asked_who, write_down
from clinic.admin.forms.log_in import PinForm
from clinic.models import Pin
from clinic.permissions import actor


@account_page
def pin(request: HttpRequest) -> HttpResponse:
    """Each their own, for whoever has just said who they are: to have logged in is not enough."""
    if asks := asked_who(request, "pin"):
        return asks
    user, at = actor(request), timezone.now()
    form = PinForm(request.POST if "set" in request.POST else None)
    if "remove" in request.POST:
        with transaction.atomic():
            remove_pin(at=at, by=user)
            write_down(request, user, "pin", "pin_removed", done=True)
        messages.success(request, gettext("You have no PIN any more."))
        return redirect("pin")
    if form.is_valid():
        try:
            with transaction.atomic():
                set_pin(pin=form.cleaned_data["pin"], at=at, by=user)
                write_down(request, user, "pin", "pin_set", done=True)
        except PinTooEasy as error:
            form.add_error("pin", error.message)
        else:
            messages.success(request, gettext("Your PIN is set."))
            return redirect("pin")
    context = {
        **admin.site.each_context(request),
        "title": "PIN",
        "form": form,
        "is_set": Pin.objects.filter(user=user).exists(),
        "least": LEAST,
    }
    return TemplateResponse(request, "clinic/admin/account/pin.html", context)
