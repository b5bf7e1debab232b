"""The pages on which people set their own password, by a link from their mail."""

from typing import Any

from django import forms
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone

from clinic.accounts.passwords import ask_for_link
from clinic.audit.actors import actor_of
from clinic.audit.record import Access, record
from clinic.models import Action, Door
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
        record(
            Access(
                actor=actor_of(self.request, self.user),
                door=Door.ADMIN,
                place="password-set",
                action=Action.PERMISSION_CHANGE,
                status=answer.status_code,
            )
        )
        return answer
