"""What tables share: ids, tenancy, versions."""

import zoneinfo
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar
from uuid import UUID

import pghistory
import pgtrigger
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, router
from django.db.models import Func, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.constraints import OF_TRIGGERS
from clinic.db.sight import opened_to
from clinic.values.typed_text import clean_text

if TYPE_CHECKING:
    from clinic.models.staff import User


class UUIDv7(Func):
    """PostgreSQL's uuidv7(): unique, and in the order of creation, so lists page by it."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class Id(models.UUIDField):  # type: ignore[type-arg]
    """A primary key that the database gives: None until the row is saved.

    Django fills a field with `db_default` in advance with an expression, and then takes a row that
    is being typed in for one that exists: its forms look for the parts of "the" row.
    """

    def get_default(self) -> None:
        return None

    def get_pk_value_on_save(self, instance: models.Model) -> Any:
        return super().get_default()

    def deconstruct(self) -> Any:
        """For the migrations an ordinary UUID: it differs in Python only."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.UUIDField", arguments, options


class CreatedAt(models.DateTimeField):  # type: ignore[type-arg]
    """When the row was inserted, by the clock of the database: None until then, as with `Id`."""

    def get_default(self) -> None:
        return None

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        return super().get_default() if add and value is None else value

    def deconstruct(self) -> Any:
        """For the migrations an ordinary moment: it differs in Python only."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.DateTimeField", arguments, options


class Model(models.Model):
    """A table whose rows are named by a UUIDv7 that the database gives.

    `version_parts` names the relations whose rows are part of what the API shows as the object, and
    so of its version (clinic.db.versions). `is_patient` marks the table of those whose data all
    this is: accesses are written down by them (clinic.audit.subjects). `tells_of_patients` is for a
    table whose rows tell of patients without a key to them. `care_team` says which rows make their
    `practitioner` one of the care team of their `patient` (clinic.db.sight).
    """

    version_parts: ClassVar[tuple[str, ...]] = ()
    is_patient: ClassVar[bool] = False
    tells_of_patients: ClassVar[bool] = False
    care_team: ClassVar[models.Q | None] = None

    id = Id(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = CreatedAt(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        """Whatever is typed into a form or sent to the API and checked comes by here."""
        errors = {}
        for field in self._meta.concrete_fields:
            if field.name in (exclude or ()) or field.generated:
                continue
            text = getattr(self, field.attname)
            if isinstance(field, models.CharField | models.TextField) and isinstance(text, str):
                try:
                    lines = isinstance(field, models.TextField)
                    setattr(self, field.attname, clean_text(text, lines=lines))
                except ValidationError as error:
                    errors[field.name] = error
        if errors:
            raise ValidationError(errors)
        super().clean_fields(exclude)

    def validate_constraints(self, exclude: Any = None) -> None:
        """As Django does, but the others only where all checks hold: PostgreSQL compares no range
        whose end is before its beginning, and would say so of no field."""
        using = router.db_for_write(type(self), instance=self)
        every = [one for _, constraints in self.get_constraints() for one in constraints]
        checks = [one for one in every if isinstance(one, models.CheckConstraint)]
        for constraints in (checks, [one for one in every if one not in checks]):
            errors: dict[str, Any] = {}
            for constraint in constraints:
                try:
                    constraint.validate(type(self), self, exclude=exclude, using=using)
                except ValidationError as error:
                    fields: list[str] = list(getattr(constraint, "fields", ()))
                    if getattr(error, "code", "") == "unique" and len(fields) == 1:
                        errors.setdefault(fields[0], []).append(error)
                    else:
                        errors = error.update_error_dict(errors)
            if errors:
                raise ValidationError(errors)


M = TypeVar("M", bound=models.Model, covariant=True)


class ClinicScoped(models.QuerySet[M]):
    """Rows that belong to a clinic. What a user may see is always narrowed by `visible_to`."""

    clinic_path = "clinic"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Only the rows of the clinics where `user` works: another clinic's rows do not exist. Of
        what is clinical, those of patients whose record is open to them (clinic.db.sight)."""
        rows: Self = opened_to(user, self.in_clinics_of(user))
        return rows

    def in_clinics_of(self, user: "User | AnonymousUser") -> Self:
        """For what tells of no single patient, such as figures."""
        if isinstance(user, AnonymousUser):
            return self.none()
        return self.filter(of_clinics(user.clinic_ids, self.clinic_path))


def of_clinics(ids: Sequence[UUID], path: str = "clinic") -> models.Q:
    """Rows of these clinics. As values: PostgreSQL walks an index that begins with the clinic only
    if it knows which one it is, not if it has to ask another table for it."""
    return models.Q(**{path: ids[0]}) if len(ids) == 1 else models.Q(**{f"{path}__in": ids})


def without_extension(number: Any) -> None:
    """Refuse `+49 30 1234567 ext. 12`: what is stored is a number that a telephone network knows,
    and the extension would be lost."""
    if extension := getattr(number, "extension", None):
        raise ValidationError(
            gettext(
                "Leave out the extension {extension}: no SMS reaches it. Write down a number "
                "that can be dialled directly, such as +49 151 23456789."
            ).format(extension=extension),
            code="extension",
        )


