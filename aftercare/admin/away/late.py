"""The page “Running late”: who would wait, what each will be told, and whom to call."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.admin.away.forms import LateForm, clinic_of
from aftercare.admin.away.page import once, require_desk
from aftercare.planning.reach import reach_of
from aftercare.services import tell_late
from aftercare.services.delays import who_waits
from clinic.admin.saving.once import KEY, forget_messages, new_key
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.audit.subjects import about
from clinic.models import User
from clinic.values.zones import clock_of
from patients.models import Channel, Purpose
from sessions.models import TreatmentSession


@about(TreatmentSession)
def late(request: HttpRequest) -> HttpResponse:
    """Asked by the address, so that it can be looked at again; a press tells them."""
    user, at = require_desk(request), timezone.now()
    sent = request.POST if request.method == "POST" else request.GET
    asked = sent if "minutes" in sent else None
    form = LateForm(user, asked, initial={"practitioner": sent.get("practitioner", "")})
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Running late"),
        "form": form,
        "form_key": request.POST.get(KEY) or new_key(),
    }
    if form.is_bound and form.is_valid():
        who, minutes = form.cleaned_data["practitioner"], form.cleaned_data["minutes"]
        clinic = clinic_of(user, who)
        said = {"practitioner": who, "clinic": clinic, "minutes": minutes, "at": at}
        if request.method == "POST":
            here = reverse("late", query={"practitioner": str(who.pk), "minutes": str(minutes)})

            def tell() -> str:
                new = tell_late(**said, by=user)
                number = (
                    gettext("Nobody new")
                    if not new
                    else gettext("{new} of them").format(new=len(new))
                )
                messages.success(
                    request,
                    gettext("{number} had to be told. It is on its way.").format(number=number),
                )
                return here

            try:
                return once(request, tell)
            except REFUSED as error:
                forget_messages(request)
                for _, message in refusals(error):
                    form.add_error(None, message)
        context |= _waiting(who, said, clock=clock_of(clinic.zone))
    return TemplateResponse(request, "aftercare/admin/away/late.html", context)


def _waiting(who: User, said: dict[str, Any], *, clock: str) -> dict[str, Any]:
    found = who_waits(**said)
    reach = reach_of([one.session.patient_id for one in found])
    zone = said["clinic"].zone
    lines = []
    for one in found:
        usable = reach.get((one.session.patient_id, Purpose.CARE), set())
        lines.append(
            {
                "session": one.session,
                "starts": f"{one.session.starts_at.astimezone(zone):%H:%M}",
                "begins": f"{one.begins.astimezone(zone):%H:%M}",
                "is_here": one.is_here,
                "is_told": one.is_told,
                "by": gettext(" and ").join(str(Channel(name).label) for name in sorted(usable)),
            }
        )
    return {
        "who": who,
        "lines": lines,
        "clock": clock,
        "is_new": any(not line["is_told"] for line in lines),
    }
