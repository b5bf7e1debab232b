"""A new caller in the admin: registered and booked on one page, possible duplicates first."""

from contextlib import suppress
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from clinic.admin.forms.fields import MomentField, NumberField
from clinic.admin.saving.once import KEY, SentForm, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.db.retries import retried_transaction
from clinic.models import User
from clinic.permissions import actor
from clinic.values.email_addresses import AddressFormField
from clinic.values.wallclock import this_minute
from patients.models import Channel, Patient
from sessions import services
from sessions.admin.booking.near import offer_near
from sessions.admin.booking.visits import NOW
from sessions.models import Kind, VisitType
from sessions.scheduling.availability import SlotTaken
from sessions.scheduling.wanted import VisitRequest

WORDING = "May we write to you about your appointments and your aftercare?"
PERSON, SOMEBODY_NEW = "person", "new"
DUPLICATES_SHOWN = 10
RECORD = ("given_name", "family_name", "mobile", "email", "language")


class CallerForm(forms.Form):
    """Whatever the record cannot hold, or the calendar has not free, is refused by the service."""

    given_name = forms.CharField(
        label=_("Given name"),
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("One is enough."),
    )
    family_name = forms.CharField(
        label=_("Family name"), required=False, max_length=80, widget=UnfoldAdminTextInputWidget
    )
    mobile = NumberField(
        label=_("Mobile"), required=False, max_length=40, widget=UnfoldAdminTextInputWidget
    )
    email = AddressFormField(
        required=False,
        max_length=254,
        label=_("E-mail"),
        widget=UnfoldAdminEmailInputWidget,
        help_text=_("A mobile number or an e-mail address is enough; the birth date may follow."),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )
    channels = forms.MultipleChoiceField(
        choices=Channel.choices,
        required=False,
        label=_("May we write"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=format_lazy(
            _("Ask: “{wording}” Without a yes nobody is reminded."), wording=WORDING
        ),
    )
    visit_type: Any = forms.ModelChoiceField(
        queryset=VisitType.objects.none(), label=_("Visit"), widget=UnfoldAdminSelectWidget
    )
    practitioner: Any = forms.ModelChoiceField(
        queryset=User.objects.none(), label=_("With"), widget=UnfoldAdminSelectWidget
    )
    starts_at = MomentField(label=_("Starts at"), required=False, help_text=NOW)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = VisitType.objects.visible_to(user).select_related("clinic").order_by("name", "id")
        types = list(offered.filter(kind=Kind.CONSULTATION, is_active=True, needs_device=False))
        self.fields["visit_type"].queryset = offered.filter(pk__in=[one.pk for one in types])  # type: ignore[attr-defined]
        if len({one.clinic_id for one in types}) > 1:
            self.fields["visit_type"].label_from_instance = (  # type: ignore[attr-defined]
                lambda one: f"{one}, {one.clinic}"
            )
        if not user.has_perm("patients.add_contactconsent"):
            del self.fields["channels"]  # the desk asks
        roles = {role for one in types for role in one.roles}
        people = User.objects.filter(is_active=True, role__in=roles, clinics__in=user.clinic_ids)
        self.fields["practitioner"].queryset = people.distinct().order_by("last_name", "username")  # type: ignore[attr-defined]
        chosen = self.data.get("visit_type") or self.initial.get("visit_type")
        clinics = {str(one.pk): one.clinic for one in types}
        clinic = clinics.get(str(chosen)) or next(iter(clinics.values()), None)
        if clinic:
            self.fields["starts_at"].zone = clinic.zone  # type: ignore[attr-defined]

    @property
    def record(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in RECORD}


def _asked(request: HttpRequest) -> dict[str, Any]:
    """What the address says, such as the next free time; what is no moment is passed over."""
    names = ("visit_type", "practitioner", "starts_at")
    asked: dict[str, Any] = {name: request.GET[name] for name in names if name in request.GET}
    if "starts_at" in asked:
        with suppress(ValueError):  # the form of a moment, but none
            asked["starts_at"] = parse_datetime(asked.pop("starts_at"))
    return asked


class CallerPage:
    """For the list of patients: a button “New caller”, and its page."""

    admin_site: Any
    opts: Any
    actions_list = ["new_caller"]

    def has_caller_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perms(
            ["patients.add_patient", "treatment_sessions.add_treatmentsession"]
        )

    @action(description=_("New caller"), url_path="new-caller", permissions=["caller"])
    def new_caller(self, request: HttpRequest) -> HttpResponse:
        """Register somebody and book the first visit, both or neither."""
        user = actor(request)
        if request.method != "POST":
            return self._caller_page(request, CallerForm(user, initial=_asked(request)))
        form = CallerForm(user, request.POST)
        found: list[Patient] = []
        if form.is_valid():
            person = request.POST.get(PERSON, "")
            found = self._possible_duplicates(user, form)
            known = next((one for one in found if str(one.pk) == person), None)
            if known or person == SOMEBODY_NEW or not found:
                try:
                    return self._book_caller(request, form, known)
                except REFUSED as error:
                    self._refuse_caller(request, form, error)
        return self._caller_page(request, form, found)

    def _possible_duplicates(self, user: User, form: CallerForm) -> list[Patient]:
        """Who may be the same person. What is wrong with the record itself is said later."""
        caller = Patient(clinic=form.cleaned_data["visit_type"].clinic, **form.record)
        try:
            caller.full_clean()
        except forms.ValidationError:
            return []
        rows = Patient.objects.visible_to(user).filter(archived_at__isnull=True)
        return list(rows.possible_duplicates_of(caller)[:DUPLICATES_SHOWN])

    @retried_transaction
    def _book_caller(
        self, request: HttpRequest, form: CallerForm, known: Patient | None
    ) -> HttpResponse:
        sent = SentForm(request, is_new=True)
        if replay := sent.spend():
            return repeat_answer(request, replay)
        data, now = form.cleaned_data, timezone.now()
        session = services.book_caller(
            visit_type=data["visit_type"],
            starts_at=data["starts_at"] or this_minute(now),
            practitioner=data["practitioner"],
            details=form.record,
            patient=known,
            channels=data.get("channels", ()),
            wording=WORDING,
            at=now,
            by=actor(request),
        )
        messages.success(request, gettext("Booked: {session}.").format(session=session))
        answer = HttpResponseRedirect(
            reverse("admin:patients_patient_change", args=[session.patient_id])
        )
        sent.keep(answer, name=f"“{session}”")
        return answer

    def _refuse_caller(self, request: HttpRequest, form: CallerForm, error: Exception) -> None:
        data = dict(form.cleaned_data)
        for name, message in refusals(error):
            name = "channels" if name.endswith("channel") else name
            form.add_error(name if name in form.fields else None, message)
        if not isinstance(error, SlotTaken):
            return
        offer_near(
            form,
            wanted=VisitRequest(data["visit_type"]),
            starts_at=data["starts_at"] or timezone.now(),
            practitioner=data["practitioner"],
        )

    def _caller_page(
        self, request: HttpRequest, form: CallerForm, duplicates: list[Patient] | None = None
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "sessions/admin/new_caller.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("New caller"),
                "form": form,
                "duplicates": duplicates,
                "somebody_new": SOMEBODY_NEW,
                "person": request.POST.get(PERSON, ""),
                "form_key": request.POST.get(KEY) or new_key(),
            },
        )