def known_time_zone(name: str) -> None:
    """Refuse what is no IANA time zone, such as `CET+1`."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            gettext(
                "{name} is no IANA time zone; right would be for example 'Europe/Berlin'."
            ).format(name=repr(name)),
            code="time_zone",
        )


def one_of(name: str, **choices: type[models.Choices]) -> models.CheckConstraint:
    """A column holds one of its choices: `one_of("room_kind_known", kind=Kind)`."""
    ((field, allowed),) = choices.items()
    return models.CheckConstraint(name=name, condition=Q((f"{field}__in", allowed.values)))


def key_with_clinic(name: str) -> models.UniqueConstraint:
    """What other tables refer to when a row must be of the same clinic as theirs."""
    return models.UniqueConstraint(name=name, fields=["id", "clinic"])


def areas_field() -> "ArrayField[Any, Any]":
    """The areas that a room or device is fit for. By code: areas belong to an app above."""
    return ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="The areas that can be treated with it; all if none is ticked.",
    )


def clinic_field() -> "models.ForeignKey[Any, Any]":
    """The clinic of a row whose parent names it: the database fills it in (`clinic_of`), so that
    lists can walk an index that begins with it (`by_clinic`)."""
    return models.ForeignKey(
        "clinic.Clinic",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
    )


def clinic_of(parent: str, table: str) -> pgtrigger.Trigger:
    """Whoever writes: the clinic is that of the row of `table` that `parent` refers to."""
    return pgtrigger.Trigger(
        name="clinic_of_parent",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"SELECT clinic_id INTO NEW.clinic_id FROM {table} WHERE id = NEW.{parent}_id;"  # noqa: S608
            " RETURN NEW;"
        ),
    )


def by_clinic(name: str) -> models.Index:
    """For lists of a clinic, newest first."""
    return models.Index(name=name, fields=["clinic", "id"])


def by_choice(name: str, field: str) -> models.Index:
    """For such lists narrowed to one value of a field: also one that few rows have, or none."""
    return models.Index(name=name, fields=["clinic", field, "id"])


def append_only() -> list[pgtrigger.Trigger]:
    """For tables whose rows are never changed or deleted, not even by SQL."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


def refuse(message: str, constraint: str) -> str:
    """PL/pgSQL of a trigger that refuses like a check constraint of that name, so that the error
    reads like any other; `message` is an SQL expression."""
    OF_TRIGGERS.add(constraint)
    return (
        f"RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}', "
        f"MESSAGE = {message};"
    )


def track_history(
    *events: pghistory.Tracker, exclude: tuple[str, ...] = (), fields: list[str] | None = None
) -> Callable[[type[M]], type[M]]:
    """Keep every state that a row ever had, with who changed it, in a table beside it; or only the
    `events` and `fields` that are named.

    Triggers write `<table>_history` for every writer, SQL included; it is append-only itself.
    """

    def decorate(model: type[M]) -> type[M]:
        every = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
        track = pghistory.track(
            *(events or every),
            fields=fields,
            obj_field=pghistory.ObjForeignKey(related_name="history"),
            append_only=True,
            exclude=list(exclude),
            model_name=f"{model.__name__}History",
            meta={"db_table": f"{model._meta.db_table}_history"},
        )
        tracked_model: type[M] = track(model)
        return tracked_model

    return decorate


class VersionedQuerySet(models.QuerySet[M]):
    def in_effect(self, at: datetime) -> Self:
        """The newest version of each row that has taken effect by `at`."""
        key = self.model.version_key  # type: ignore[attr-defined]
        return (
            self.filter(effective_from__lte=at)
            .order_by(*key, "-effective_from", "-version")
            .distinct(*key)
        )


class Evidence(models.TextChoices):
    """What a clinical number, question or text rests on."""

    LABEL = "LABEL", _("label or clearance")
    TRIAL = "TRIAL", _("trial or other study")
    REVIEW = "REVIEW", _("review")
    CONSENSUS = "CONSENSUS", _("consensus or official advice")
    CLINIC_PAGE = "CLINIC_PAGE", _("clinic page")
    DEFAULT = "DEFAULT", _("default of this product, no published source")


class Sourced(models.Model):
    """A row that says where it comes from, and what kind of evidence that is."""

    source = models.CharField(max_length=300, help_text="Where the numbers come from.")
    evidence = models.CharField(
        max_length=12,
        choices=Evidence,
        default=Evidence.DEFAULT,
        db_default=Evidence.DEFAULT,
        help_text="What kind of source that is.",
    )

    class Meta:
        abstract = True

    @property
    def cited(self) -> str:
        """The source with its evidence in words, as findings show it."""
        return gettext("{source} · evidence: {evidence}").format(
            source=self.source, evidence=Evidence(self.evidence).label
        )


class Versioned(Sourced, Model):
    """A row that carries clinical numbers. It is never edited: a new version takes effect.

    `version_key` names the fields that the versions of one row have in common. A concrete model
    puts `version_once` and `append_only` into its Meta.
    """

    version_key: ClassVar[tuple[str, ...]] = ("code",)

    version = models.PositiveIntegerField(default=1)
    effective_from = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    @classmethod
    def next_version(cls, **key: Any) -> int:
        """The number of the version that would follow on the newest one."""
        last = cls._default_manager.filter(**key).aggregate(last=models.Max("version"))["last"]
        return (last or 0) + 1


def version_once(name: str, *key: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(name=name, fields=[*key, "version"])
