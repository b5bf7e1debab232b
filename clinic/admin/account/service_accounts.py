"""The pages “Service accounts”: which programs work with the clinic's data, and a new one.

Whoever makes or ends one has just said who they are (clinic.http.middleware.proof).
"""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from clinic.accounts.integrations import end_service_account, make_service_account
from clinic.admin.account.proof import account_page, write_down
from clinic.admin.forms.fields import DateField
from clinic.models import Clinic, ServiceAccount, User
from clinic.permissions import SCOPES, actor
from clinic.values.ids import read_uuid

MOST_DAYS = 365
PLACE = "service-accounts"


class ServiceAccountForm(forms.Form):
    """What it is to be called, what it may do, and until when."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Of the program, as accesses will name it: “Website booking”."),
    )
    clinic: Any = forms.ModelChoiceField(
        label=_("Clinic"),
        queryset=Clinic.objects.none(),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, words) for scope, (words, _tables) in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("As little as it needs. What is not ticked is refused."),
    )
    ends_on = DateField(
        label=_("Its last day"),
        help_text=_("At most a year from now. The managers get a mail two weeks before."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        clinic, day = data.get("clinic"), data.get("ends_on")
        if not clinic or not day:
            return data
        today = timezone.localdate(timezone=clinic.zone)
        if not today <= day <= today + timedelta(days=MOST_DAYS):
            self.add_error(
                "ends_on", gettext("Choose a day from today on, at most a year from now.")
            )
        data["expires_at"] = datetime.combine(day + timedelta(days=1), time(), clinic.zone)
        return data


@account_page
def service_accounts(request: HttpRequest) -> HttpResponse:
    user, at = _allowed(request, "view"), timezone.now()
    if asked := read_uuid(request.POST.get("end", "")):
        _allowed(request, "change")
        with transaction.atomic():
            end_service_account(account_id=asked, at=at, by=user)
            write_down(request, user, PLACE, "service_ended", done=True)
        messages.success(request, gettext("Its token opens nothing any more."))
        return redirect(PLACE)
    rows = ServiceAccount.objects.visible_to(user).select_related("clinic", "made_by")
    accounts: list[Any] = list(rows.order_by("-id")[:200])
    for one in accounts:
        one.is_over = bool(one.ended_at) or one.expires_at <= at
        one.may = [SCOPES[scope][0] for scope in one.scopes if scope in SCOPES]
    context = {
        **admin.site.each_context(request),
        "title": gettext("Service accounts"),
        "accounts": sorted(accounts, key=lambda one: one.is_over),
        "may_make": user.has_perm("clinic.add_serviceaccount"),
    }
    return TemplateResponse(request, "clinic/admin/account/service_accounts.html", context)


@account_page
def new_service_account(request: HttpRequest) -> HttpResponse:
    """The token stands on the page that answers, and nowhere else."""
    user = _allowed(request, "add")
    form = ServiceAccountForm(user, request.POST if request.method == "POST" else None)
    context = {
        **admin.site.each_context(request),
        "title": gettext("New service account"),
        "form": form,
    }
    if form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name != "ends_on"}
        with transaction.atomic():
            account, token = make_service_account(**data, at=timezone.now(), by=user)
            write_down(request, user, PLACE, "service_made", done=True)
        context |= {"account": account, "token": token, "title": gettext("Its token")}
    return TemplateResponse(request, "clinic/admin/account/new_service_account.html", context)


def _allowed(request: HttpRequest, verb: str) -> User:
    """Raises PermissionDenied."""
    if not request.user.has_perm(f"clinic.{verb}_serviceaccount"):
        raise PermissionDenied
    return actor(request)
