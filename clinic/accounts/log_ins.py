"""How a log-in begins, is used, and ends.

Note [When a log-in ends]
    1. After `LOG_IN_IDLE` without use, and `LOG_IN_LASTS` after it began. A token says until when
       in its `expiry`, a session in its data; both are written anew once a minute at the most.
    2. When its owner ends it, or all of them; when there are more than MOST, the oldest.
    3. With another password or role, and with the account: a trigger of the table of users.
    4. Where a second factor is needed by now and none is there, a token is refused, and a session
       opens the page to set it up and no other. Setting it up ends all others.
    A program's token (clinic.accounts.integrations) ends on its day, whether it is used or not.
    What has ended is deleted, so the next request is refused by what it reads anyway.
"""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from knox.models import AuthToken

from clinic.accounts.integrations import use_service_account
from clinic.accounts.second_factor import is_missing, is_required
from clinic.audit.actors import address_of
from clinic.db.retries import retried_transaction
from clinic.models import DeviceStay, LogIn, User
from clinic.models.staff import SERVICE

MOST = 10  # of one person, tokens and sessions
SINCE, USED = "since", "used"  # in a session
PROVED = "proved"  # there: when its owner has said last who they are
TYPED = "typed"  # the same, but for the log-in itself
TYPED_LONG = "typed_long"  # with a password that may stand alone
AT_DEVICE = "at_device"  # there: the device that remembers its owner
NEEDS_FACTOR = "needs_second_factor"  # in that of somebody who has to set it up first
FACTOR_ASKED = "second_factor_asked"  # there: that their account needed one when this was found
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux")


def written_every() -> timedelta:
    """How exactly the last use is known."""
    return min(timedelta(minutes=1), settings.LOG_IN_IDLE / 4)


@retried_transaction
def begin_token(*, request: HttpRequest, at: datetime, by: User) -> tuple[AuthToken, str]:
    """A token, and what opens with it, which is told once."""
    row, token = AuthToken.objects.create(user=by, expiry=settings.LOG_IN_IDLE)
    _begin(request, at=at, by=by, token=row)
    return row, token


@retried_transaction
def begin_session(*, request: HttpRequest, at: datetime, by: User) -> None:
    """For the session that Django has just opened, or gave another key."""
    if not request.session.session_key:  # somebody else was logged in there
        request.session.create()
    request.session.setdefault(SINCE, at.timestamp())
    request.session[USED] = at.timestamp()
    key = request.session.session_key
    LogIn.objects.filter(session_key=key).delete()  # of whoever logs in anew where they are in
    _begin(request, at=at, by=by, session_key=key)


def _begin(request: HttpRequest, *, at: datetime, by: User, **kind: Any) -> None:
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)
    LogIn.objects.create(
        user=by,
        address=address_of(request),
        client=client_in_words(request.META.get("HTTP_USER_AGENT", "")),
        last_used_at=at,
        **kind,
    )
    surplus = LogIn.objects.filter(user=by).order_by("-last_used_at", "-id")[MOST:]
    _end(LogIn.objects.filter(pk__in=[row.pk for row in surplus]))


def remember_session(*, request: Any, user: Any, **_: Any) -> None:
    """When Django says that somebody has logged in."""
    if isinstance(user, User) and request is not None:
        request.session[FACTOR_ASKED] = is_required(user)
        request.session[NEEDS_FACTOR] = is_missing(user)
        request.session[PROVED] = timezone.now().timestamp()
        begin_session(request=request, at=timezone.now(), by=user)


def forget_session(*, request: Any, user: Any, **_: Any) -> None:
    """When Django says that somebody logs out."""
    LogIn.objects.filter(session_key=request.session.session_key).delete()
    DeviceStay.objects.filter(user=user, device=request.session.get(AT_DEVICE, "")).delete()


