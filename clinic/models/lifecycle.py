"""Rows that go through a life: one table of moves, one method that moves, one row for each move."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext

from clinic.db.encryption import EncryptedCharField
from clinic.errors import Conflict
from clinic.models.base import Model, append_only
from clinic.models.staff import User

Moves = Mapping[str, frozenset[str]]


def in_words(statuses: type[models.TextChoices], *codes: str) -> str:
    """How a person says it: “checked in or cancelled”; “nothing: it has ended” for none."""
    told = [statuses(code).label.lower() for code in statuses.values if code in codes]
    *most, last = told or [gettext("nothing: it has ended")]
    if not most:
        return str(last)
    return gettext("{others} or {last}").format(others=", ".join(most), last=last)


def in_english(statuses: type[models.TextChoices], code: str) -> str:
    """The same of one, for a text that is looked for or compared where it is kept."""
    with translation.override(settings.LANGUAGE_CODE):
        return in_words(statuses, code)


class Moving(models.Model):
    """For a model with a `status` and `events`, the history of its moves."""

    statuses: ClassVar[type[models.TextChoices]]
    next_statuses: ClassVar[Moves]
    illegal_move: ClassVar[type[Conflict]]
    called: ClassVar[str]  # in refusals: “a plan”
    moved_fields: ClassVar[Iterable[str]] = ()  # what `prepare_move` may change

    status: Any
    events: Any

    class Meta:
        abstract = True

    def require_move(self, new: str) -> None:
        """Raises `illegal_move` unless `new` may follow on the status."""
        legal = self.next_statuses[self.status]
        if new not in legal:
            is_now, wanted = in_words(self.statuses, self.status), in_words(self.statuses, new)
            raise self.illegal_move(
                gettext(
                    "{what} that is {status} cannot become {wanted}; possible: {possible}."
                ).format(
                    what=gettext(self.called).capitalize(),
                    status=is_now,
                    wanted=wanted,
                    possible=in_words(self.statuses, *legal),
                )
            )

    def move_to(
        self, new: str, *, at: datetime, by: User | None, reason: str = "", **values: Any
    ) -> str:
        """Change the status: the only place where that happens. The caller holds the row's lock.

        `values` are what the new status needs. Writes the history and returns the old status.
        Raises `illegal_move`.
        """
        self.require_move(new)
        return self.change_status(new, at=at, by=by, reason=reason, **values)

    def change_status(
        self, new: str, *, at: datetime, by: User | None, reason: str = "", **values: Any
    ) -> str:
        """What `move_to` does once the move is known to be legal; for nobody else but an undo."""
        old: str = self.status
        self.status = new
        self.prepare_move(new, at=at, by=by, **values)
        changed = ["status", *self.moved_fields]
        self.save(update_fields=changed)
        told = self.of_event(new, at=at, **values)
        self.events.create(old_status=old, new_status=new, at=at, by=by, reason=reason, **told)
        return old

    def of_event(self, new: str, *, at: datetime, **values: Any) -> dict[str, Any]:
        """What else the history keeps of a move."""
        return {}

    def prepare_move(self, new: str, *, at: datetime, by: User | None, **values: Any) -> None:
        """What else of the row changes with its status."""


class Event(Model):
    """One move in the life of a row. Append-only, for the application and for SQL."""

    statuses: ClassVar[type[models.TextChoices]]

    old_status = models.CharField(max_length=12, blank=True)
    new_status = models.CharField(max_length=12)
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = EncryptedCharField(max_length=500, blank=True)

    class Meta:
        abstract = True
        triggers = append_only()

    def __str__(self) -> str:
        return in_words(self.statuses, self.new_status).capitalize()
