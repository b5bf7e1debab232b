"""Who is calling: django-rest-knox's tokens, read in one query."""

import binascii
from datetime import datetime
from hmac import compare_digest
from typing import Any

from django.db import connection
from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from clinic.models import User
from clinic.prepared import Prepared
from clinic.rows import columns, take

# By the part of a token that is not secret; there may be more than one.
CALLERS = Prepared(
    "callers",
    "SELECT COLUMNS FROM knox_authtoken AS token JOIN clinic_user AS caller"
    " ON caller.id = token.user_id WHERE token.token_key = %(key)s".replace(
        "COLUMNS", f"{columns('token', AuthToken)}, {columns('caller', User)}"
    ),
    types={"key": "text"},
)


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """As knox does it, by one prepared statement, because every request asks.

    Knox also looks for the caller's other lapsed tokens each time; here beat deletes them once an
    hour. Tokens are not renewed by use.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Raises AuthenticationFailed."""
        try:
            text = token.decode("ascii")
            digest = hash_token(text)
        except (UnicodeDecodeError, TypeError, binascii.Error):
            raise AuthenticationFailed("Invalid token.") from None
        with connection.cursor() as cursor:
            CALLERS.execute(cursor, {"key": text[: CONSTANTS.TOKEN_KEY_LENGTH]})
            rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            known: Any = take(AuthToken, row)
            user: Any = take(User, row)
            is_live = known.expiry is None or known.expiry > timezone.now()
            if is_live and compare_digest(digest, known.digest):
                known.user = user
                return self.validate_user(known)  # type: ignore[no-any-return]
        raise AuthenticationFailed("Invalid token.")


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = "clinic.tokens.TokenAuthentication"


def purge_tokens(*, at: datetime) -> None:
    """Delete the tokens that have lapsed."""
    AuthToken.objects.filter(expiry__lt=at).delete()