def use_session(request: HttpRequest, *, at: datetime, is_asked_for: bool) -> bool:
    """False if it is over. What a page asks by itself is no use of it."""
    since, used = request.session.get(SINCE), request.session.get(USED)
    if not since or not used:
        return False
    now = at.timestamp()
    if now - since >= settings.LOG_IN_LASTS.total_seconds():
        return False
    if now - used >= settings.LOG_IN_IDLE.total_seconds():
        return False
    if is_asked_for and now - used >= written_every().total_seconds():
        request.session[USED] = now
        key = request.session.session_key
        LogIn.objects.filter(session_key=key).update(last_used_at=at)
    return True


def needs_factor(request: HttpRequest) -> bool:
    """Whether its owner has to set up a second factor first: also one that the account needs only
    since the session began, because a clinic asks for it now, or they work at one that does."""
    session, user = request.session, request.user
    if isinstance(user, User) and not session.get(FACTOR_ASKED) and is_required(user):
        session[FACTOR_ASKED], session[NEEDS_FACTOR] = True, is_missing(user)
    return bool(session.get(NEEDS_FACTOR))


def use_token(token: AuthToken, *, at: datetime) -> bool:
    """False if it is over, by the row that was read with it."""
    if token.user.role == SERVICE:
        return use_service_account(token.user.service_account, at=at)
    last = token.created + settings.LOG_IN_LASTS
    if at >= last:
        return False
    until = min(at + settings.LOG_IN_IDLE, last)
    if token.expiry and until - token.expiry >= written_every():
        AuthToken.objects.filter(pk=token.pk).update(expiry=until)
        LogIn.objects.filter(token=token.pk).update(last_used_at=at)
    return True


@retried_transaction
def end_log_in(*, log_in_id: UUID, at: datetime, by: User) -> None:
    """One of their own. What has ended already is no error."""
    _end(LogIn.objects.visible_to(by).filter(pk=log_in_id))


@retried_transaction
def end_all_log_ins(*, at: datetime, by: User) -> None:
    """All of their own, the one that asks for it included."""
    _end(LogIn.objects.visible_to(by))
    AuthToken.objects.filter(user=by).delete()
    DeviceStay.objects.filter(user=by).delete()


@retried_transaction
def end_other_log_ins(*, session_key: str, at: datetime, by: User) -> None:
    """All of their own but the session that asks for it."""
    _end(LogIn.objects.visible_to(by).exclude(session_key=session_key))
    AuthToken.objects.filter(user=by).delete()
    DeviceStay.objects.filter(user=by).delete()


def _end(rows: Any) -> None:
    """Nor is whoever ends one let in by PIN any more: it may have been on that device."""
    for log_in in rows:
        DeviceStay.objects.filter(user=log_in.user_id).delete()
        Session.objects.filter(session_key=log_in.session_key).delete()
        AuthToken.objects.filter(pk=log_in.token_id).delete()
        log_in.delete()


def purge_log_ins(*, at: datetime) -> None:
    """Delete what has lapsed."""
    DeviceStay.objects.filter(began_at__lt=at - settings.LOG_IN_LASTS).delete()
    AuthToken.objects.filter(expiry__lt=at).delete()
    Session.objects.filter(expire_date__lt=at).delete()
    lapsed = at - settings.LOG_IN_IDLE - written_every()
    LogIn.objects.filter(token__isnull=True, last_used_at__lt=lapsed).delete()


def client_in_words(agent: str) -> str:
    """“Firefox on Windows”, or the name of a program."""
    browser = next((name for key, name in BROWSERS.items() if f"{key}/" in agent), "")
    if not browser and "Safari/" in agent:
        browser = "Safari"
    system = next((name for name in SYSTEMS if name in agent), "")
    if browser:
        return f"{browser} on {system.replace('Mac OS X', 'a Mac')}" if system else browser
    program = re.match(r"[\w.-]{1,40}", agent, re.ASCII)
    return program[0] if program else "a program"
