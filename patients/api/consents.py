"""What patients have agreed to, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import Form, RowField, TextField, parse_body
from clinic.api.paging import page_of, pages_by
from clinic.models import User
from clinic.permissions import actor
from patients import services
from patients.models import ConsentHandout, ConsentText, PhotoConsent, PhotoScope, TreatmentConsent

CONSENT_PERMISSIONS = {
    "consents": "patients.view_treatmentconsent",
    "record_consent": "patients.add_treatmentconsent",
    "consent_handouts": "patients.view_consenthandout",
    "hand_out_consent": "patients.add_consenthandout",
    "photo_consents": "patients.view_photoconsent",
    "record_photo_consent": "patients.add_photoconsent",
}


class SignatureIn(Form):
    text = RowField(queryset=ConsentText.objects.all())
    signer_name = TextField(max_length=160)
    signer_relation = TextField(required=False, allow_blank=True, max_length=80)


class ConsentIn(SignatureIn):
    clauses = serializers.ListField(child=serializers.SlugField(), max_length=40)
    zones = serializers.ListField(child=serializers.SlugField(), min_length=1, max_length=60)
    device_models = serializers.ListField(
        child=serializers.SlugField(), min_length=1, max_length=20
    )
    patient_assented = serializers.BooleanField(
        default=False, help_text="Where a guardian signs: the patient was asked, and agrees."
    )
    witness = VisibleField(queryset=User.objects.people(), required=False, allow_null=True)


class PhotoConsentIn(SignatureIn):
    scope = serializers.ChoiceField(choices=PhotoScope.choices)


class RevocationIn(Form):
    reason = TextField(max_length=300)


SIGNED = (
    *("id", "text", "text_sha256", "signed_at", "signer_name", "signer_relation", "recorded_by"),
    *("expires_on", "revoked_at", "revoke_reason"),
)


class ConsentOut(serializers.ModelSerializer[TreatmentConsent]):
    class Meta:
        model = TreatmentConsent
        fields = [
            *SIGNED,
            *("clauses", "zones", "device_models", "patient_assented", "witness"),
        ]
        read_only_fields = fields


class PhotoConsentOut(serializers.ModelSerializer[PhotoConsent]):
    class Meta:
        model = PhotoConsent
        fields = [*SIGNED, "scope"]
        read_only_fields = fields


class HandoutIn(Form):
    text = RowField(
        queryset=ConsentText.objects.all(),
        required=False,
        help_text="Without one, the treatment consent in the patient's language.",
    )


class HandoutOut(serializers.ModelSerializer[ConsentHandout]):
    class Meta:
        model = ConsentHandout
        fields = ["id", "text", "handed_at", "handed_by"]
        read_only_fields = fields


class ConsentActions(GenericViewSet[Any]):
    """The part of a patient's endpoints that concerns what they have signed."""

    @extend_schema(responses=ConsentOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=pages_by("-id"))
    def consents(self, request: Request, pk: Any) -> Response:
        """Treatment consents, newest first, revoked ones too."""
        return page_of(self, self.get_object().treatment_consents.all(), ConsentOut)

    @extend_schema(request=ConsentIn, responses={201: ConsentOut})
    @consents.mapping.post
    def record_consent(self, request: Request, pk: Any) -> Response:
        patient_id = self.get_object().pk
        consent = services.record_treatment_consent(
            patient_id=patient_id,
            **parse_body(ConsentIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(ConsentOut(consent).data, status=201)

    @extend_schema(responses=HandoutOut(many=True), filters=False)
    @action(
        detail=True,
        methods=["get"],
        url_path="consent-handouts",
        pagination_class=pages_by("-id"),
    )
    def consent_handouts(self, request: Request, pk: Any) -> Response:
        """Which texts the patient was given to read, newest first."""
        return page_of(self, self.get_object().consent_handouts.all(), HandoutOut)

    @extend_schema(request=HandoutIn, responses={201: HandoutOut})
    @consent_handouts.mapping.post
    def hand_out_consent(self, request: Request, pk: Any) -> Response:
        patient_id = self.get_object().pk
        handout = services.hand_out_consent(
            patient_id=patient_id,
            **parse_body(HandoutIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(HandoutOut(handout).data, status=201)

    @extend_schema(responses=PhotoConsentOut(many=True), filters=False)
    @action(
        detail=True,
        methods=["get"],
        url_path="photo-consents",
        pagination_class=pages_by("-id"),
    )
    def photo_consents(self, request: Request, pk: Any) -> Response:
        """Newest first, revoked ones too."""
        return page_of(self, self.get_object().photo_consents.all(), PhotoConsentOut)

    @extend_schema(request=PhotoConsentIn, responses={201: PhotoConsentOut})
    @photo_consents.mapping.post
    def record_photo_consent(self, request: Request, pk: Any) -> Response:
        patient_id = self.get_object().pk
        consent = services.record_photo_consent(
            patient_id=patient_id,
            **parse_body(PhotoConsentIn, request),
            at=timezone.now(),
            by=actor(request),
        )
        return Response(PhotoConsentOut(consent).data, status=201)


class ConsentViewSet(ClinicViewSet):
    """Treatment consents by their own id: to be revoked."""

    model: Any = TreatmentConsent
    permissions = {"revoke": "patients.change_treatmentconsent"}
    serializer_class: Any = ConsentOut

    @extend_schema(request=RevocationIn)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: Any) -> Response:
        """Take it back; it holds no more from this moment on."""
        consent = self.get_object()
        data = parse_body(RevocationIn, request)
        consent = services.revoke_consent(
            consent=consent, reason=data["reason"], at=timezone.now(), by=actor(request)
        )
        return Response(self.serializer_class(consent).data)


class PhotoConsentViewSet(ConsentViewSet):
    """Photo consents by their own id: once revoked, the photographs are not served."""

    model = PhotoConsent
    permissions = {"revoke": "patients.change_photoconsent"}
    serializer_class = PhotoConsentOut
