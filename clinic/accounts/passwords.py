"""Passwords, and the links by which people set their own. Nobody sets another's (decision 0055)."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext

from clinic.accounts import second_factor
from clinic.accounts.guessing import Pace, TooManyTries, count_alone
from clinic.accounts.notices import mail, send_waiting
from clinic.db.retries import retried_transaction
from clinic.models import PasswordLink, User
from clinic.values.languages import override_language

# Of one account, so that nobody's mailbox is filled: three at once, then one an hour.
OF_LINKS = Pace((0, 0, 3600), timedelta(days=1))
CONTEXT = ("microneedling", "dermapen", "needling", "clinic", "password", "welcome", "letmein")
LEAST, LEAST_WITH_CODE = 15, 8  # characters: NIST 800-63B-4
LEFT, DIFFERENT = 8, 4  # characters besides words that everybody tries


class LongEnough:
    """A password that is not all there is may be shorter."""

    def validate(self, password: str, user: Any = None) -> None:
        has_code = isinstance(user, User) and second_factor.is_set(user)
        least = LEAST_WITH_CODE if has_code else LEAST
        if len(password) < least:
            raise ValidationError(
                gettext("This password is too short: {least} characters at the least.").format(
                    least=least
                ),
                code="password_too_short",
            )

    def get_help_text(self) -> str:
        return gettext("{least} characters at the least; {with_code} with a second factor.").format(
            least=LEAST, with_code=LEAST_WITH_CODE
        )


class ContextWords:
    """Refuses what is made of the words of this trade, of the clinic's name or the person's."""

    def validate(self, password: str, user: Any = None) -> None:
        left = password.casefold()
        for word in sorted(_words(user), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEFT or len(set(left)) < DIFFERENT:
            raise ValidationError(
                gettext(
                    "Names of the clinic and of people, and one letter over and over, are tried "
                    "first: besides them {left} characters must be left."
                ).format(left=LEFT),
                code="password_of_context",
            )

    def get_help_text(self) -> str:
        return gettext("A sentence is best. The names of the clinic and of people do not count.")


def _words(user: Any) -> set[str]:
    texts = [*CONTEXT]
    if isinstance(user, User):
        texts += [user.username, user.first_name, user.last_name, user.email]
        texts += [clinic.name for clinic in user.works_at] if user.pk else []
    return {word for text in texts for word in re.findall(r"\w{4,}", text.casefold())}


@retried_transaction
def ask_for_link(*, email: str, at: datetime) -> int:
    """For whoever has this address and an account in use; how many that are is told to nobody."""
    asked = 0
    for user in User.objects.filter(email__iexact=email, is_active=True).exclude(email=""):
        try:
            count_alone("link", str(user.pk), pace=OF_LINKS, at=at)
        except TooManyTries:
            continue
        _let_send(user)
        asked += 1
    return asked


@retried_transaction
def send_link_to(*, user: User, at: datetime, by: User) -> None:
    """To somebody else: an account gets its password from its owner."""
    _let_send(user)


@retried_transaction
def start_anew(*, user: User, at: datetime, by: User) -> None:
    """Of somebody whose second factor is lost: it ends, and the password and all log-ins with it.
    What opens the account then is a link to its owner's own address."""
    second_factor.remove_second_factor(at=at, by=user)
    user.set_password(get_random_string(64))  # which nobody knows
    user.save(update_fields=["password"])
    _let_send(user)


def _let_send(user: User) -> None:
    """A first password is an invitation."""
    is_first = {"is_invitation": not user.has_usable_password()}
    PasswordLink.objects.get_or_create(user=user, sent_at=None, defaults=is_first)


def send_links(*, at: datetime) -> None:
    """A link is made when it is sent."""
    send_waiting(PasswordLink.objects.all(), _mail, at=at)


def _mail(link: PasswordLink) -> None:
    user = User.objects.get(pk=link.user_id)
    is_invitation = link.is_invitation
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password-set", kwargs={"uidb64": uid, "token": token})
    context = {
        "user": user,
        "is_invitation": is_invitation,
        "link": f"{settings.PUBLIC_URL}{path}",
        "again": f"{settings.PUBLIC_URL}{reverse('admin_password_reset')}",
        "minutes": settings.PASSWORD_RESET_TIMEOUT // 60,
    }
    with override_language(user.language):
        subject = gettext("Your account") if is_invitation else gettext("Set a new password")
        text = render_to_string("clinic/password_mail.txt", context)
    mail(subject, text, user.email)
