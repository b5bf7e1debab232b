"""Messages, and the story of a patient, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aftercare import services
from aftercare.history import changes
from aftercare.models import Message, MessageStatus
from aftercare.timeline import timeline
from clinic.api import ClinicViewSet
from clinic.permissions import actor
from patients.models import Channel, Patient


class MessageOut(serializers.ModelSerializer[Message]):
    """What is known of a message; its words are not part of it."""

    step = serializers.CharField(source="step.code")

    class Meta:
        model = Message
        fields = [
            "id",
            "clinic",
            "patient",
            "session",
            "step",
            "channel",
            "occurrence",
            "status",
            "reason",
            "due_at",
            "expires_at",
            "attempts",
            "sent_at",
        ]
        read_only_fields = fields


class MessageFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=MessageStatus.choices)

    channel = filters.ChoiceFilter(choices=Channel.choices)
    patient = filters.UUIDFilter()
    session = filters.UUIDFilter()

    class Meta:
        model = Message
        fields: list[str] = []


class ResolveMessageIn(serializers.Serializer[Any]):
    delivered = serializers.BooleanField(help_text="Whether the patient has got the message.")


class MessageViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = Message
    resource = "aftercare.message"
    permissions = dict.fromkeys(("cancel", "resend", "resolve"), "aftercare.manage_message")
    serializer_class = MessageOut
    filterset_class = MessageFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("step")

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any) -> Response:
        """Take a waiting message out of the queue."""
        message = services.cancel_message(message_id=self.get_object().pk, by=actor(request))
        return Response(MessageOut(message).data)

    @extend_schema(request=None, responses={201: MessageOut})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: Any) -> Response:
        """Plan an ended message once more; answers the new one."""
        message = services.resend_message(
            message_id=self.get_object().pk, at=timezone.now(), by=actor(request)
        )
        return Response(MessageOut(message).data, status=201)

    @extend_schema(request=ResolveMessageIn)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: Any) -> Response:
        """Decide a message in doubt."""
        message_id = self.get_object().pk
        form = ResolveMessageIn(data=request.data)
        form.is_valid(raise_exception=True)
        message = services.resolve_message(
            message_id=message_id, **form.validated_data, at=timezone.now(), by=actor(request)
        )
        return Response(MessageOut(message).data)


class EntryOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    id = serializers.UUIDField()
    title = serializers.CharField()
    detail = serializers.CharField()


class ChangeOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    table = serializers.CharField()
    id = serializers.UUIDField()
    change = serializers.ChoiceField(source="label", choices=["insert", "update", "delete"])
    values = serializers.DictField(
        source="fields",
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Field → [old, new].",
    )


class PatientStoryView(APIView):
    permissions = {"get": "patients.view_history"}
    action = "get"

    def patient(self, request: Request, pk: Any) -> Patient:
        rows = Patient.objects.select_related("clinic").visible_to(actor(request))
        return get_object_or_404(rows, pk=pk)


class TimelineView(PatientStoryView):
    """Everything that happened to a patient, newest first."""

    @extend_schema(responses=EntryOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return Response(EntryOut(timeline(self.patient(request, pk)), many=True).data)


class HistoryView(PatientStoryView):
    """Every change to the patient's record, newest first: who, when, from, to."""

    @extend_schema(responses=ChangeOut(many=True))
    def get(self, request: Request, pk: Any) -> Response:
        return Response(ChangeOut(changes(self.patient(request, pk)), many=True).data)
