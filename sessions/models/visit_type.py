"""The kinds of visit that a clinic offers, and what each of them takes."""

from datetime import timedelta
from typing import Self, TypeVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import LICENCES, Clinic, ClinicScoped, CredentialKind, Model, Role, Room, one_of
from clinic.values.discretion import tells
from clinic.values.names import shipped


class Kind(models.TextChoices):
    """What a visit is for. Only a treatment touches a plan's skin, and so needs its recovery."""

    CONSULTATION = "CONSULTATION", _("Consultation")
    TREATMENT = "TREATMENT", _("Treatment")
    CHECK = "CHECK", _("Check")
    TEST = "TEST", _("Test")
    OUTCOME = "OUTCOME", _("Outcome")


TALKS = tuple(kind for kind in Kind.values if kind != Kind.TREATMENT)
TOUCHES_SKIN = (Kind.TREATMENT, Kind.TEST)


class Mode(models.TextChoices):
    IN_PERSON = "IN_PERSON", _("In person")
    PHONE = "PHONE", _("By phone")
    VIDEO = "VIDEO", _("By video link")


class CountedFrom(models.TextChoices):
    """What the window of a visit is counted from."""

    SESSION = "SESSION", _("The last treatment")
    LAST_SESSION = "LAST_SESSION", _("The last treatment of the plan")


T = TypeVar("T")


def of_treatment(value: T | None) -> T:
    """What every treatment has and other visits need not (`session_treatment_complete`), for those
    who know that it is one."""
    assert value is not None
    return value


def staff_roles() -> list[str]:
    return [Role.PRACTITIONER]


class VisitTypeQuerySet(ClinicScoped["VisitType"]):
    def after_last_session(self) -> Self:
        """The outcome visits that are due so many days after the last session of a plan."""
        return self.filter(kind=Kind.OUTCOME, counted_from=CountedFrom.LAST_SESSION)


class VisitType(Model):
    """One kind of visit as a clinic offers it: how long, by whom, where and with what.

    How long a treatment takes says its protocol; a clinic has one row for all of them. A visit
    keeps its kind, mode and times as they were when it was booked.
    """

    version_parts = ("names",)

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="visit_types")
    code = models.SlugField(max_length=40, help_text="What programs and message steps call it.")
    name = models.CharField(max_length=80, help_text="What staff call it.")
    kind = models.CharField(max_length=16, choices=Kind)
    mode = models.CharField(
        max_length=12, choices=Mode, default=Mode.IN_PERSON, db_default=Mode.IN_PERSON
    )
    minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How long it lasts. Of a treatment, its protocol says so."
    )
    setup_minutes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Minutes, of room and device, before it."
    )
    cleaning_minutes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Minutes, of room and device, after it."
    )
    roles = ArrayField(
        models.CharField(max_length=16, choices=Role),
        default=staff_roles,
        help_text="Who may carry it out.",
    )
    credentials = ArrayField(
        models.CharField(max_length=16, choices=[(kind.value, kind.label) for kind in LICENCES]),
        default=list,
        db_default=[],
        blank=True,
        help_text="Of these people, only who holds one of these licences on the day; a physician "
        "prescribes as well. All of them if none is chosen.",
    )
    rooms = models.ManyToManyField(
        Room,
        blank=True,
        related_name="+",
        db_table="treatment_visit_type_room",
        help_text="Where it can be; in any room if none is chosen.",
    )
    needs_room = models.BooleanField(default=True, db_default=True)
    needs_device = models.BooleanField(default=False, db_default=False)
    video_url = models.URLField(
        "video link",
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["https"])],
        help_text="Where such visits meet, unless a booking has a link of its own.",
    )
    patient_may_book = models.BooleanField(
        default=False, db_default=False, help_text="By the link in a message that asks for it."
    )
    counted_from = models.CharField(
        max_length=16,
        choices=CountedFrom,
        blank=True,
        help_text="What the window below is counted from; empty: it can be at any time.",
    )
    window_from_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after that, at the earliest."
    )
    window_until_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after that, at the latest."
    )
    is_active = models.BooleanField(default=True, db_default=True)

    objects = VisitTypeQuerySet.as_manager()

    class Meta:
        db_table = "treatment_visit_type"
        ordering = ["name"]
        constraints = [
            one_of("visit_type_kind_known", kind=Kind),
            one_of("visit_type_mode_known", mode=Mode),
            models.UniqueConstraint(
                name="visit_type_code_once_per_clinic",
                fields=["clinic", "code"],
                violation_error_message=_("The clinic has a kind of visit of this code already."),
            ),
            models.UniqueConstraint(
                name="visit_type_one_treatment_per_clinic",
                fields=["clinic"],
                condition=Q(kind=Kind.TREATMENT),
                violation_error_message=_(
                    "The clinic has its treatments already: their protocols say how they differ."
                ),
            ),
            # The key of what a session copies: see migration 0016_kinds_of_visit.
            models.UniqueConstraint(
                name="visit_type_key_with_copies", fields=["id", "clinic", "kind"]
            ),
            models.CheckConstraint(
                name="visit_type_of_treatments",
                condition=~Q(kind=Kind.TREATMENT)
                | Q(
                    mode=Mode.IN_PERSON,
                    needs_room=True,
                    needs_device=True,
                    is_active=True,
                    roles=[Role.PRACTITIONER],
                    minutes__isnull=True,
                ),
                violation_error_message=_(
                    "A treatment is in person, in a room, with a device, by a "
                    "practitioner, and as long as its protocol says; it is always offered."
                ),
            ),
            models.CheckConstraint(
                name="visit_type_takes_time",
                condition=Q(kind=Kind.TREATMENT)
                | Q(
                    minutes__isnull=False,
                    minutes__range=(5, 480),
                    setup_minutes__lte=240,
                    cleaning_minutes__lte=240,
                ),
                violation_error_message=_(
                    "A visit lasts 5 to 480 minutes, set-up and cleaning at most 240 each."
                ),
            ),
            models.CheckConstraint(
                name="visit_type_remote_without_room",
                condition=Q(mode=Mode.IN_PERSON) | Q(needs_room=False, needs_device=False),
                violation_error_message=_("A visit by phone or video needs no room and no device."),
            ),
            models.CheckConstraint(
                name="visit_type_link_of_video",
                condition=Q(video_url="") | Q(mode=Mode.VIDEO),
                violation_error_message=_("Only a visit by video has a video link."),
            ),
            models.CheckConstraint(
                name="visit_type_by_somebody",
                condition=Q(
                    roles__contained_by=[Role.PRACTITIONER, Role.RECEPTIONIST, Role.MANAGER]
                )
                & ~Q(roles=[]),
                violation_error_message=_("Practitioners, receptionists or managers carry it out."),
            ),
            models.CheckConstraint(
                name="visit_type_licences_known",
                condition=Q(credentials__contained_by=list(LICENCES)),
                violation_error_message=_("One of the licences is not known."),
            ),
            models.CheckConstraint(
                name="visit_type_counted_from_known",
                condition=Q(counted_from__in=["", *CountedFrom.values]),
            ),
            models.CheckConstraint(
                name="visit_type_window_ordered",
                condition=Q(
                    counted_from="", window_from_days__isnull=True, window_until_days__isnull=True
                )
                | (
                    ~Q(counted_from="")
                    & Q(
                        window_from_days__isnull=False,
                        window_until_days__isnull=False,
                        window_until_days__gte=F("window_from_days"),
                        window_until_days__lte=1096,
                    )
                ),
                violation_error_message=_(
                    "A window says what it is counted from, and its first and "
                    "last day, in this order; or none of these."
                ),
            ),
        ]

    def __str__(self) -> str:
        return shipped(self.name)

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.minutes or 0)

    @property
    def licences(self) -> str:
        """The licences that may do it, as staff read them."""
        return gettext(" or ").join(CredentialKind(kind).label.lower() for kind in self.credentials)

    @property
    def setup(self) -> timedelta:
        return timedelta(minutes=self.setup_minutes)

    @property
    def cleaning(self) -> timedelta:
        return timedelta(minutes=self.cleaning_minutes)


