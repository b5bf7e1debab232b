"""What people are told by mail of their own account, and the mails that an account lives by.

A row says that something is to be sent, a worker sends it: nobody waits for a mail server, and
nothing is told of what was rolled back.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from clinic.accounts.guessing import Pace, TooManyTries, count_alone
from clinic.accounts.own_address import link_for
from clinic.db.retries import retried_transaction
from clinic.models import AccountNotice, KnownNetwork, NoticeKind, User

KEPT = timedelta(days=1)
# A front end that shows no device token, on the way through many networks.
OF_DEVICES = Pace((0, 0, 86_400), KEPT)
SUBJECTS = {
    NoticeKind.CONFIRM_ADDRESS: "Confirm your new e-mail address",
    NoticeKind.ADDRESS_CHANGES: "Your account gets another e-mail address",
    NoticeKind.NEW_DEVICE: "Your account was opened on a new device",
    NoticeKind.ACCOUNT_CHANGED: "What opens your account was changed",
    NoticeKind.SERVICE_ENDS: "A service account is about to end",
    NoticeKind.ACCESSES: "Who has opened records in the last week",
}
log = logging.getLogger(__name__)


@retried_transaction
def tell_of_device(*, user: User, client: str, address: str, at: datetime) -> None:
    """In words, and of nobody but the account's owner."""
    if not user.email:
        return
    try:
        count_alone("device notice", str(user.pk), pace=OF_DEVICES, at=at)
    except TooManyTries:
        return
    AccountNotice.objects.create(
        user=user,
        kind=NoticeKind.NEW_DEVICE,
        email=user.email,
        about=f"{client}, from {address}, {_in_words(at, user)}",
    )


def tell_of_change(*, user: User, what: str, at: datetime) -> None:
    """Of each change of what opens the account, whoever made it (NIST SP 800-63B-4, 4.6)."""
    if user.email:
        about = f"{what}, {_in_words(at, user)}"
        kind = NoticeKind.ACCOUNT_CHANGED
        AccountNotice.objects.create(user=user, kind=kind, email=user.email, about=about)


def tell_of_accesses(*, user: User, about: str) -> None:
    """Of a week, in numbers, to who watches over them."""
    if user.email:
        kind = NoticeKind.ACCESSES
        AccountNotice.objects.create(user=user, kind=kind, email=user.email, about=about[:254])


def tell_of_service(*, user: User, name: str, expires_at: datetime) -> None:
    """Before it ends: a program that works by it stops then."""
    if user.email:
        about = f"“{name}”, on {_in_words(expires_at, user)}"
        kind = NoticeKind.SERVICE_ENDS
        AccountNotice.objects.create(user=user, kind=kind, email=user.email, about=about)


class ChangesAreTold:
    """Among the validators of passwords, for Django tells them of every new one, whichever way it
    came. The first password of an account is no change."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuses none."""

    def password_changed(self, password: str, user: Any = None) -> None:
        if isinstance(user, User) and _was_opened(user):
            tell_of_change(user=user, what="the password was changed", at=timezone.now())

    def get_help_text(self) -> str:
        return "Of a new password we tell you by mail."


def _was_opened(user: User) -> bool:
    """By the staff's pages or the API."""
    return bool(user.last_login) or KnownNetwork.objects.filter(user=user).exists()


def _in_words(at: datetime, user: User) -> str:
    """On the clock of the first clinic where they work."""
    clinics = user.works_at
    local = at.astimezone(clinics[0].zone) if clinics else at
    return f"{local:%-d %B %Y, %H:%M} ({local.tzname()})"


def send_notices(*, at: datetime) -> None:
    send_waiting(AccountNotice.objects.all(), _mail, at=at)


def _mail(notice: AccountNotice) -> None:
    user = User.objects.get(pk=notice.user_id)
    context = {
        "user": user,
        "notice": notice,
        "kind": notice.kind,
        "link": link_for(user, notice.about) if notice.kind == NoticeKind.CONFIRM_ADDRESS else "",
        "page": f"{settings.PUBLIC_URL}{reverse('unusual-accesses')}",
        "services": f"{settings.PUBLIC_URL}{reverse('service-accounts')}",
        "again": f"{settings.PUBLIC_URL}{reverse('admin_password_reset')}",
    }
    text = render_to_string("clinic/notice_mail.txt", context)
    mail(SUBJECTS[NoticeKind(notice.kind)], text, notice.email)


def mail(subject: str, text: str, email: str) -> None:
    provider = get_connection(settings.ANYMAIL_BACKEND or None)
    send_mail(subject, text, None, [email], connection=provider)


def send_waiting(rows: Any, send: Callable[[Any], None], *, at: datetime) -> None:
    """Each in its own transaction. What could not be sent waits for a day."""
    rows.filter(created_at__lt=at - KEPT).delete()
    waiting = rows.filter(sent_at=None).order_by("id")
    for pk in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic(durable=True):
            locked = waiting.select_for_update(skip_locked=True).filter(pk=pk)
            row = locked.select_related(None).first()
            if row is None:
                continue  # another worker has it
            try:
                send(row)
            except Exception as error:  # each provider fails in a way of its own
                log.error("a mail of an account was not sent: %s", type(error).__name__)
                continue
            row.sent_at = at
            row.save(update_fields=["sent_at"])
