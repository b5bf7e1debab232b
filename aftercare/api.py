"""Messages and side effects, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from aftercare import services
from aftercare.models import Message, MessageStatus, SideEffect, SideEffectKind
from clinic.api import ClinicViewSet, InstantField, VisibleField
from clinic.permissions import actor
from patients.models import Channel
from sessions.models import TreatmentSession, Zone


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


class SideEffectIn(serializers.Serializer[Any]):
    session = VisibleField(queryset=TreatmentSession.objects.select_related("area"))
    zone = serializers.SlugRelatedField(
        slug_field="code", queryset=Zone.objects.all(), required=False, allow_null=True
    )
    kind = serializers.ChoiceField(choices=SideEffectKind.choices)
    grade = serializers.IntegerField(min_value=1, max_value=5, help_text="CTCAE v5.")
    is_expected = serializers.BooleanField()
    onset_at = InstantField()
    note = serializers.CharField(required=False, allow_blank=True, max_length=5_000)


class ResolutionIn(serializers.Serializer[Any]):
    resolution = serializers.CharField(max_length=500)


class SideEffectOut(serializers.ModelSerializer[SideEffect]):
    patient = serializers.UUIDField(source="session.patient_id")
    zone = serializers.CharField(source="zone.code", default=None)

    class Meta:
        model = SideEffect
        fields = [
            "id",
            "session",
            "patient",
            "zone",
            "kind",
            "grade",
            "is_expected",
            "onset_at",
            "note",
            "recorded_by",
            "created_at",
            "resolved_at",
            "resolution",
        ]
        read_only_fields = fields


class SideEffectFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=SideEffectKind.choices)
    patient = filters.UUIDFilter(field_name="session__patient")
    session = filters.UUIDFilter()
    resolved = filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = SideEffect
        fields: list[str] = []


class SideEffectViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    model = SideEffect
    resource = "aftercare.sideeffect"
    permissions = {"resolve": "aftercare.resolve_sideeffect"}
    serializer_class = SideEffectOut
    filterset_class = SideEffectFilter

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().select_related("session", "zone")

    @extend_schema(request=SideEffectIn, responses={201: SideEffectOut})
    def create(self, request: Request) -> Response:
        form = SideEffectIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        side_effect = services.log_side_effect(**form.validated_data, by=actor(request))
        return Response(SideEffectOut(side_effect).data, status=201)

    @extend_schema(request=ResolutionIn)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: Any) -> Response:
        side_effect_id = self.get_object().pk
        form = ResolutionIn(data=request.data)
        form.is_valid(raise_exception=True)
        side_effect = services.resolve_side_effect(
            side_effect_id=side_effect_id, **form.validated_data, at=timezone.now()
        )
        return Response(SideEffectOut(side_effect).data)
