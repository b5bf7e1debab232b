"""The page that asks somebody who is logged in again who they are: clinic.http.middleware.proof."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from clinic.accounts.log_ins import PROVED, TYPED, TYPED_LONG
from clinic.accounts.passwords import LEAST
from clinic.admin.account.proof import account_page, prove, write_down
from clinic.admin.forms.log_in import OwnProofForm
from clinic.models import Action
from clinic.permissions import actor


@account_page
def proof(request: HttpRequest) -> HttpResponse:
    user = actor(request)
    form = OwnProofForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        prove(request, form)
        done = not form.errors
        write_down(request, user, "proof", "proved", done=done, action=Action.LOG_IN)
        if done:
            request.session[PROVED] = request.session[TYPED] = timezone.now().timestamp()
            request.session[TYPED_LONG] = len(form.cleaned_data.get("password", "")) >= LEAST
            return redirect(_next(request))
    context = {
        **admin.site.each_context(request),
        "title": gettext("Is it you?"),
        "form": form,
        "next": _next(request),
    }
    return TemplateResponse(request, "clinic/admin/account/prove.html", context)


def _next(request: HttpRequest) -> str:
    """Where they wanted to go, if that is here."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if here else reverse("admin:index")
