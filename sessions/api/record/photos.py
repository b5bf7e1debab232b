"""Photographs over HTTP. Nothing here may be cached: a consent that is revoked counts at once."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, InstantField, VisibleField
from clinic.api.forms import CodeField, Form, parse_body
from clinic.api.queries import IdFilter
from clinic.http.parsers import MAX_BODY_BYTES, TooLarge, require_size
from clinic.http.pictures import JPEG, as_jpeg
from clinic.permissions import actor
from patients.models import Patient, Zone
from sessions import services
from sessions.models import STANDARD_VIEWS, Photo, TreatmentSession
from sessions.services.record.photos import remove_files
from sessions.services.record.pictures import KINDS, MAX_BYTES, WHAT_WE_TAKE, PhotoTooLarge

MAX_FORM_BYTES = MAX_BYTES + MAX_BODY_BYTES  # the picture and the fields around it


class PhotoFormParser(MultiPartParser):
    """A form with one picture. By its length alone, one that is too large is refused unread."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            require_size(parser_context, MAX_FORM_BYTES)
        except TooLarge as error:
            raise PhotoTooLarge(WHAT_WE_TAKE, field="image") from error
        try:
            return super().parse(stream, media_type, parser_context)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
            raise TooLarge("Send one picture and the few fields that are asked for.") from error


class JPEGRenderer(JSONRenderer):
    """Lets a client ask for `Accept: image/jpeg`. The picture itself goes past the renderers;
    what they render is a problem document."""

    media_type = JPEG


class PhotoIn(Form):
    patient = VisibleField(queryset=Patient.objects.all())
    session = VisibleField(queryset=TreatmentSession.objects.all(), required=False, allow_null=True)
    view = serializers.ChoiceField(choices=[(view.value, view.label) for view in STANDARD_VIEWS])
    zone = CodeField(queryset=Zone.objects.all(), required=False, allow_null=True)
    taken_at = InstantField()
    image = serializers.FileField(source="upload", help_text=f"{KINDS}, to 25 MB.")


class PhotoOut(serializers.ModelSerializer[Photo]):
    zone = serializers.CharField(source="zone.code", read_only=True, allow_null=True)

    class Meta:
        model = Photo
        fields = [
            *("id", "patient", "session", "view", "zone", "taken_at", "width", "height", "sha256"),
            *("uploaded_by", "report", "created_at"),
        ]
        read_only_fields = fields


def photo_data(photo: Photo) -> Any:
    return PhotoOut(photo).data


class PhotoFilter(filters.FilterSet):
    """Where there is no consent, an empty list would look like an answer: these are 404."""

    patient = IdFilter(method="of_patient")
    session = IdFilter(method="of_session")

    class Meta:
        model = Photo
        fields: list[str] = []

    def of_patient(self, photos: QuerySet[Photo], name: str, patient_id: Any) -> QuerySet[Photo]:
        seen = Patient.objects.visible_to(self.request.user)
        patients = seen.filter(pk__in=services.shown_patients(at=timezone.now()))
        return photos.filter(patient=get_object_or_404(patients, pk=patient_id))

    def of_session(self, photos: QuerySet[Photo], name: str, session_id: Any) -> QuerySet[Photo]:
        seen = TreatmentSession.objects.visible_to(self.request.user)
        sessions = seen.filter(patient__in=services.shown_patients(at=timezone.now()))
        return photos.filter(session=get_object_or_404(sessions, pk=session_id))


class PhotoViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """Photographs of patients who agree to them now, and what patients have sent; those of all
    others do not exist."""

    model = Photo
    resource = "treatment_sessions.photo"
    permissions = {
        "file": "treatment_sessions.view_photo",
        "thumbnail": "treatment_sessions.view_photo",
    }
    parser_classes = [PhotoFormParser]
    alone = frozenset({"create"})  # a picture may have to wait until others are decoded
    serializer_class = PhotoOut
    filterset_class = PhotoFilter

    def get_queryset(self) -> QuerySet[Any]:
        shown = services.shown_photos(at=timezone.now())
        return super().get_queryset().filter(shown).select_related("zone")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "private, no-store"
        return answer

    @extend_schema(request=PhotoIn, responses={201: PhotoOut})
    def create(self, request: Request) -> Response:
        """Keep a picture. It is made anew as a JPEG in sRGB of at most 2,400 pixels a side, upright
        and without any metadata; the patient must agree to photographs for the record."""
        data = parse_body(PhotoIn, request)
        return self.made_by(
            services.store_photo, photo_data, **data, at=timezone.now(), by=actor(request)
        )

    def taken_back(self, made: Photo) -> None:
        remove_files(made.image.name, made.thumbnail.name)

    @extend_schema(responses={(200, JPEG): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[JPEGRenderer, JSONRenderer])
    def file(self, request: Request, pk: Any) -> HttpResponse:
        """The picture itself."""
        photo = self.get_object()
        return as_jpeg(photo.image, f"photo-{photo.pk}.jpg")

    @extend_schema(responses={(200, JPEG): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[JPEGRenderer, JSONRenderer])
    def thumbnail(self, request: Request, pk: Any) -> HttpResponse:
        """At most 400 pixels a side."""
        photo = self.get_object()
        return as_jpeg(photo.thumbnail, f"thumbnail-{photo.pk}.jpg")
