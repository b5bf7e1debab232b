"""The page on which the next person takes over a tablet."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from clinic.accounts.backend import device_shown
from clinic.accounts.log_ins import AT_DEVICE, PROVED, SINCE
from clinic.accounts.second_factor import CodeError
from clinic.accounts.switching import CannotSwitch, enter_by_pin, people_here, remember_here
from clinic.admin.account.proof import account_page, write_down
from clinic.admin.forms.log_in import SwitchForm
from clinic.models import Action, LogIn, User


@account_page
def switch(request: HttpRequest) -> HttpResponse:
    """Of who was there before nothing is left in the session: it ends."""
    beside = request.user if isinstance(request.user, User) else None
    device, at = device_shown(request), timezone.now()
    form = SwitchForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = _entered(request, form.cleaned_data, device, beside)
        except (CannotSwitch, CodeError) as error:
            form.add_error(None, error.message)
            write_down(request, beside, "switch", error.code, done=False, action=Action.LOG_IN)
        else:
            write_down(request, user, "switch", "switched", done=True, action=Action.LOG_IN)
            return redirect(_next(request))
    people = people_here(device=device, at=at, beside=beside)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Who is it?"),
        "form": form,
        "people": people,
        "beside": beside,
        "next": _next(request),
    }
    return render(request, "clinic/admin/account/switch.html", context)


def _entered(request: HttpRequest, data: Any, device: str, beside: User | None) -> User:
    """Who is logged in now. A passkey is a log-in; what came in by PIN ends with the log-in that
    the device remembers, and proves nothing. Raises CannotSwitch, CodeError, TooManyTries."""
    before, at = request.session.session_key, timezone.now()
    if data["passkey"]:
        user, stay = authenticate(request, passkey=data["passkey"]), None
        if not isinstance(user, User):
            raise CannotSwitch
    else:
        person: UUID | None = data["person"]
        stay = enter_by_pin(device=device, user_id=person, pin=data["pin"], at=at, beside=beside)
        user = stay.user
    request.session.flush()
    LogIn.objects.filter(session_key=before).delete()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    if stay is None:
        request.session[AT_DEVICE] = remember_here(device=device, at=at, by=user)
    else:
        request.session[SINCE] = stay.began_at.timestamp()
        request.session[PROVED] = 0
        request.session[AT_DEVICE] = stay.device
    return user


def _next(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if here else reverse("admin:index")
