"""What a person at the clinic has to look after, because the product cannot decide it."""

from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast, Concat, Left
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.db.sight import seen, treated_by_nobody
from clinic.models import Clinic, ClinicScoped, Model, Role, User, by_clinic, one_of, track_history
from patients.models.patient import Patient


class TaskKind(models.TextChoices):
    MESSAGE_FAILED = "MESSAGE_FAILED", _("Message failed")
    MESSAGE_IN_DOUBT = "MESSAGE_IN_DOUBT", _("Message in doubt")
    MESSAGE_EXPIRED = "MESSAGE_EXPIRED", _("Message came too late")
    BAD_ADDRESS = "BAD_ADDRESS", _("Address does not work")
    REPLY = "REPLY", _("Reply to read")
    CHANGE_WANTED = "CHANGE_WANTED", _("Another time wanted")
    HEALING = "HEALING", _("Report of healing")
    INCIDENT = "INCIDENT", _("Incident")
    EXPOSURE = "EXPOSURE", _("Blood exposure")
    FOLLOW_UP = "FOLLOW_UP", _("Follow-up did not happen")
    LOT_RECALL = "LOT_RECALL", _("Recalled lot")
    BREAK_GLASS = "BREAK_GLASS", _("Record opened")
    OTHER = "OTHER", _("Other")


class Audience(models.TextChoices):
    FRONT_DESK = "FRONT_DESK", _("Front desk")
    CLINICAL = "CLINICAL", _("Clinicians")
    MANAGER = "MANAGER", _("Manager")


class TaskSeverity(models.TextChoices):
    """How grave it is: the levels of triage, and what was not triaged."""

    EMERGENCY = "EMERGENCY", _("Emergency")
    RED = "RED", _("Red")
    AMBER = "AMBER", _("Amber")
    ROUTINE = "ROUTINE", _("Routine")


# A person must say what came of these, and until then no routine text goes to the patient.
GRAVE = (TaskSeverity.EMERGENCY, TaskSeverity.RED)


# What patients write after a treatment is not for the desk, nor the desk's calls for clinicians.
AUDIENCES: dict[str, tuple[Audience, ...]] = {
    Role.RECEPTIONIST: (Audience.FRONT_DESK,),
    Role.PRACTITIONER: (Audience.CLINICAL,),
    Role.MANAGER: (Audience.FRONT_DESK, Audience.MANAGER),
}
# Of patients whose record they have opened by break-glass.
WHEN_OPENED: dict[str, tuple[Audience, ...]] = {Role.MANAGER: (Audience.CLINICAL,)}


def meant_for(user: User) -> Q:
    """Tasks and replies for the caller's role. Where what is clinical is for the care team, those
    of others are not; but nobody's are everybody's, or nobody would ever read them."""
    meant = Q(audience__in=AUDIENCES.get(user.role, ()))
    if user.narrowed:
        theirs = seen(user, "patient") | treated_by_nobody("patient")
        meant &= Q(patient=None) | theirs
    if more := WHEN_OPENED.get(user.role):
        meant |= Q(audience__in=more, patient__in=user.opened)
    return meant


class TaskStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    DONE = "DONE", _("Done")


MOST_NOTED = 500
DONE_IS = "9"  # what the urgency of a task that is done begins with
TASK_NEXT: dict[str, frozenset[str]] = {
    TaskStatus.OPEN: frozenset({TaskStatus.DONE}),
    TaskStatus.DONE: frozenset(),
}


