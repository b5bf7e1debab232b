"""A visit of a patient in the admin: whichever kind treats nothing, booked or begun at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminURLInputWidget

from clinic.admin.forms.fields import MomentField
from clinic.admin.saving.once import KEY, SentForm, new_key, repeat_answer
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.db.retries import retried_transaction
from clinic.models import Device, Room, User
from clinic.permissions import actor
from clinic.values.wallclock import this_minute
from patients.models import Patient, StaffTask
from sessions import services
from sessions.admin.booking.near import offer_near
from sessions.models import Kind, Mode, SideEffect, TreatmentPlan, TreatmentSession, VisitType
from sessions.scheduling.availability import SlotTaken, first_free
from sessions.scheduling.wanted import VisitRequest

NOW = _("Leave it empty if it begins now.")


def choice(rows: QuerySet[Any], label: str, *, empty: str = "", words: str = "") -> Any:
    return forms.ModelChoiceField(
        queryset=rows,
        label=label,
        required=not empty,
        empty_label=empty or "---------",
        help_text=words,
        widget=UnfoldAdminSelectWidget,
    )


class VisitForm(forms.Form):
    """Whatever does not go together, or is not free, is refused by the service."""

    def __init__(self, patient: Patient, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinic = patient.clinic
        kinds = VisitType.objects.exclude(kind=Kind.TREATMENT).filter(clinic=clinic, is_active=True)
        roles = {role for kind in kinds for role in kind.roles}
        people = User.objects.filter(is_active=True, clinics=clinic, role__in=roles)
        starts_at = MomentField(label=gettext("Starts at"), required=False, help_text=NOW)
        starts_at.zone = clinic.zone
        open_effects = SideEffect.objects.filter(session__patient=patient, resolved_at=None)
        seen = open_effects.visible_to(user)
        plans = TreatmentPlan.objects.filter(patient=patient).select_related("protocol", "patient")
        devices = Device.objects.filter(clinic=clinic, is_active=True).select_related("model")
        rooms = Room.objects.filter(clinic=clinic, is_active=True)
        kinds = kinds.select_related("clinic").order_by("name")
        self.fields |= {
            "visit_type": choice(kinds, gettext("Visit")),
            "practitioner": choice(people.order_by("last_name", "username"), gettext("With")),
            "starts_at": starts_at,
            "room": choice(
                rooms.order_by("name"), gettext("Room"), empty=gettext("One that is free")
            ),
            "device": choice(
                devices.order_by("serial"),
                gettext("Device"),
                empty=gettext("None"),
                words=gettext("Of a test."),
            ),
            "plan": choice(plans.order_by("id"), gettext("About the plan"), empty=gettext("None")),
            "side_effect": choice(
                seen.select_related("session__patient", "session__area"),
                gettext("Looks at the side effect"),
                empty=gettext("None"),
                words=gettext("Of a check; it is closed with what the check finds."),
            ),
            "task": choice(
                StaffTask.objects.open().visible_to(user).filter(patient=patient),
                gettext("Settles the task"),
                empty=gettext("None"),
                words=gettext("Of a check."),
            ),
            "video_url": forms.URLField(
                label=gettext("Video link"),
                required=False,
                max_length=300,
                assume_scheme="https",
                widget=UnfoldAdminURLInputWidget,
                help_text=gettext("Of a visit by video, if its kind has no link of its own."),
            ),
        }


class VisitPage:
    """For the page of a patient: a button “Book a visit”, and its page."""

    admin_site: Any
    opts: Any

    def has_visit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_treatmentsession")

    @action(description=_("Book a visit"), url_path="book-visit", permissions=["visit"])
    def book_visit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A consultation, check, test or outcome visit. An address may say what it is about."""
        patient: Patient | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if patient is None:
            raise Http404
        user = actor(request)
        with timezone.override(patient.clinic.zone):
            if request.method != "POST":
                return self._visit_page(
                    request, patient, VisitForm(patient, user, initial=_asked(request, patient))
                )
            form = VisitForm(patient, user, request.POST)
            if form.is_valid():
                try:
                    return self._book(request, patient, form)
                except REFUSED as error:
                    _refuse(form, patient, error)
            return self._visit_page(request, patient, form)

    @retried_transaction
    def _book(self, request: HttpRequest, patient: Patient, form: VisitForm) -> HttpResponse:
        sent = SentForm(request, is_new=True)
        if replay := sent.spend():
            return repeat_answer(request, replay)
        now = timezone.now()
        details = {**form.cleaned_data}
        details["starts_at"] = details["starts_at"] or this_minute(now)
        visit = services.book_visit(
            patient=patient, **details, any_room=True, at=now, by=actor(request)
        )
        messages.success(request, gettext("Booked: {visit}.").format(visit=visit))
        answer = HttpResponseRedirect(_page_of(visit))
        sent.keep(answer, name=f"“{visit}”")
        return answer

    def _visit_page(self, request: HttpRequest, patient: Patient, form: VisitForm) -> HttpResponse:
        answer = TemplateResponse(
            request,
            "sessions/admin/book_visit.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Book a visit"),
                "form": form,
                "record": patient,
                "form_key": request.POST.get(KEY) or new_key(),
            },
        )
        return answer.render()  # now: later the clock is another


def _page_of(visit: TreatmentSession) -> str:
    return reverse("admin:treatment_sessions_treatmentsession_change", args=[visit.pk])


def _asked(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    """What the address says. What looks at something is a check in person, as soon as can be."""
    asked: dict[str, Any] = {name: request.GET[name] for name in request.GET}
    if not asked.keys() & {"task", "side_effect"}:
        return asked
    kinds = VisitType.objects.filter(clinic=patient.clinic, is_active=True)
    check = kinds.filter(kind=Kind.CHECK, mode=Mode.IN_PERSON).select_related("clinic").first()
    if check is None:
        return asked
    now = timezone.now()
    wanted = VisitRequest(check, patient)
    first = first_free(wanted=wanted, after=now, practitioner_id=None, at=now)
    soonest = {"starts_at": first.starts_at, "practitioner": first.practitioner_id} if first else {}
    return {"visit_type": check.pk, **soonest, **asked}


def _refuse(form: VisitForm, patient: Patient, error: Exception) -> None:
    data = dict(form.cleaned_data)  # an error takes what it is about out of it
    for name, message in refusals(error):
        form.add_error(name if name in form.fields else None, message)
    if isinstance(error, SlotTaken):
        offer_near(
            form,
            wanted=VisitRequest(data["visit_type"], patient, data["plan"]),
            starts_at=data["starts_at"] or timezone.now(),
            practitioner=data["practitioner"],
        )


@display(description=_("about"))
def about(row: Any) -> str:
    """A column: what a visit, or what waits for one, is about."""
    return str(row.about)
