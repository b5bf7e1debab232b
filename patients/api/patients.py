"""Patients and their word on being written to, over HTTP."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.base import ClinicViewSet, acting_clinic
from clinic.api.forms import AddressField, Form, IdField, TextField, parse_body
from clinic.api.paging import NewestFirst, page_of, pages_by
from clinic.models import known_time_zone
from clinic.permissions import TOO_SHORT, actor, is_too_short, most_found
from patients import services
from patients.api.consents import CONSENT_PERMISSIONS, ConsentActions
from patients.api.medical import MEDICAL_PERMISSIONS, MedicalActions
from patients.models import Channel, ContactConsent, Patient, Purpose, Sex, SkinType, birth_date


class PatientIn(Form):
    # Both are told, so that nobody forgets one; who has one name leaves the other empty.
    given_name = TextField(allow_blank=True, max_length=80)
    family_name = TextField(allow_blank=True, max_length=80)
    date_of_birth = serializers.DateField(
        required=False,
        allow_null=True,
        validators=[birth_date],
        help_text="May follow, if there is a mobile number or an e-mail address; nobody is needled"
        " without it.",
    )
    email = AddressField(required=False, allow_blank=True, max_length=254)
    mobile = TextField(required=False, allow_blank=True, max_length=40)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, default="en")
    time_zone = TextField(
        required=False, allow_blank=True, max_length=40, validators=[known_time_zone]
    )
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True)
    skin_type = serializers.ChoiceField(
        choices=SkinType.choices, required=False, help_text="Only from a clinician who assessed it."
    )


class ContactConsentIn(Form):
    channel = serializers.ChoiceField(choices=Channel.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    granted = serializers.BooleanField()
    wording = TextField(max_length=2_000, help_text="What the patient was asked.")


class PatientCreateIn(PatientIn):
    clinic = IdField(required=False, help_text="Only needed by staff who work at several clinics.")
    contact_consents = ContactConsentIn(
        many=True,
        required=False,
        help_text="What they said on being written to; only from the desk, which asks them.",
    )


class PatientOut(serializers.ModelSerializer[Patient]):
    email = serializers.CharField()
    mobile = serializers.CharField(help_text="E.164, such as +4915123456789.")

    class Meta:
        model = Patient
        fields = [
            "id",
            "clinic",
            "given_name",
            "family_name",
            "date_of_birth",
            "email",
            "mobile",
            "language",
            "time_zone",
            "sex",
            "archived_at",
            "merged_into",
            "created_at",
            "version",
        ]
        read_only_fields = fields


class ContactConsentOut(serializers.ModelSerializer[ContactConsent]):
    class Meta:
        model = ContactConsent
        fields = ["id", "channel", "purpose", "granted", "wording", "recorded_at", "recorded_by"]
        read_only_fields = fields


class BestHitsFirst(NewestFirst):
    """The hits of a search in their order; without one, the newest first."""

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> Any:
        if "place" in queryset.query.annotations:
            return ("place",)
        return super().get_ordering(request, queryset, view)


class PatientFilter(filters.FilterSet):
    q = filters.CharFilter(
        method="search",
        min_length=2,
        max_length=100,
        label=(
            "Names, e-mail, mobile number, birth date or its year, however they are typed: parts"
            " and one typing error in a name do. The best hits come first, at most 300."
            " Receptionists type 3 characters at the least, and find 20."
        ),
    )

    class Meta:
        model = Patient
        fields: list[str] = []

    def search(self, queryset: Any, name: str, value: str) -> QuerySet[Patient]:
        by = actor(self.request)
        if is_too_short(value, by):
            raise serializers.ValidationError({"q": [TOO_SHORT]}, code="min_length")
        hits: QuerySet[Patient] = queryset.search(value, clinics=by.clinic_ids, most=most_found(by))
        return hits


class DuplicateOut(PatientOut):
    similarity = serializers.FloatField(help_text="Of the names, 0 to 1.")

    class Meta(PatientOut.Meta):
        fields = [*PatientOut.Meta.fields, "similarity"]
        read_only_fields = fields


class PatientViewSet(
    MedicalActions, ConsentActions, ListModelMixin, RetrieveModelMixin, ClinicViewSet
):
    model = Patient
    resource = "patients.patient"
    permissions = {
        "duplicates": "patients.view_patient",
        "contact_consents": "patients.view_contactconsent",
        "record_contact_consent": "patients.add_contactconsent",
        **MEDICAL_PERMISSIONS,
        **CONSENT_PERMISSIONS,
    }
    serializer_class = PatientOut
    filterset_class = PatientFilter
    pagination_class = BestHitsFirst

    def get_queryset(self) -> QuerySet[Patient]:
        rows: QuerySet[Patient] = super().get_queryset()
        # a list shows no words of theirs, which would take longer to decrypt than all else to read
        return rows.defer("allergies", "notes") if self.action == "list" else rows

    @extend_schema(request=PatientCreateIn, responses={201: PatientOut})
    def create(self, request: Request) -> Response:
        data = parse_body(PatientCreateIn, request)
        details = dict(data)
        clinic = acting_clinic(request, details.pop("clinic", None))
        words = details.pop("contact_consents", [])
        patient = services.register_patient(
            clinic=clinic,
            details=details,
            contact_consents=words,
            at=timezone.now(),
            by=actor(request),
        )
        return Response(PatientOut(patient).data, status=201)

    @extend_schema(request=PatientIn(partial=True), responses=PatientOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        patient = self.get_object()
        data = parse_body(PatientIn, request, partial=True)
        patient = services.update_patient(
            patient_id=patient.pk,
            changes=data,
            at=timezone.now(),
            by=actor(request),
        )
        return Response(PatientOut(patient).data)

    @extend_schema(responses=DuplicateOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def duplicates(self, request: Request, pk: Any) -> Response:
        """Records that may be the same person, the likeliest first; at most twenty."""
        found = Patient.objects.possible_duplicates_of(self.get_object())[:20]
        return Response(DuplicateOut(found, many=True).data)

    @extend_schema(responses=ContactConsentOut(many=True), filters=False)
    @action(
        detail=True,
        methods=["get"],
        url_path="contact-consents",
        pagination_class=pages_by("-id"),
    )
    def contact_consents(self, request: Request, pk: Any) -> Response:
        """The ledger of what the patient agreed to, newest first."""
        return page_of(self, self.get_object().contact_consents.all(), ContactConsentOut)

    @extend_schema(request=ContactConsentIn, responses={201: ContactConsentOut})
    @contact_consents.mapping.post
    def record_contact_consent(self, request: Request, pk: Any) -> Response:
        patient = self.get_object()
        data = parse_body(ContactConsentIn, request)
        entry = services.record_contact_consent(
            patient_id=patient.pk, at=timezone.now(), by=actor(request), **data
        )
        return Response(ContactConsentOut(entry).data, status=201)
