"""Who is calling: django-rest-knox's tokens, read in one query."""

import binascii
from hmac import compare_digest
from typing import Any

from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox import auth
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from clinic.accounts.log_ins import use_token
from clinic.accounts.second_factor import is_required
from clinic.db.prepared import Prepared
from clinic.db.rows import columns, pop_row
from clinic.http.counts import seconds_to_wait
from clinic.models import Clinic, User
from clinic.models.staff import SERVICE

# Of one that was given before it was so.
NEEDS_ONE = "This account needs a second factor by now: log in to the staff's pages, and set it up."
SCHEMES = (b"bearer", b"token")

# Telephone numbers are parsed when a clinic is made of its columns: that takes its time.
CLINIC = tuple(field.attname for field in Clinic._meta.concrete_fields if field.name != "phone")
HAS_FACTOR = (
    "EXISTS (SELECT FROM clinic_second_factor WHERE user_id = caller.id)"
    " OR EXISTS (SELECT FROM clinic_passkey WHERE user_id = caller.id)"
)
# By the part of a token that is not secret, of which there may be more than one; a row for each
# clinic where the caller works.
CALLERS = Prepared(
    "callers",
    """
SELECT COLUMNS FROM knox_authtoken AS token
JOIN clinic_user AS caller ON caller.id = token.user_id
LEFT JOIN clinic_user_clinic AS works ON works.user_id = caller.id
LEFT JOIN clinic ON clinic.id = works.clinic_id
WHERE token.token_key = %(key)s
ORDER BY clinic.name
""".replace(
        "COLUMNS",
        f"{columns('token', AuthToken)}, {columns('caller', User)},"
        f" {columns('clinic', Clinic, *CLINIC)}, {HAS_FACTOR}",
    ),
    types={"key": "text"},
)


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """As knox does it, by one prepared statement, because every request asks.

    Knox also looks for the caller's other lapsed tokens each time; here beat deletes them once an
    hour. Use puts its end off, which is written down once a minute. The header is `Authorization:
    Bearer …`, as generated clients send it, or knox's own `Token …`.
    """

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        """None without a token. Raises AuthenticationFailed."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in SCHEMES:
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Send one token, as in Authorization: Bearer 0a1b2c…")
        return self.authenticate_credentials(words[1])

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Raises AuthenticationFailed, and Throttled for a program that asks too often."""
        try:
            text = token.decode("ascii")
            digest = hash_token(text)
        except (UnicodeDecodeError, TypeError, binascii.Error):
            raise AuthenticationFailed("Invalid token.") from None
        with connection.cursor() as cursor:
            CALLERS.execute(cursor, {"key": text[: CONSTANTS.TOKEN_KEY_LENGTH]})
            found = [_taken(list(row)) for row in cursor.fetchall()]
        now = timezone.now()
        theirs = [
            (known, user, clinic, has_factor)
            for known, user, clinic, has_factor in found
            if compare_digest(digest, known.digest) and not (known.expiry and known.expiry <= now)
        ]
        if not theirs:
            raise AuthenticationFailed("Invalid token.")
        known, user, _, has_factor = theirs[0]
        known.user = user
        if user.role == SERVICE and (wait := seconds_to_wait("service", str(user.pk))):
            raise Throttled(wait)
        if user.is_active and not use_token(known, at=now):
            raise AuthenticationFailed("Invalid token.")
        user.remember_clinics([clinic for _, _, clinic, _ in theirs if clinic])
        if user.role != SERVICE and not has_factor and is_required(user):
            raise AuthenticationFailed(NEEDS_ONE)
        return self.validate_user(known)  # type: ignore[no-any-return]


def _taken(row: list[Any]) -> tuple[Any, Any, Clinic | None, bool]:
    token, user = pop_row(AuthToken, row), pop_row(User, row)
    return token, user, pop_row(Clinic, row, *CLINIC), row.pop()


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = "clinic.http.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of `POST /api/v1/auth/login/`. It ends when it is not used "
            "for some time, and some hours after the log-in. Or that of a service account, for a "
            "program: made on the page “Service accounts”, it ends on its day. "
            "`Authorization: Token …` is taken as well.",
        }
