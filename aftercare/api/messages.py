"""Messages over HTTP."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare import services
from aftercare.models import DeliveryReceipt, Message, MessageAttempt, MessageStatus
from clinic.api.base import ClinicViewSet
from clinic.api.forms import Form, parse_body, require_no_body
from clinic.api.paging import NewestFirst
from clinic.api.queries import IdFilter
from clinic.permissions import actor, is_technical
from patients.models import Channel


class ForTechnicians:
    """A technical admin sees whether messages go out, and neither whose they are nor what a
    provider has answered, which may repeat an address."""

    without: dict[str, Any]
    context: dict[str, Any]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row = super().to_representation(instance)  # type: ignore[misc]
        request = self.context.get("request")
        return {**row, **self.without} if request and is_technical(actor(request)) else row


class MessageOut(ForTechnicians, serializers.ModelSerializer[Message]):
    """What is known of a message; its words are not part of it."""

    without = {"patient": None, "session": None, "reason": ""}
    step = serializers.CharField(source="step.code")
    patient = serializers.UUIDField(
        source="patient_id", allow_null=True, help_text="null for a technical admin."
    )
    session = serializers.UUIDField(
        source="session_id", allow_null=True, help_text="null for a technical admin."
    )

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
            "delivered_at",
        ]
        read_only_fields = fields


class AttemptOut(ForTechnicians, serializers.ModelSerializer[MessageAttempt]):
    without = {"detail": ""}

    class Meta:
        model = MessageAttempt
        fields = ["number", "provider", "started_at", "duration_ms", "outcome", "detail"]
        read_only_fields = fields


class ReceiptOut(ForTechnicians, serializers.ModelSerializer[DeliveryReceipt]):
    without = {"detail": ""}

    class Meta:
        model = DeliveryReceipt
        fields = ["kind", "provider", "occurred_at", "received_at", "detail"]
        read_only_fields = fields


class MessageDetailOut(MessageOut):
    """One message with its tries and what its provider has reported."""

    tries = AttemptOut(many=True)
    receipts = ReceiptOut(many=True)

    class Meta(MessageOut.Meta):
        fields = [*MessageOut.Meta.fields, "tries", "receipts"]
        read_only_fields = fields


class MessageFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=MessageStatus.choices, distinct=False)

    channel = filters.ChoiceFilter(choices=Channel.choices)
    patient = IdFilter()
    session = IdFilter()

    class Meta:
        model = Message
        fields: list[str] = []


class ResolveMessageIn(Form):
    delivered = serializers.BooleanField(help_text="Whether the patient has got the message.")


class LatestDue(NewestFirst):
    """In the order of their times, which is that of an index of each clinic's messages."""

    ordering = ("-due_at", "-id")


class MessageViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = Message
    resource = "aftercare.message"
    permissions = dict.fromkeys(("cancel", "resend", "resolve"), "aftercare.manage_message")
    serializer_class = MessageOut
    filterset_class = MessageFilter
    pagination_class = LatestDue

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().select_related("step")
        if self.action == "retrieve":
            rows = rows.prefetch_related(
                Prefetch("tries", MessageAttempt.objects.order_by("number", "id")),
                Prefetch("receipts", DeliveryReceipt.objects.order_by("id")),
            )
        return rows

    def get_serializer_class(self) -> Any:
        return MessageDetailOut if self.action == "retrieve" else MessageOut

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any) -> Response:
        """Take a waiting message out of the queue."""
        require_no_body(request)
        message = services.cancel_message(
            message_id=self.get_object().pk, at=timezone.now(), by=actor(request)
        )
        return Response(MessageOut(message).data)

    @extend_schema(request=None, responses={201: MessageOut})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: Any) -> Response:
        """Plan an ended message once more; answers the new one. 409 `copy_waiting` while another
        copy of it is under way."""
        require_no_body(request)
        message = services.resend_message(
            message_id=self.get_object().pk, at=timezone.now(), by=actor(request)
        )
        return Response(MessageOut(message).data, status=201)

    @extend_schema(request=ResolveMessageIn)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: Any) -> Response:
        """Decide a message in doubt."""
        message_id = self.get_object().pk
        data = parse_body(ResolveMessageIn, request)
        message = services.resolve_message(
            message_id=message_id, **data, at=timezone.now(), by=actor(request)
        )
        return Response(MessageOut(message).data)
