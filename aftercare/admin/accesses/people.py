"""The page of what one person has looked at: for who watches over accesses, and for oneself."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from aftercare.records.accesses.person import HEAD, MOST_READ, what_they_did
from clinic.audit.subjects import about
from clinic.models import User
from clinic.permissions import actor
from clinic.values.wallclock import day_bounds
from clinic.values.zones import clock_of
from patients.models import Patient

DAYS = 7


@about(Patient)
def what_they_looked_at(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Seven days to a page, up to the day that `until` names."""
    reader = actor(request)
    is_own = reader.pk == pk
    if not is_own and not reader.has_perm("clinic.watch_accesses"):
        raise PermissionDenied
    people = User.objects.all() if is_own else User.objects.visible_to(reader)
    person = get_object_or_404(people, pk=pk)
    works_at = reader.works_at
    if not works_at:
        raise PermissionDenied
    zone = works_at[0].zone
    today = timezone.localdate(timezone=zone)
    until = min(_day(request.GET.get("until", "")) or today, today)
    since = until - timedelta(days=DAYS - 1)
    looked = what_they_did(
        person,
        reader,
        first=day_bounds(since, zone)[0],
        end=day_bounds(until, zone)[1],
        zone=zone,
    )
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("What you looked at")
        if is_own
        else gettext("What {person} looked at").format(person=person),
        "person": person,
        "is_own": is_own,
        "since": since,
        "until": until,
        "before": since - timedelta(days=1),
        "after": until + timedelta(days=DAYS) if until < today else None,
        "clock": clock_of(zone),
        "head": HEAD,
        "lines": [list(zip(HEAD, line.cells(), strict=True)) for line in looked.lines],
        "most": MOST_READ if looked.is_cut else None,
        "named": list(looked.names.patients.values()),
    }
    return TemplateResponse(request, "aftercare/admin/accesses/person.html", context)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year >= 2000 else None
