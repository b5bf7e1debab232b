"""The page “Your e-mail address”: to ask for another one. A link to it makes it theirs."""

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from clinic.accounts.own_address import ask_for_address
from clinic.admin.account.proof import account_page, prove, write_down
from clinic.admin.forms.log_in import AddressForm
from clinic.permissions import actor
from clinic.tasks import send_password_links
from clinic.wakeups import wake


@account_page
def own_address(request: HttpRequest) -> HttpResponse:
    """Each their own."""
    user = actor(request)
    form = AddressForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        prove(request, form)
        with transaction.atomic():
            if not form.errors:
                email = form.cleaned_data["email"]
                ask_for_address(email=email, at=timezone.now(), by=user)
            write_down(request, user, "own-address", "address_asked", done=not form.errors)
        if not form.errors:
            wake(send_password_links)
            messages.success(
                request,
                gettext("A link goes to {email}. It holds for 30 minutes.").format(email=email),
            )
            return redirect("own-address")
    title = gettext("Your e-mail address")
    context = {
        **admin.site.each_context(request),
        "title": title,
        "form": form,
        "email": user.email,
    }
    return TemplateResponse(request, "clinic/admin/account/own_address.html", context)
