"""The pages that links of staff's mails lead to: set the own password, confirm the own address."""

from typing import Any

from django import forms
from django.contrib.auth import views
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone

from clinic.accounts.own_address import LinkOver, confirm_address, read_link
from clinic.accounts.passwords import ask_for_link
from clinic.admin.account.proof import account_page, write_down
from clinic.tasks import send_password_links
from clinic.wakeups import wake


class AskForm(forms.Form):
    email = forms.EmailField(max_length=254)


def ask_for_password(request: HttpRequest) -> HttpResponse:
    """The same answer whether there is such an account or not."""
    form = AskForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        ask_for_link(email=form.cleaned_data["email"], at=timezone.now())
        wake(send_password_links)
        return redirect("password-asked")
    return render(request, "clinic/password_ask.html", {"form": form})


def password_asked(request: HttpRequest) -> HttpResponse:
    return render(request, "clinic/password_asked.html")


class SetPassword(views.PasswordResetConfirmView):
    """What was open of this person ends by it, and so does the link."""

    template_name = "clinic/password_set.html"
    success_url = reverse_lazy("admin:login")
    reset_url_token = "set"  # noqa: S105  in the address, where the token was

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        write_down(self.request, self.user, "password-set", "", done=True)
        return answer


@account_page
def confirm_own_address(request: HttpRequest, token: str) -> HttpResponse:
    """Nobody has to be logged in: the link is from the mail, and asks once more."""
    told: dict[str, Any] = {}
    try:
        user, email = read_link(token)
        told = {"account": user.username, "email": email}
        if request.method == "POST":
            with transaction.atomic():
                confirm_address(token=token, at=timezone.now())
                write_down(request, user, "own-address-confirm", "address_changed", done=True)
            told["done"] = True
    except LinkOver:
        return render(request, "clinic/address_confirm.html", {"over": True}, status=404)
    return render(request, "clinic/address_confirm.html", told)