class StaffTaskQuerySet(ClinicScoped["StaffTask"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The tasks of the caller's clinics that are meant for the caller's role."""
        if isinstance(user, AnonymousUser):
            return self.none()
        return super().visible_to(user).filter(meant_for(user))

    def open(self) -> Self:
        return self.filter(status=TaskStatus.OPEN)

    def of_status(self, status: str) -> Self:
        """By the first letter of `urgency`, which lists are sorted by: PostgreSQL reads that part
        of its index. Asked for both, it takes them for two facts, and so few rows that it sorts
        them."""
        is_done = status == TaskStatus.DONE
        return self.filter(Q(urgency__gte=DONE_IS) if is_done else Q(urgency__lt=DONE_IS))

    def about_healing(self) -> Self:
        """Open ones for clinicians: what was reported of a skin, and whatever else is grave."""
        reported = Q(kind=TaskKind.HEALING) | Q(severity__in=GRAVE)
        return self.open().filter(reported, audience=Audience.CLINICAL)

    def grave(self) -> Self:
        """Open ones that a clinician must act on today."""
        return self.open().filter(severity__in=GRAVE)


@track_history(exclude=("urgency",))
class StaffTask(Model):
    """One thing to do. `source` names its cause, such as `message:<id>`: while a task is open, its
    cause raises no second one. `urgency` sorts them: open ones first, the gravest on top."""

    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="tasks")
    kind = models.CharField(max_length=20, choices=TaskKind)
    audience = models.CharField(max_length=12, choices=Audience)
    severity = models.CharField(
        max_length=12,
        choices=TaskSeverity,
        default=TaskSeverity.ROUTINE,
        db_default=TaskSeverity.ROUTINE,
    )
    title = models.CharField(max_length=160)
    detail = EncryptedTextField(max_length=4_000, blank=True)
    due_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    status = models.CharField(
        max_length=8, choices=TaskStatus, default=TaskStatus.OPEN, db_default=TaskStatus.OPEN
    )
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="Who is on it."
    )
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    done_note = EncryptedCharField(max_length=MOST_NOTED, blank=True)
    urgency = models.GeneratedField(
        expression=Concat(
            Case(
                When(status=TaskStatus.DONE, then=Value(DONE_IS)),
                *[
                    When(severity=severity, then=Value(str(rank)))
                    for rank, severity in enumerate(TaskSeverity)
                ],
                default=Value("8"),
            ),
            Value(" "),
            Cast(F("id"), models.CharField()),
        ),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )

    objects = StaffTaskQuerySet.as_manager()

    class Meta:
        db_table = "staff_task"
        verbose_name = "task"
        constraints = [
            models.UniqueConstraint(
                name="staff_task_once_while_open",
                fields=["source"],
                condition=Q(status=TaskStatus.OPEN),
            ),
            one_of("staff_task_kind_known", kind=TaskKind),
            one_of("staff_task_audience_known", audience=Audience),
            one_of("staff_task_severity_known", severity=TaskSeverity),
            models.CheckConstraint(
                name="staff_task_taken_at_iff_by",
                condition=Q(taken_at__isnull=True, taken_by__isnull=True)
                | Q(taken_at__isnull=False, taken_by__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_task_that_is_grave_has_an_outcome",
                condition=~Q(severity__in=GRAVE, status=TaskStatus.DONE, done_note=""),
                violation_error_message=_("Say what was found and done."),
            ),
            models.CheckConstraint(
                name="staff_task_done_iff_done_at",
                condition=Q(status=TaskStatus.OPEN, done_at__isnull=True, done_by__isnull=True)
                | Q(status=TaskStatus.DONE, done_at__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_task_of_healing_has_an_outcome",
                condition=~Q(kind=TaskKind.HEALING, status=TaskStatus.DONE, done_note=""),
                violation_error_message=_("Say what was found and done."),
            ),
            models.CheckConstraint(
                name="staff_task_of_recall_has_an_outcome",
                condition=~Q(kind=TaskKind.LOT_RECALL, status=TaskStatus.DONE, done_note=""),
                violation_error_message=_("Say what the patient said."),
            ),
            models.CheckConstraint(name="staff_task_has_a_source", condition=~Q(source="")),
        ]
        indexes = [
            models.Index(
                name="staff_task_open",
                fields=["clinic", "audience", "due_at"],
                condition=Q(status=TaskStatus.OPEN),
            ),
            by_clinic("staff_task_of_clinic"),
            models.Index(  # read by the list of the admin
                F("clinic"), Left("urgency", 1), F("due_at"), F("id"), name="staff_task_by_rank"
            ),
            # read by lists: of all that one may see, of one audience, kind or severity
            models.Index(name="staff_task_by_urgency", fields=["clinic", "urgency"]),
            *(
                models.Index(name=f"staff_task_by_{field}", fields=["clinic", field, "urgency"])
                for field in ("audience", "kind", "severity")
            ),
            models.Index(
                name="staff_task_grave",
                fields=["patient"],
                condition=Q(status=TaskStatus.OPEN, severity__in=GRAVE),
            ),
            models.Index(name="staff_task_by_patient", fields=["patient", "id"]),
            models.Index(name="staff_task_by_source", fields=["source", "-id"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def needs_outcome(self) -> bool:
        """Whether it can only be ticked off with what was found and done."""
        kinds = (TaskKind.HEALING, TaskKind.LOT_RECALL)
        return self.kind in kinds or self.severity in GRAVE
