"""Photographs by a phone, on the tablet: the code that the phone reads, and what has come in."""

from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext

from clinic.audit.subjects import about
from clinic.errors import DomainError
from clinic.permissions import actor, may_see
from clinic.values.moments import date_in_words
from clinic.values.zones import clock_of
from sessions import services
from sessions.models import Photo, TreatmentSession
from sessions.pages.link import LASTS, OPEN, end_link, is_open, open_link


class PhonePages:
    """For the pages of sessions."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.phone_photos)
        name = "treatment_sessions_treatmentsession_photos"
        return [path("<uuid:pk>/photos/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    @about(TreatmentSession)
    def phone_photos(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Looking makes no link; the code stands on the answer to the press that makes it."""
        if not request.user.has_perm("treatment_sessions.add_photo"):
            raise PermissionDenied
        rows = TreatmentSession.objects.visible_to(actor(request))
        session = rows.select_related("clinic", "patient__clinic", "area").filter(pk=pk).first()
        if session is None:
            raise Http404
        if not may_see(request.user, "treatment_sessions.add_photo", session.patient_id):
            raise PermissionDenied
        code, refused = "", ""
        if request.method == "POST":
            try:
                if request.POST.get("do") == "end":
                    end_link(session.pk)
                    messages.success(request, gettext("The link has ended."))
                    return HttpResponseRedirect(request.path)
                code = _code(open_link(session, at=timezone.now(), by=actor(request)))
            except DomainError as error:
                refused = error.message
        return self._phone_page(request, session, code=code, refused=refused)

    def _phone_page(
        self, request: HttpRequest, session: TreatmentSession, **more: Any
    ) -> HttpResponse:
        at, zone = timezone.now(), session.clinic.zone
        photos = Photo.objects.filter(services.shown_photos(at=at), session=session).standard()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Photographs by a phone"),
            "record": session,
            "session": session,
            "when": date_in_words(session.starts_at_local, "D j M Y, H:i"),
            "clock": clock_of(zone),
            "goes_on": session.status in OPEN,
            "agrees": services.consenting_patients(at=at).filter(pk=session.patient_id).exists(),
            "is_open": is_open(session.pk),
            "ends": f"{(at + LASTS).astimezone(zone):%H:%M}",
            "photos": [
                {"row": one, "when": f"{one.taken_at.astimezone(zone):%H:%M}"}
                for one in photos.order_by("-taken_at", "-id")
            ],
            **more,
        }
        return TemplateResponse(request, "sessions/admin/phone.html", context)


def _code(secret: str) -> str:
    """Black on white, also in the dark: phones read no other."""
    address = f"{settings.PUBLIC_URL}{reverse('photo-page', args=[secret])}"
    drawn = segno.make(address, error="m").svg_inline(dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308  drawn of an address of ours
