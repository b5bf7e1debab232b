"""What a technical admin and an auditor begin with: whether all works, and who has access. No
patient is named here."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse

from aftercare.admin.setup.steps import read_steps
from aftercare.admin.today.blocks import WEEK, Block, Line, listed, needs, opened
from aftercare.dispatch import guard, outages
from aftercare.models import Message, MessageStatus
from clinic.models import Heartbeat, User

BEATS = {"beat": timedelta(minutes=2), "worker": timedelta(minutes=2)}
NAMES = {"beat": "The timetable (beat)", "worker": "The worker that sends"}
OVERDUE = timedelta(minutes=5)


@needs("aftercare.view_message", "clinic.change_clinic")
def health(user: User, at: datetime) -> Block:
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    lines = []
    for name, silent in BEATS.items():
        last = seen.get(name)
        lives = last is not None and last >= at - silent - timedelta(seconds=settings.WAKE_SECONDS)
        said = f"last seen {last:%-d %b %Y %H:%M} UTC" if last else "never seen"
        lines.append(
            Line(
                NAMES[name],
                detail=said,
                badge="Works" if lives else "Silent",
                tone="success" if lives else "danger",
            )
        )
    objection = guard.check()
    lines.append(
        Line(
            "Sending is allowed from this database",
            detail=objection,
            badge="No" if objection else "Yes",
            tone="danger" if objection else "success",
        )
    )
    is_bad = any(line.tone == "danger" for line in lines)
    return Block("Health", "", lines, tone="danger" if is_bad else "")


@needs("aftercare.view_message", "clinic.change_clinic")
def sending(user: User, at: datetime) -> Block:
    """Outages, and how many messages wait, failed or are in doubt, by channel."""
    lines = [Line(reason.capitalize(), badge="Outage", tone="danger") for reason in _outages(at)]
    rows = Message.objects.visible_to(user).filter(
        Q(status=MessageStatus.PENDING, due_at__lt=at - OVERDUE)
        | Q(status=MessageStatus.IN_DOUBT)
        | Q(status=MessageStatus.FAILED, ended_at__gt=at - WEEK)
    )
    words: dict[str, tuple[str, str]] = {
        MessageStatus.PENDING: ("due for more than five minutes", "danger"),
        MessageStatus.IN_DOUBT: ("in doubt", "warning"),
        MessageStatus.FAILED: ("failed in the last week", "danger"),
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
    empty = "No outage: messages go out, none has failed this week and none is in doubt."
    return Block("Sending", empty, lines, ("Messages", listed("aftercare_message")))


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
            badge="Done" if step.is_done else "To do",
            tone="success" if step.is_done else "warning",
        )
        for step in steps
    ]
    left = sum(not step.is_done for step in steps)
    page = ("Set it up", reverse("setup"))
    return Block("Before the first patient", "", lines, page, total=left)


@needs("clinic.view_user")
def access(user: User, at: datetime) -> Block:
    """Who can log in, and who did last."""
    rows = User.objects.visible_to(user).people().filter(is_active=True)
    shown = rows.order_by("role", "last_name", "username")[:20]
    lines = [
        Line(
            str(one),
            opened("clinic_user", one),
            detail=f"last log-in {one.last_login:%-d %b %Y %H:%M} UTC"
            if one.last_login
            else "never logged in",
            badge=str(one.get_role_display()),
        )
        for one in shown
    ]
    return Block(
        "Who has access",
        "Nobody has.",
        lines,
        ("All staff, also those out of use", listed("clinic_user")),
        total=rows.count(),
    )


@needs("clinic.view_user", "clinic.view_credential")
def what_is_kept(user: User, at: datetime) -> Block:
    """Where an auditor looks."""
    lines = [
        Line(
            "Clinics and their settings",
            reverse("admin:clinic_clinic_changelist"),
            detail="Each page has its history: who changed what, and when.",
        ),
        Line(
            "Staff and their roles",
            reverse("admin:clinic_user_changelist"),
            detail="What a role may do is one table, the same for pages and programs.",
        ),
        Line(
            "Who has read or changed a record",
            listed("clinic_accessrecord") if user.has_perm("clinic.view_accessrecord") else "",
            detail="Every access, with who, when, what and from where.",
        ),
    ]
    return Block("What can be looked up", "", lines)
