"""The ledger of addresses over HTTP."""

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare.models import AddressConsent
from aftercare.replies import opt_out
from clinic.api.base import ClinicViewSet, VisibleField
from clinic.api.forms import Form, TextField, parse_body
from clinic.permissions import actor
from patients.models import Channel, Patient, Purpose
from patients.services.contact import NoAddress


class AddressConsentOut(serializers.ModelSerializer[AddressConsent]):
    class Meta:
        model = AddressConsent
        fields = [
            *("id", "channel", "address", "purpose", "granted", "source", "wording"),
            *("recorded_at", "recorded_by", "message"),
        ]
        read_only_fields = fields


class AddressConsentFilter(filters.FilterSet):
    channel = filters.ChoiceFilter(choices=Channel.choices)
    address = filters.CharFilter(max_length=254)

    class Meta:
        model = AddressConsent
        fields: list[str] = []


class AddressConsentIn(Form):
    patient = VisibleField(queryset=Patient.objects.all())
    channel = serializers.ChoiceField(choices=Channel.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    granted = serializers.BooleanField()
    wording = TextField(max_length=500, help_text="What the patient said.")


class AddressConsentViewSet(ListModelMixin, ClinicViewSet):
    """What was said about writing to a number or mailbox, newest first. The last word counts."""

    model = AddressConsent
    resource = "aftercare.addressconsent"
    serializer_class = AddressConsentOut
    filterset_class = AddressConsentFilter

    @extend_schema(request=AddressConsentIn, responses={201: AddressConsentOut(many=True)})
    def create(self, request: Request) -> Response:
        """Record the patient's word on an address: a bounced one is used again, or one is taken
        off. Answers what was written: nothing, if it changes nothing. 409 `stopped_by_reply`:
        after a STOP, only the phone itself can send START."""
        data = parse_body(AddressConsentIn, request)
        word = dict(data)
        patient = word.pop("patient")
        address = patient.email if word["channel"] == Channel.EMAIL else str(patient.mobile or "")
        if not address:
            raise NoAddress("The patient has no address for this channel.", field="channel")
        self.touch(patient)  # whose address it is, which its row does not know
        rows = opt_out.record_by_staff(
            **word, address=address, at=timezone.now(), by=actor(request)
        )
        return Response(AddressConsentOut(rows, many=True).data, status=201)
