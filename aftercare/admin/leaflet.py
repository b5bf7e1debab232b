"""The leaflet of a session, to print from its page.

The page stands in the app below, which knows nothing of what patients are told. Here it is
registered once more.
"""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from aftercare.records.leaflet import has_leaflet, printed
from clinic.http.pdf import pdf_answer
from sessions.admin.sessions import TreatmentSessionAdmin
from sessions.models import TreatmentSession

admin.site.unregister(TreatmentSession)


@admin.register(TreatmentSession)
class LeafletAdmin(TreatmentSessionAdmin):
    actions_detail = ["leaflet"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        found: list[Any] = super().get_actions_detail(request, object_id)
        session = self.get_object(request, str(object_id))
        return found if session is not None and has_leaflet(session) else []

    @action(description="Leaflet", url_path="leaflet", permissions=["view"])
    def leaflet(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was treated and with what only for who may see the chart."""
        session: TreatmentSession | None = self.get_object(request, object_id)
        if session is None or not has_leaflet(session):
            raise Http404
        tells_what = request.user.has_perm("treatment_sessions.view_zonetreatment")
        page = printed(session, tells_what=tells_what, at=timezone.now())
        return pdf_answer(page, name="leaflet")
