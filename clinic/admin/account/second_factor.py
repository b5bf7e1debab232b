"""The page “Second factor”: set it up, get new recovery codes, turn it off."""

import re
from typing import Any

import segno
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from clinic.accounts.log_ins import NEEDS_FACTOR, end_other_log_ins
from clinic.accounts.passwords import LEAST
from clinic.accounts.second_factor import (
    CodeError,
    address_of,
    has_passkeys,
    is_missing,
    is_required,
    new_secret,
    remove_codes,
    renew_recovery_codes,
    seal,
    set_second_factor,
    unseal,
)
from clinic.admin.account.proof import account_page, prove, write_down
from clinic.admin.forms.log_in import ProofForm
from clinic.models import Role, SecondFactor, User
from clinic.permissions import actor

WAITING = "second_factor"  # in a session: the sealed secret that is shown and not yet confirmed
NEW_CODES, OFF = "codes", "off"


@account_page
def second_factor(request: HttpRequest) -> HttpResponse:
    """Each their own."""
    asked = request.POST if request.method == "POST" else None
    form = ProofForm(asked, user=actor(request))
    if not form.is_valid():
        return _page(request, form)
    prove(request, form)
    with transaction.atomic():
        done, codes = ("second_factor", []) if form.errors else _change(request, form)
        write_down(request, actor(request), "second-factor", done, done=not form.errors)
    if form.errors or codes:
        return _page(request, form, codes)
    messages.success(request, gettext("The codes of your app are off."))
    return redirect("second-factor")


def _change(request: HttpRequest, form: ProofForm) -> tuple[str, list[str]]:
    """What was done, and the new recovery codes. What cannot be done is said in the form."""
    user, at, asked = actor(request), timezone.now(), request.POST.get("do")
    if asked == OFF:
        if len(form.cleaned_data["password"]) < LEAST and not has_passkeys(user):
            form.add_error(
                None,
                gettext("First choose a password of {least} characters: yours is short.").format(
                    least=LEAST
                ),
            )
            return "second_factor", []
        remove_codes(at=at, by=user)
        request.session[NEEDS_FACTOR] = is_missing(user)
        done, codes = "second_factor_off", []
    elif asked == NEW_CODES:
        done, codes = "recovery_codes", renew_recovery_codes(at=at, by=user)
    else:
        try:
            codes = set_second_factor(
                secret=_waiting(request), code=form.cleaned_data["code"], at=at, by=user
            )
        except CodeError as error:
            form.add_error("code", error.message)
            return "second_factor", []
        request.session[NEEDS_FACTOR] = False
        del request.session[WAITING]
        done = "second_factor_on"
    end_other_log_ins(session_key=request.session.session_key or "", at=at, by=user)
    return done, codes


def _waiting(request: HttpRequest) -> str:
    """The secret that this session shows until it is confirmed."""
    kept = request.session.get(WAITING)
    secret = unseal(kept) if kept else new_secret()
    request.session[WAITING] = kept or seal(secret)
    return secret


def _page(request: HttpRequest, form: ProofForm, codes: Any = ()) -> HttpResponse:
    user = actor(request)
    factor = SecondFactor.objects.filter(user=user).first()
    context = {
        **admin.site.each_context(request),
        "title": gettext("Second factor"),
        "form": form,
        "codes": codes,
        "since": factor and factor.created_at,
        "left": factor and len(factor.recovery_sha256),
        "is_required": is_required(user),
        "required_of": [role.label.lower() for role in Role if role in _roles()],
        "is_demo": settings.DEMO,
    }
    if factor is None:
        context |= _picture(_waiting(request), user)
    return TemplateResponse(request, "clinic/admin/account/second_factor.html", context)


def _roles() -> list[str]:
    return list(settings.SECOND_FACTOR_ROLES)


def _picture(secret: str, user: User) -> dict[str, Any]:
    address = address_of(secret, user)
    code = segno.make(address, error="m", micro=False)
    drawn = code.svg_inline(scale=5, border=4, dark="#000", light="#fff")
    return {
        "picture": mark_safe(drawn),  # noqa: S308  lines and numbers, of our own
        "address": address,
        "secret": " ".join(re.findall("....", secret)),
    }
