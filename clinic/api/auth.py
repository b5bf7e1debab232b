"""Logging in and out, and who the caller is."""

from typing import Any

from django.contrib.auth import authenticate
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.accounts.backend import DEVICE
from clinic.accounts.guessing import device_of
from clinic.accounts.log_ins import begin_token
from clinic.accounts.second_factor import CodeError, SecondFactorMissing, is_missing
from clinic.api.forms import Form, parse_body, require_no_body
from clinic.api.queries import StrictQuery
from clinic.audit.actors import actor_of
from clinic.audit.record import Access
from clinic.http.audited import REFUSED, session_of
from clinic.http.writes import SafeWrites
from clinic.models import Action, Door, Outcome, User
from clinic.models.staff import ACCOUNT_ROLES
from clinic.permissions import actor


class LoginIn(Form):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Of whoever has a second factor: the six digits that the app shows now, or a "
        "recovery code. Each opens once.",
    )
    device_token = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class UserOut(serializers.ModelSerializer[User]):
    role = serializers.ChoiceField(choices=ACCOUNT_ROLES, read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "first_name", "last_name", "role"]
        read_only_fields = fields


class MeOut(UserOut):
    class Meta(UserOut.Meta):
        fields = [*UserOut.Meta.fields, "clinics"]
        read_only_fields = fields


class LoginOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    device_token = serializers.CharField()
    user = MeOut()


class LoginView(SafeWrites, StrictQuery):
    """A token for the header `Authorization: Bearer …`; `Token …` is taken as well."""

    operation_names = {"post": "log_in"}
    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]
    alone = frozenset({"post"})  # a failure is counted, which no transaction may take back
    _caller: User | None = None

    def access(self, request: Request, answer: Any) -> Access | None:
        """Whoever tries is written down; the name that was typed is not, which may be a password in
        the wrong box."""
        if answer.status_code not in {200, *REFUSED, 429}:
            return None
        done = answer.status_code == 200
        return Access(
            actor=actor_of(request, self._caller),
            door=Door.API,
            place="login",
            action=Action.LOG_IN,
            outcome=Outcome.DONE if done else Outcome.REFUSED,
            status=answer.status_code,
        )

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # makes a refusal a 401

    @extend_schema(request=LoginIn, responses=LoginOut, auth=[])
    def post(self, request: Request) -> Response:
        data = parse_body(LoginIn, request)
        shown = data.pop("device_token", "")
        setattr(request._request, DEVICE, shown)
        # The same answer for an unknown name and a wrong password.
        try:
            user = authenticate(request=request._request, **data)
        except CodeError as error:
            self._caller = error.user
            raise
        if not isinstance(user, User):
            raise AuthenticationFailed("Unknown user name or wrong password.")
        self._caller = user
        if is_missing(user):
            raise SecondFactorMissing
        row, token = begin_token(request=request._request, at=timezone.now(), by=user)
        told = {"token": token, "expires_at": row.expiry, "user": user}
        return Response(LoginOut({**told, "device_token": device_of(shown, user)}).data)


class LogoutView(SafeWrites, StrictQuery):
    """Ends the token that the request came with. Sent again, it is answered 401: it has ended."""

    operation_names = {"post": "log_out"}
    permission_classes = [IsAuthenticated]

    def access(self, request: Request, answer: Any) -> Access | None:
        if answer.status_code != status.HTTP_204_NO_CONTENT:
            return None
        return Access(
            actor=actor_of(request, request.user, session=session_of(request)),
            door=Door.API,
            place="logout",
            action=Action.LOG_OUT,
            status=answer.status_code,
        )

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        require_no_body(request)
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(StrictQuery):
    """Who the token belongs to."""

    operation_names = {"get": "get_me"}
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeOut)
    def get(self, request: Request) -> Response:
        return Response(MeOut(actor(request)).data)
