"""What somebody is told whose form is older than what is stored: who, when, and what differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.forms import ModelChoiceField
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, gettext_noop, pgettext

from clinic.errors import VersionMismatch
from clinic.models import User
from clinic.values.moments import date_in_words

EMPTY = gettext_noop("(empty)")


class Stale(VersionMismatch):
    """The row was changed since its form was opened."""

    code = "form_stale"


@dataclass(frozen=True)
class Difference:
    """One field, as it is stored now and as it was typed."""

    label: str
    now: str
    typed: str


def stale(row: models.Model, parts: tuple[str, ...]) -> Stale:
    """Says by whom and when, as far as the history and the log of the admin know."""
    name = row._meta.verbose_name
    return Stale(
        gettext(
            "Not saved: this {name} was changed since you opened it, {when}. What you "
            "typed is still here. Compare, then save again to keep yours."
        ).format(name=name, when=_last_change(row, parts))
    )


def _last_change(row: models.Model, parts: tuple[str, ...]) -> str:
    found = [change for change in (_in_history(row, parts), _in_log(row)) if change]
    if not found:
        return gettext("by somebody")
    at, who = max(found, key=lambda change: change[0])
    local = timezone.localtime(at)
    is_fresh = timezone.now() - at < timedelta(minutes=1)
    ago = (
        gettext("just now")
        if is_fresh
        else gettext("{length} ago").format(length=timesince(at, depth=1))
    )
    return gettext("by {who} on {day} at {time} ({ago})").format(
        who=who, day=date_in_words(local, "j M Y"), time=date_in_words(local, "H:i"), ago=ago
    )


def _in_history(row: models.Model, parts: tuple[str, ...]) -> tuple[datetime, str] | None:
    """The newest event of the row and of what belongs to it."""
    events: list[Any] = []
    if hasattr(row, "history"):
        events += row.history.select_related("pgh_context").order_by("-pgh_id")[:1]
    for part in parts:
        relation: Any = row._meta.get_field(part)
        if any(field.name == "history" for field in relation.related_model._meta.get_fields()):
            tracked = relation.related_model._meta.get_field("history").related_model
            of_row = tracked._default_manager.filter(**{relation.field.name: row.pk})
            events += of_row.select_related("pgh_context").order_by("-pgh_id")[:1]
    if not events:
        return None
    newest = max(events, key=lambda event: event.pgh_created_at)
    context = newest.pgh_context.metadata if newest.pgh_context else {}
    return newest.pgh_created_at, _who(context.get("user"), str(context.get("url") or ""))


def _who(user_id: Any, url: str) -> str:
    user = User.objects.filter(pk=user_id).first() if user_id else None
    if user:
        name = user.get_full_name() or user.username
        return (
            gettext("{name} through the API").format(name=name) if url.startswith("/api/") else name
        )
    return gettext("the patient") if url.startswith("/p/") else gettext("the system")


def _in_log(row: models.Model) -> tuple[datetime, str] | None:
    """What the admin itself has noted down, for rows whose history is not kept."""
    kind = ContentType.objects.get_for_model(row)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(row.pk))
    entry = entries.select_related("user").order_by("-action_time").first()
    return (entry.action_time, entry.user.get_full_name() or entry.user.username) if entry else None


def differences(form: Any, formsets: Any) -> Iterator[Difference]:
    """Every field whose typed value is another than the stored one, those of the parts included."""
    yield from _of_form(form, "")
    for formset in formsets:
        kind = str(formset.model._meta.verbose_name).capitalize()
        typed = {row_form.instance.pk for row_form in formset.forms}
        for row_form in formset.forms:
            row = row_form.instance
            name = (
                f"{kind} “{row}”"
                if row.pk
                else pgettext("row", "New {name}").format(name=kind.lower())
            )
            if row_form in getattr(formset, "deleted_forms", []):
                yield Difference(name, gettext("is there"), gettext("delete it"))
            else:
                yield from _of_form(row_form, f"{name}: ")
        for row in formset.get_queryset():
            if row.pk not in typed:
                yield Difference(
                    f"{kind} “{row}”", gettext("is there"), gettext("was not there yet")
                )


def _of_form(form: Any, prefix: str) -> Iterator[Difference]:
    for name in form.changed_data:
        bound = form[name]
        if not bound.is_hidden and name != "DELETE":
            typed = getattr(form, "cleaned_data", {}).get(name, bound.data)
            now = bound.form.get_initial_for_field(bound.field, name)
            yield Difference(
                f"{prefix}{bound.label}", words(bound.field, now), words(bound.field, typed)
            )


def words(field: Any, value: Any) -> str:
    """A value of a form's field as a person reads it."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if value is None or value == "" or value == []:
        return gettext(EMPTY)
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, list | tuple | models.QuerySet):
        return ", ".join(words(field, one) for one in value if one not in ("", None)) or gettext(
            EMPTY
        )
    if isinstance(field, ModelChoiceField):
        row = field.queryset.filter(pk=value).first() if field.queryset is not None else None
        return str(row or value)
    if isinstance(value, datetime):
        return (
            date_in_words(timezone.localtime(value), "j M Y, H:i") if value.tzinfo else str(value)
        )
    if isinstance(value, date):
        return date_format(value, "j M Y")
    if isinstance(value, time):
        return time_format(value, "H:i")
    for known, label in _choices(getattr(field, "choices", ())):
        if str(known) == str(value):
            return str(label)
    return str(value)


def _choices(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label
