"""What the frame of every page tells: the numbers beside the side bar's entries, and whether
messages go out. In one statement."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, Q
from django.utils import timezone

from aftercare.admin import trouble
from aftercare.admin.today.blocks import stuck
from aftercare.models import InboundMessage
from clinic.admin.navigation import Badge
from clinic.models import User
from patients.models import StaffTask
from patients.models.task import GRAVE

MOST = 99
HEALING = "healing-board"  # a page of no model, by the name of its address
RECENT = timedelta(days=30)  # an older reply that nobody has looked after is in the list


def waiting(user: User) -> tuple[dict[str, Badge], list[str]]:
    """Badges by model, as in `app_label.model`, or by page, without those where nothing waits; red
    is urgent. And in sentences what keeps messages from going out, for who may see messages."""
    at = timezone.now()
    tasks = StaffTask.objects.visible_to(user).open()
    replies = InboundMessage.objects.visible_to(user).filter(received_at__gt=at - RECENT)
    found = {
        "patients.stafftask": tasks,
        HEALING: tasks.about_healing(),
        "aftercare.inboundmessage": replies.waiting(),
        "aftercare.message": stuck(user, at),
    }
    seen = {model: rows for model, rows in found.items() if user.has_perm(_view(model))}
    if not seen:
        return {}, []
    urgent = Q(severity__in=GRAVE) | Q(due_at__lt=at)
    pressing = Exists(tasks.filter(urgent))
    of_healing = Exists(tasks.about_healing().filter(urgent))
    sees_messages = "aftercare.message" in seen
    facts = trouble.facts(at) if sees_messages else []
    read = User.objects.filter(pk=user.pk)
    asked = [*map(_number, seen.values()), pressing, of_healing, *facts]
    values = read.values_list(*asked).get()
    numbers, (tasks_red, healing_red, *rest) = values[: len(seen)], values[len(seen) :]
    red = {"patients.stafftask": tasks_red, HEALING: healing_red, "aftercare.message": True}
    told = {
        model: Badge(str(number) if number <= MOST else f"{MOST}+", red.get(model, False))
        for model, number in zip(seen, numbers, strict=True)
        if number
    }
    return told, trouble.in_words(rest, at=at) if sees_messages else []


def _view(model: str) -> str:
    if model == HEALING:
        return "treatment_sessions.view_checkin"
    return model.replace(".", ".view_")


def _number(rows: Any) -> Func:
    """How many there are, counted no further than is shown."""
    some = ArraySubquery(rows.order_by().values("pk")[: MOST + 1])
    return Func(some, function="cardinality", output_field=IntegerField())
