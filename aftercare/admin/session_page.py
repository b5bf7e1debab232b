"""What a session's page has from here: its leaflet to print, and moving it to another time.

The page stands in the app below, which knows nothing of what patients are told. Here it is
registered once more.
"""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from aftercare.admin.today.undo import undo_bar
from aftercare.records.leaflet import has_leaflet, printed
from clinic.http.pdf import pdf_answer
from clinic.permissions import actor, may_see
from sessions.admin.sessions import TreatmentSessionAdmin
from sessions.lifecycle import UPCOMING
from sessions.models import TreatmentSession
from sessions.pages.link import OPEN

admin.site.unregister(TreatmentSession)


@admin.register(TreatmentSession)
class SessionPage(TreatmentSessionAdmin):
    actions_detail = ["move_visit", "phone_photos_page", "leaflet"]
    change_form_before_template = "aftercare/admin/today/undo.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(session := context.get("original"), TreatmentSession):
            bar = undo_bar(actor(request), "", timezone.now())
            if (undo := bar["undo"]) and session.pk in undo.rows:
                page = "admin:treatment_sessions_treatmentsession_change"
                context |= bar | {"undo_back": reverse(page, args=[undo.pk])}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        found: list[Any] = super().get_actions_detail(request, object_id)
        session = self.get_object(request, str(object_id))
        fits = {
            "move_visit": session is not None and session.status in UPCOMING,
            "phone_photos_page": session is not None and session.status in OPEN,
            "leaflet": session is not None and has_leaflet(session),
        }
        return [button for button in found if fits[button.method.__name__]]

    @action(description=_("Move…"), url_path="move", permissions=["change"])
    def move_visit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for the time as Today does, and leads back here."""
        page = reverse("admin:treatment_sessions_treatmentsession_change", args=[object_id])
        asked = reverse("today-move", args=[object_id], query={"back": page})
        return HttpResponseRedirect(asked)

    def has_photo_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("treatment_sessions.add_photo")

    @action(description=_("Photos by phone"), url_path="phone", permissions=["photo"])
    def phone_photos_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        page = "admin:treatment_sessions_treatmentsession_photos"
        return HttpResponseRedirect(reverse(page, args=[object_id]))

    @action(description=_("Leaflet"), url_path="leaflet", permissions=["view"])
    def leaflet(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was treated and with what only for who may see the chart."""
        session: TreatmentSession | None = self.get_object(request, object_id)
        if session is None or not has_leaflet(session):
            raise Http404
        tells_what = may_see(
            request.user, "treatment_sessions.view_zonetreatment", session.patient_id
        )
        page = printed(session, tells_what=tells_what, at=timezone.now())
        return pdf_answer(page, name="leaflet")
