"""What a technical admin and an auditor begin with: whether all works, and who has access. No
patient is named here."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.admin.setup.steps import read_steps
from aftercare.admin.today.blocks import WEEK, Block, Line, listed, needs, opened
from aftercare.dispatch import guard, outages
from aftercare.models import Message, MessageStatus
from clinic.models import Heartbeat, User
from clinic.values.moments import date_in_words

BEATS = {"beat": timedelta(minutes=2), "worker": timedelta(minutes=2)}
NAMES = {"beat": _("The timetable (beat)"), "worker": _("The worker that sends")}
OVERDUE = timedelta(minutes=5)


@needs("aftercare.view_message", "clinic.change_clinic")
def health(user: User, at: datetime) -> Block:
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    lines = []
    for name, silent in BEATS.items():
        last = seen.get(name)
        lives = last is not None and last >= at - silent - timedelta(seconds=settings.WAKE_SECONDS)
        said = (
            gettext("last seen {last} UTC").format(last=date_in_words(last, "j M Y H:i"))
            if last
            else gettext("never seen")
        )
        lines.append(
            Line(
                str(NAMES[name]),
                detail=said,
                badge=gettext("Works") if lives else gettext("Silent"),
                tone="success" if lives else "danger",
            )
        )
    objection = guard.check()
    lines.append(
        Line(
            gettext("Sending is allowed from this database"),
            detail=objection,
            badge=gettext("No") if objection else gettext("Yes"),
            tone="danger" if objection else "success",
        )
    )
    is_bad = any(line.tone == "danger" for line in lines)
    return Block(gettext("Health"), "", lines, tone="danger" if is_bad else "")


@needs("aftercare.view_message", "clinic.change_clinic")
def sending(user: User, at: datetime) -> Block:
    """Outages, and how many messages wait, failed or are in doubt, by channel."""
    lines = [
        Line(reason.capitalize(), badge=gettext("Outage"), tone="danger") for reason in _outages(at)
    ]
    rows = Message.objects.visible_to(user).filter(
        Q(status=MessageStatus.PENDING, due_at__lt=at - OVERDUE)
        | Q(status=MessageStatus.IN_DOUBT)
        | Q(status=MessageStatus.FAILED, ended_at__gt=at - WEEK)
    )
    words: dict[str, tuple[str, str]] = {
        MessageStatus.PENDING: (gettext("due for more than five minutes"), "danger"),
        MessageStatus.IN_DOUBT: (gettext("in doubt"), "warning"),
        MessageStatus.FAILED: (gettext("failed in the last week"), "danger"),
    }
    channels = dict(Message._meta.get_field("channel").flatchoices)
    for row in rows.values("status", "channel").annotate(n=Count("pk")).order_by("status"):
        said, tone = words[row["status"]]
        lines.append(
            Line(
                f"{channels[row['channel']]}: {said}",
                listed("aftercare_message", status__exact=row["status"]),
                badge=str(row["n"]),
                tone=tone,
            )
        )
    empty = gettext("No outage: messages go out, none has failed this week and none is in doubt.")
    return Block(
        gettext("Sending"), empty, lines, (gettext("Messages"), listed("aftercare_message"))
    )


def _outages(at: datetime) -> list[str]:
    return outages.reasons(at=at)


@needs("clinic.change_clinic", "clinic.add_user", "clinic.add_room")
def first_run(user: User, at: datetime) -> Block:
    """What a clinic needs before its first patient, and where it is entered."""
    steps = read_steps(user, at)
    lines = [
        Line(
            step.title,
            "" if step.is_done else step.address,
            detail="" if step.is_done or step.address else step.who,
            badge=gettext("Done") if step.is_done else gettext("To do"),
            tone="success" if step.is_done else "warning",
        )
        for step in steps
    ]
    left = sum(not step.is_done for step in steps)
    page = (gettext("Set it up"), reverse("setup"))
    return Block(gettext("Before the first patient"), "", lines, page, total=left)


@needs("clinic.view_user")
def access(user: User, at: datetime) -> Block:
    """Who can log in, and who did last."""
    rows = User.objects.visible_to(user).people().filter(is_active=True)
    shown = rows.order_by("role", "last_name", "username")[:20]
    lines = [
        Line(
            str(one),
            opened("clinic_user", one),
            detail=gettext("last log-in {last_login} UTC").format(
                last_login=date_in_words(one.last_login, "j M Y H:i")
            )
            if one.last_login
            else gettext("never logged in"),
            badge=str(one.get_role_display()),
        )
        for one in shown
    ]
    return Block(
        gettext("Who has access"),
        gettext("Nobody has."),
        lines,
        (gettext("All staff, also those out of use"), listed("clinic_user")),
        total=rows.count(),
    )


@needs("clinic.view_user", "clinic.view_credential")
def what_is_kept(user: User, at: datetime) -> Block:
    """Where an auditor looks."""
    lines = [
        Line(
            gettext("Clinics and their settings"),
            reverse("admin:clinic_clinic_changelist"),
            detail=gettext("Each page has its history: who changed what, and when."),
        ),
        Line(
            gettext("Staff and their roles"),
            reverse("admin:clinic_user_changelist"),
            detail=gettext("What a role may do is one table, the same for pages and programs."),
        ),
        Line(
            gettext("Who has read or changed a record"),
            listed("clinic_accessrecord") if user.has_perm("clinic.view_accessrecord") else "",
            detail=gettext("Every access, with who, when, what and from where."),
        ),
    ]
    return Block(gettext("What can be looked up"), "", lines)