class VisitTypeName(Model):
    """What patients read, in one language."""

    visit_type = models.ForeignKey(VisitType, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    name = models.CharField(max_length=80, help_text="On their own page.")
    discreet_name = models.CharField(
        max_length=40, help_text="Where others may look on: says nothing of what it is for."
    )

    class Meta:
        db_table = "treatment_visit_type_name"
        constraints = [
            models.UniqueConstraint(
                name="visit_type_name_once_per_language", fields=["visit_type", "language"]
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if tells(self.discreet_name or ""):
            raise ValidationError(
                {"discreet_name": gettext("It tells what the visit is for: say “Appointment”.")}
            )


def rules_of_kinds() -> list[models.CheckConstraint]:
    """What a session of each kind has, and has not."""
    treatment = Q(kind=Kind.TREATMENT)
    return [
        one_of("session_kind_known", kind=Kind),
        one_of("session_mode_known", mode=Mode),
        models.CheckConstraint(
            name="session_treatment_complete",
            condition=~treatment
            | Q(
                plan__isnull=False,
                area__isnull=False,
                protocol_version__isnull=False,
                recovers_at__isnull=False,
                room__isnull=False,
                device__isnull=False,
                mode=Mode.IN_PERSON,
            ),
            violation_error_message=_("A treatment has a plan, a room and a device."),
        ),
        models.CheckConstraint(
            name="session_only_treatment_has_skin",
            condition=treatment
            | Q(
                area__isnull=True,
                protocol_version__isnull=True,
                recovers_at__isnull=True,
                spacing_override_reason="",
                screening__isnull=True,
                consent__isnull=True,
                is_off_label__isnull=True,
            ),
            violation_error_message=_("Only a treatment has an area, a protocol and a recovery."),
        ),
        models.CheckConstraint(
            name="session_consultation_before_plan",
            condition=~Q(kind=Kind.CONSULTATION) | Q(plan__isnull=True),
            violation_error_message=_("A consultation comes before any plan."),
        ),
        models.CheckConstraint(
            name="session_remote_without_room",
            condition=Q(mode=Mode.IN_PERSON) | Q(room__isnull=True, device__isnull=True),
            violation_error_message=_("A visit by phone or video has no room and no device."),
        ),
        models.CheckConstraint(
            name="session_link_iff_video",
            condition=(Q(mode=Mode.VIDEO) & ~Q(video_url=""))
            | (~Q(mode=Mode.VIDEO) & Q(video_url="")),
            violation_error_message=_("A visit by video has a link, and no other has one."),
        ),
        models.CheckConstraint(
            name="session_only_check_looks_at_something",
            condition=Q(kind=Kind.CHECK) | Q(side_effect__isnull=True, task__isnull=True),
            violation_error_message=_("Only a check is about a side effect or a task."),
        ),
    ]
