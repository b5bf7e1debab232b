"""The caller's own log-ins, to look at and to end."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.accounts.log_ins import end_all_log_ins, end_log_in
from clinic.api.base import ClinicViewSet
from clinic.api.forms import require_no_body
from clinic.audit.actors import actor_of
from clinic.audit.record import Access
from clinic.http.audited import session_of
from clinic.models import Action, Door, LogIn
from clinic.permissions import actor


class LogInOut(serializers.ModelSerializer[LogIn]):
    is_session = serializers.SerializerMethodField()
    is_this = serializers.SerializerMethodField()

    class Meta:
        model = LogIn
        fields = [
            *("id", "created_at", "last_used_at", "client", "address", "is_session", "is_this")
        ]
        read_only_fields = fields

    def get_is_session(self, row: LogIn) -> bool:
        return row.session_key is not None

    def get_is_this(self, row: LogIn) -> bool:
        token = getattr(self.context["request"].auth, "pk", None)
        return token is not None and row.token_id == token


class LogInViewSet(ListModelMixin, ClinicViewSet):
    """Tokens and sessions that have not ended, of the caller alone."""

    model = LogIn
    resource = "clinic.login"
    permissions = {"end_all": "clinic.delete_login"}
    serializer_class = LogInOut

    def access(self, request: Request, answer: Any) -> Access | None:
        """What ends a log-in is written down like logging out."""
        if request.method == "GET" or answer.status_code != 204:
            return super().access(request, answer)
        return Access(
            actor=actor_of(request, request.user, session=session_of(request)),
            door=Door.API,
            place=self._place(request),
            action=Action.LOG_OUT,
            status=answer.status_code,
        )

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """End one. It may be the one that asks."""
        require_no_body(request)
        end_log_in(log_in_id=self.get_object().pk, at=timezone.now(), by=actor(request))
        return Response(status=204)

    @extend_schema(request=None, responses={204: None})
    @action(detail=False, methods=["post"], url_path="end-all")
    def end_all(self, request: Request) -> Response:
        """End all tokens and sessions, the one that asks included."""
        require_no_body(request)
        end_all_log_ins(at=timezone.now(), by=actor(request))
        return Response(status=204)
