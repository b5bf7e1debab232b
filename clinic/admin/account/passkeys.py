"""The page “Passkeys”: add them, look at them, remove them; and what a script asks a browser."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from clinic.accounts.log_ins import NEEDS_FACTOR, TYPED_LONG, end_other_log_ins
from clinic.accounts.passkeys import (
    LastFactor,
    PasskeyRefused,
    TooManyPasskeys,
    add_passkey,
    ask_to_add,
    ask_to_open,
    remove_passkey,
)
from clinic.accounts.second_factor import is_missing, is_required
from clinic.admin.account.proof import account_page, asked_who, write_down
from clinic.admin.forms.log_in import PasskeyForm
from clinic.models import Passkey, User
from clinic.permissions import actor


@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """Of anybody who logs in; of whoever is logged in, to be asked again or to add one."""
    is_somebody = isinstance(request.user, User) and "any" not in request.GET
    user: Any = request.user if is_somebody else None
    if user and "add" in request.GET:
        return JsonResponse(ask_to_add(user))
    return JsonResponse(ask_to_open(user))


@account_page
def passkeys(request: HttpRequest) -> HttpResponse:
    """Each their own, for whoever has just said who they are: to have logged in is not enough."""
    if asks := asked_who(request, "passkeys"):
        return asks
    form = PasskeyForm(request.POST if "add" in request.POST else None)
    if "remove" in request.POST:
        return _remove(request, request.POST["remove"])
    if form.is_valid() and _add(request, form):
        return redirect("passkeys")
    user = actor(request)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Passkeys"),
        "keys": list(Passkey.objects.visible_to(user).order_by("id")),
        "form": form,
        "is_required": is_required(user),
    }
    return TemplateResponse(request, "clinic/admin/account/passkeys.html", context)


def _add(request: HttpRequest, form: Any) -> bool:
    """Says in the form what is wrong."""
    user, at, name = actor(request), timezone.now(), form.cleaned_data["name"]
    try:
        with transaction.atomic():
            add_passkey(answer=form.cleaned_data["passkey"], name=name, at=at, by=user)
            _changed(request, user, "passkey_added")
    except (PasskeyRefused, TooManyPasskeys) as error:
        write_down(request, user, "passkeys", error.code, done=False)
        form.add_error(None, error.message)
        return False
    messages.success(
        request, gettext("The passkey “{name}” opens your account from now on.").format(name=name)
    )
    return True


def _remove(request: HttpRequest, passkey_id: str) -> HttpResponse:
    user = actor(request)
    try:
        with transaction.atomic():
            remove_passkey(
                passkey_id=UUID(passkey_id),
                has_long_password=bool(request.session.get(TYPED_LONG)),
                at=timezone.now(),
                by=user,
            )
            _changed(request, user, "passkey_removed")
    except (LastFactor, ValueError) as error:
        write_down(request, user, "passkeys", "last_factor", done=False)
        messages.error(request, getattr(error, "message", gettext("There is no such passkey.")))
    else:
        messages.success(request, gettext("That passkey opens nothing any more."))
    return redirect("passkeys")


def _changed(request: HttpRequest, user: User, what: str) -> None:
    key = request.session.session_key or ""
    end_other_log_ins(session_key=key, at=timezone.now(), by=user)
    request.session[NEEDS_FACTOR] = is_missing(user)
    write_down(request, user, "passkeys", what, done=True)
