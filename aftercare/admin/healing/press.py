"""What is pressed on the healing board: to take something, to note how it goes, to close it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from aftercare.admin.away.page import once
from aftercare.admin.healing.rows import effect_of
from clinic.admin.saving.once import forget_messages
from clinic.admin.saving.refusals import REFUSED, refusals
from clinic.errors import Conflict, DomainError
from clinic.models import User
from clinic.values.moments import date_in_words
from patients.models import StaffTask
from patients.services import finish_task, note_task, take_task
from sessions.models import SideEffect, SideEffectNote
from sessions.services import note_side_effect, resolve_side_effect


class WordsMissing(DomainError):
    code = "words_missing"
    title = gettext_noop("Say what you saw and did")


class LookedAtMeanwhile(Conflict):
    code = "looked_at_meanwhile"
    title = gettext_noop("Somebody has looked at it since")


class GradeForm(forms.Form):
    """How a side effect is now."""

    grade = forms.TypedChoiceField(
        coerce=int, label=_("Grade"), choices=[(one, str(one)) for one in range(1, 6)]
    )
    is_expected = forms.TypedChoiceField(
        coerce=lambda value: value == "yes",
        label=_("Expected"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
    )


@dataclass(frozen=True)
class Pressed:
    """A button, with what was typed beside it and what it is about."""

    form: Any
    task: StaffTask | None
    effect: SideEffect | None
    note: str
    at: datetime
    by: User

    @property
    def patient(self) -> str:
        row: Any = self.task or (self.effect and self.effect.session)
        return str(row.patient.listed_name)


def press(request: HttpRequest, user: User, *, at: datetime) -> HttpResponse | dict[str, list[str]]:
    """Where it leads, or by the key of its line what is refused."""
    key = request.POST.get("line", "")

    def do() -> str:
        verb = VERBS.get(request.POST.get("do", ""))
        task, effect = _named(user, key)
        if verb is None or not (task or effect):
            raise DomainError(gettext("This is not there any more. Nothing was done."))
        note = request.POST.get("note", "").strip()
        messages.success(request, verb(Pressed(request.POST, task, effect, note, at, user)))
        return reverse("healing-board")

    try:
        return once(request, do)
    except REFUSED as error:
        forget_messages(request)
        return {key: [message for _, message in refusals(error)]}


def _named(user: User, key: str) -> tuple[StaffTask | None, SideEffect | None]:
    """The rows that a line is about, as far as the caller may write them. The side effect is
    locked: what was seen of it stays true until it is written."""
    kind, _, text = key.partition("-")
    try:
        pk = UUID(text)
    except ValueError:
        return None, None
    task, about = None, pk if kind == "effect" else None
    if kind == "task":
        tasks = StaffTask.objects.visible_to(user).about_healing().select_related("patient")
        task = tasks.filter(pk=pk).first()
        about = effect_of(task) if task else None
    if about is None or not user.has_perm("treatment_sessions.change_sideeffect"):
        return task, None
    rows = SideEffect.objects.visible_to(user).select_for_update(of=("self",))
    return task, rows.select_related("session__patient").filter(pk=about).first()


def _take(pressed: Pressed, *, take_over: bool = False) -> str:
    task = _of_task(pressed)
    take_task(task_id=task.pk, at=pressed.at, by=pressed.by, take_over=take_over)
    return gettext("{patient}: you have it.").format(patient=pressed.patient)


def _take_over(pressed: Pressed) -> str:
    return _take(pressed, take_over=True)


def _not_reached(pressed: Pressed) -> str:
    """A call is no look: what was due stays due."""
    task = _of_task(pressed)
    now = pressed.at.astimezone(task.clinic.zone)
    words = gettext("{now}: called by {by}, not reached.").format(
        now=date_in_words(now, "j M, H:i"), by=pressed.by
    )
    note_task(task_id=task.pk, note=words, at=pressed.at, by=pressed.by, after=True)
    return gettext("{patient}: noted that nobody was reached.").format(patient=pressed.patient)


def _note(pressed: Pressed) -> str:
    _require_words(pressed)
    if pressed.effect:
        form = GradeForm(pressed.form)
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        _require_seen(pressed)
        note_side_effect(
            side_effect_id=pressed.effect.pk,
            **form.cleaned_data,
            note=pressed.note,
            at=pressed.at,
            by=pressed.by,
        )
    else:
        task = _of_task(pressed)
        note_task(task_id=task.pk, note=pressed.note, at=pressed.at, by=pressed.by, after=True)
    return gettext("{patient}: noted.").format(patient=pressed.patient)


def _close(pressed: Pressed) -> str:
    _require_words(pressed)
    if pressed.effect:
        _require_seen(pressed)
        resolve_side_effect(
            side_effect_id=pressed.effect.pk,
            resolution=pressed.note,
            at=pressed.at,
            by=pressed.by,
        )
    else:
        task = _of_task(pressed)
        finish_task(task_id=task.pk, note=pressed.note, at=pressed.at, by=pressed.by, after=True)
    return gettext("{patient}: closed.").format(patient=pressed.patient)


def _of_task(pressed: Pressed) -> StaffTask:
    if pressed.task is None:
        raise DomainError(gettext("It is not due yet, so there is nothing to take."))
    return pressed.task


def _require_words(pressed: Pressed) -> None:
    if not pressed.note:
        raise WordsMissing(gettext("Say what you saw and what was done."), field="note")


def _require_seen(pressed: Pressed) -> None:
    """What somebody else has noted since the page was read is not overwritten unseen."""
    notes = SideEffectNote.objects.filter(side_effect=pressed.effect).select_related("by")
    newest = notes.order_by("-id").first()
    if newest and str(newest.pk) != pressed.form.get("seen", ""):
        raise LookedAtMeanwhile(
            gettext(
                "{by} has noted grade {grade} meanwhile: read it below, then save again."
            ).format(by=newest.by, grade=newest.grade)
        )


VERBS: dict[str, Callable[[Pressed], str]] = {
    "take": _take,
    "take-over": _take_over,
    "not-reached": _not_reached,
    "note": _note,
    "close": _close,
}
