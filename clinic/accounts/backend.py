"""Django's log-in, slowed for whoever guesses."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from clinic.accounts.guessing import count_try, know_place, take_back, take_back_of_others
from clinic.accounts.log_ins import client_in_words
from clinic.accounts.notices import tell_of_device
from clinic.accounts.passkeys import PasskeyRefused, open_with
from clinic.accounts.second_factor import CodeError, SecondFactorRequired, check_code
from clinic.models import User
from clinic.permissions import RoleBackend

DEVICE = "device"  # the cookie, and the attribute of a request that says it otherwise


class SlowedBackend(RoleBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        code: str = "",
        passkey: str = "",
        **kwargs: Any,
    ) -> Any:
        """None for a wrong password and for an unknown name, in the same time. Raises TooManyTries,
        and with the right password SecondFactorRequired and WrongCode. A `passkey` needs neither
        password nor code; with a name it is that person's. Raises PasskeyRefused.

        Without a request nobody tries: a command of our own asks.
        """
        if request is not None and passkey:
            return self._by_passkey(request, passkey, username)
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        address, device = request.META.get("REMOTE_ADDR", ""), device_shown(request)
        at = timezone.now()
        tried = count_try(name=username, address=address, device=device, at=at)
        user = super().authenticate(request, username, password, **kwargs)
        if isinstance(user, User):
            try:
                check_code(user=user, code=code, at=at)
            except CodeError as error:
                error.user = user
                if isinstance(error, SecondFactorRequired):
                    take_back_of_others(tried)
                raise
            client = client_in_words(request.META.get("HTTP_USER_AGENT", ""))
            if take_back(tried, client=client, at=at, by=user):
                tell_of_device(user=user, client=client, address=address, at=at)
        return user

    def get_user(self, user_id: Any) -> Any:
        """Of a session, for every page of the admin: with the clinics where they work, by one
        statement."""
        rows = User.clinics.through._default_manager.filter(user=user_id)
        works = list(rows.select_related("user", "clinic").order_by("clinic__name"))
        if not works:
            return super().get_user(user_id)
        user: User = works[0].user
        user.remember_clinics([row.clinic for row in works])
        return user if self.user_can_authenticate(user) else None

    def _by_passkey(self, request: HttpRequest, passkey: str, username: str | None) -> User:
        """Nobody guesses a key, so no try is counted, and whoever has one waits for nobody."""
        owner = User.objects.filter(username=username).first() if username else None
        at, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
        user: User = open_with(answer=passkey, owner=owner, at=at).user
        if not self.user_can_authenticate(user):
            raise PasskeyRefused
        client = client_in_words(request.META.get("HTTP_USER_AGENT", ""))
        device = device_shown(request)
        if know_place(address=address, device=device, client=client, at=at, by=user):
            tell_of_device(user=user, client=client, address=address, at=at)
        return user


def device_shown(request: HttpRequest) -> str:
    return getattr(request, DEVICE, "") or request.COOKIES.get(DEVICE, "")
