"""The staff inbox over HTTP: what patients have written."""

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

from aftercare.models import LONGEST_ANSWER, InboundMessage, Keyword, Message, StaffAnswer
from aftercare.replies.inbox import candidates, handle
from aftercare.services import answer_reply
from clinic.api.base import ClinicViewSet
from clinic.api.forms import Form, TextField, parse_body
from clinic.api.queries import IdFilter, YesNoFilter
from clinic.models import Action
from clinic.permissions import actor
from patients.models import Channel, Patient


class CandidateOut(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ["id", "given_name", "family_name"]
        read_only_fields = fields


class StaffAnswerOut(serializers.ModelSerializer[StaffAnswer]):
    messages = serializers.PrimaryKeyRelatedField[Message](
        many=True, read_only=True, help_text="The messages that tell it: see their status there."
    )

    class Meta:
        model = StaffAnswer
        fields = [
            *("id", "text", "channel", "as_link", "sms_parts", "answered_at", "answered_by"),
            "messages",
        ]
        read_only_fields = fields


class InboundOut(serializers.ModelSerializer[InboundMessage]):
    """`candidates` are all who can be reached at the sender's number; nobody is guessed."""

    is_handled = serializers.BooleanField()
    candidates = CandidateOut(many=True)
    answers = StaffAnswerOut(many=True)

    class Meta:
        model = InboundMessage
        fields = [
            *("id", "clinic", "channel", "sender", "body", "received_at", "keyword"),
            *("maybe_opt_out", "audience", "patient", "candidates", "message", "task", "reply"),
            *("answers", "is_handled", "handled_at", "handled_by", "handled_note"),
        ]
        read_only_fields = fields


class InboxFilter(filters.FilterSet):
    handled = YesNoFilter(method="by_handled")
    patient = IdFilter()
    keyword = filters.MultipleChoiceFilter(choices=Keyword.choices, distinct=False)
    maybe_opt_out = YesNoFilter()

    class Meta:
        model = InboundMessage
        fields: list[str] = []

    def by_handled(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(is_handled=True) if value else rows.waiting()


class HandledIn(Form):
    note = TextField(
        required=False,
        allow_blank=True,
        max_length=500,
        default="",
        help_text="What was found and done. Required of what is grave or was reported of the skin.",
    )


class ReplyAnswerIn(Form):
    text = TextField(
        max_length=LONGEST_ANSWER,
        help_text="Names no place on the body and nothing that was put on it. An SMS of up to 220 "
        "characters that tells nothing of skin or who it is has the words, any other a link.",
    )
    channel = serializers.ChoiceField(
        choices=Channel.choices, required=False, help_text="Without it, as the patient wrote."
    )
    patient = serializers.UUIDField(
        required=False, help_text="Whom to answer, where a number has several `candidates`."
    )
    anyway = serializers.BooleanField(
        required=False, default=False, help_text="Also if somebody else has answered."
    )
    finish = serializers.BooleanField(
        required=False, default=False, help_text="Also tick the reply and its task off."
    )
    note = TextField(
        required=False,
        allow_blank=True,
        max_length=500,
        default="",
        help_text="With `finish`: what was found and done.",
    )


class InboxViewSet(ListModelMixin, RetrieveModelMixin, ClinicViewSet):
    """What came in, of the caller's clinics and meant for the caller's role."""

    model = InboundMessage
    resource = "aftercare.inboundmessage"
    reads = {"list": Action.MESSAGE_TEXT, "retrieve": Action.MESSAGE_TEXT}
    permissions = dict.fromkeys(["handled", "answer"], "aftercare.change_inboundmessage")
    serializer_class = InboundOut
    filterset_class = InboxFilter

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = super().get_queryset()
        return rows.with_handled().prefetch_related("answers__messages")  # type: ignore[no-any-return]

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Adds the candidates to the rows of a page, in one query for all of them."""
        if args:
            rows = list(args[0]) if kwargs.get("many") else [args[0]]
            candidates(rows, user=self.request.user)
        return super().get_serializer(*args, **kwargs)

    @extend_schema(request=HandledIn)
    @action(detail=True, methods=["post"])
    def handled(self, request: Request, pk: Any) -> Response:
        """Somebody has looked after it; ticks its task off too, with what came of it where that
        must be said. 409 `handled` if it was before."""
        inbound_id = self.get_object().pk
        data = parse_body(HandledIn, request)
        handle(inbound_id=inbound_id, at=timezone.now(), by=actor(request), **data)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=ReplyAnswerIn)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: Any) -> Response:
        """Answer the patient, by a message like any other. The same words are sent once. 409
        `answered` if somebody else has answered: then send it again with `anyway`."""
        inbound_id = self.get_object().pk
        data = parse_body(ReplyAnswerIn, request)
        answer_reply(inbound_id=inbound_id, at=timezone.now(), by=actor(request), **data)
        return Response(self.get_serializer(self.get_object()).data)
