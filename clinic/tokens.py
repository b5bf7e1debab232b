"""Who is calling: django-rest-knox's tokens, read in one query."""

from datetime import datetime

from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.models import AuthToken


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """Knox also looks for the caller's other lapsed tokens, on every request; here beat deletes
    them once an hour."""

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = "clinic.tokens.TokenAuthentication"


def purge_tokens(*, at: datetime) -> None:
    """Delete the tokens that have lapsed."""
    AuthToken.objects.filter(expiry__lt=at).delete()
