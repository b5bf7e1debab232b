"""What people are told by mail of their own account, and the mails that an account lives by.

A row says that something is to be sent, a worker sends it: nobody waits for a mail server, and
nothing is told of what was rolled back.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.accounts.guessing import Pace, TooManyTries, count_alone
from clinic.accounts.own_address import link_for
from clinic.db.retries import retried_transaction
from clinic.models import AccountNotice, KnownNetwork, NoticeKind, User
from clinic.values.languages import override_language
from clinic.values.moments import date_in_words

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KEPT = timedelta(days=1)
# A front end that shows no device token, on the way through many networks.
OF_DEVICES = Pace((0, 0, 86_400), KEPT)
SUBJECTS = {
    NoticeKind.CONFIRM_ADDRESS: gettext_noop("Confirm your new e-mail address"),
    NoticeKind.ADDRESS_CHANGES: gettext_noop("Your account gets another e-mail address"),
    NoticeKind.NEW_DEVICE: gettext_noop("Your account was opened on a new device"),
    NoticeKind.ACCOUNT_CHANGED: gettext_noop("What opens your account was changed"),
    NoticeKind.SERVICE_ENDS: gettext_noop("A service account is about to end"),
    NoticeKind.ACCESSES: gettext_noop("Who has opened records in the last week"),
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
        about=_device_in_words(user, client, address, at),
    )


def tell_of_change(*, user: User, what: "StrOrPromise", at: datetime) -> None:
    """Of each change of what opens the account, whoever made it (NIST SP 800-63B-4, 4.6)."""
    if user.email:
        with override_language(user.language):
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
        with override_language(user.language):
            about = gettext("“{name}”, on {moment}").format(
                name=name, moment=_in_words(expires_at, user)
            )
        kind = NoticeKind.SERVICE_ENDS
        AccountNotice.objects.create(user=user, kind=kind, email=user.email, about=about)


class ChangesAreTold:
    """Among the validators of passwords, for Django tells them of every new one, whichever way it
    came. The first password of an account is no change."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuses none."""

    def password_changed(self, password: str, user: Any = None) -> None:
        if isinstance(user, User) and _was_opened(user):
            tell_of_change(user=user, what=_("the password was changed"), at=timezone.now())

    def get_help_text(self) -> str:
        return gettext("Of a new password we tell you by mail.")


def _was_opened(user: User) -> bool:
    """By the staff's pages or the API."""
    return bool(user.last_login) or KnownNetwork.objects.filter(user=user).exists()


def _in_words(at: datetime, user: User) -> str:
    """On the clock of the first clinic where they work."""
    clinics = user.works_at
    local = at.astimezone(clinics[0].zone) if clinics else at
    return f"{date_in_words(local, 'j F Y, H:i')} ({local.tzname()})"


def _device_in_words(user: User, client: str, address: str, at: datetime) -> str:
    with override_language(user.language):
        return gettext("{device}, from {address}, {moment}").format(
            device=client, address=address, moment=_in_words(at, user)
        )


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
    with override_language(user.language):
        subject = gettext(SUBJECTS[NoticeKind(notice.kind)])
        text = render_to_string("clinic/notice_mail.txt", context)
    mail(subject, text, notice.email)


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
