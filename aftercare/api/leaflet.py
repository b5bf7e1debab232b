"""The leaflet of a session over HTTP."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from aftercare.records.leaflet import printed
from clinic.api.queries import StrictQuery
from clinic.http.pdf import pdf_answer
from clinic.permissions import actor, may_see
from sessions.models import TreatmentSession

PDF = "application/pdf"


class PdfRenderer(BaseRenderer):
    """For clients that ask for a PDF; the answer is made by the view."""

    media_type = PDF
    format = "pdf"
    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return data


class LeafletView(StrictQuery):
    about = TreatmentSession
    permissions = {"get": "treatment_sessions.view_treatmentsession"}
    operation_names = {"get": "get_session_leaflet"}
    action = "get"
    renderer_classes = [PdfRenderer, JSONRenderer]

    @extend_schema(
        responses={(200, PDF): OpenApiTypes.BINARY, (200, "text/html"): OpenApiTypes.STR}
    )
    def get(self, request: Request, pk: Any) -> HttpResponse:
        """The aftercare for the patient to take home, in the patient's language; where the server
        can make no PDF, as a page of HTML."""
        rows = TreatmentSession.objects.visible_to(actor(request))
        rows = rows.select_related("clinic", "patient", "area", "sitting")
        session = get_object_or_404(rows, pk=pk)
        tells_what = may_see(
            request.user, "treatment_sessions.view_zonetreatment", session.patient_id
        )
        page = printed(session, tells_what=tells_what, at=timezone.now())
        return pdf_answer(page, name="leaflet")
