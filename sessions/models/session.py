"""Treatment sessions and their history."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pgtrigger
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField, EncryptedTextField
from clinic.errors import Conflict
from clinic.models import (
    Clinic,
    Device,
    Event,
    Model,
    Moving,
    Room,
    User,
    one_of,
    track_history,
)
from clinic.values.zones import on_clock
from patients.models import Area, Patient, Screening, StaffTask, TreatmentConsent
from sessions.lifecycle import NEXT, UNDO_LASTS, UNDONE, AbortReason, Status
from sessions.models.occupation import Range as Range  # where migration 0001 looks for it
from sessions.models.plan import TreatmentPlan
from sessions.models.protocol import ProtocolVersion
from sessions.models.session_query import TreatmentSessionQuerySet
from sessions.models.session_rules import nothing_twice, rules_of_ends, rules_of_times
from sessions.models.sitting import further_follows_leading, leading_stays
from sessions.models.triggers import (
    birth_date_known,
    of_what_is_in_use,
    recovers_longer,
    taken_back_in_time,
)
from sessions.models.visit_type import Kind, Mode, VisitType, rules_of_kinds


class IllegalMove(Conflict):
    code = "illegal_move"
    title = gettext_noop("The session cannot do this now")


@track_history()
class TreatmentSession(Moving, Model):
    """One appointment: of which kind, when, by whom, and where and with what, if anywhere.

    `starts_at` to `ends_at` is the visit; room and device are taken from `occupied_from`, for
    setting up, to `released_at`, after cleaning. Only a treatment has an area, a protocol version
    and a recovery (`rules_of_kinds`). `recovers_at` is the earliest next session on
    this area: the protocol's hard minimum of days after `starts_at` on the clinic's wall clock, or
    the start of a sooner session that a practitioner has approved (`spacing_override_reason`,
    kept on that sooner session). A longer minimum in a newer version lengthens it.

    Of several areas in one sitting each is a row; all but the leading one name that as `sitting`,
    and only it takes up practitioner, patient, room and device (`sessions/models/sitting.py`).
    """

    statuses = Status
    next_statuses = NEXT
    illegal_move = IllegalMove
    called = gettext_noop("a session")
    care_team = ~Q(status=Status.CANCELLED)
    moved_fields = (
        *("completed_at", "signed_by", "is_late_cancel", "recovers_at"),
        *("aborted_at", "abort_reason", "abort_note"),
    )

    version_parts = ("zone_treatments", "product_uses", "cartridge_uses", "further_areas")

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, editable=False, db_index=False)
    visit_type = models.ForeignKey(
        VisitType, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    kind = models.CharField(
        max_length=16,
        choices=Kind,
        default=Kind.TREATMENT,
        db_default=Kind.TREATMENT,
        editable=False,
    )
    mode = models.CharField(
        max_length=12,
        choices=Mode,
        default=Mode.IN_PERSON,
        db_default=Mode.IN_PERSON,
        editable=False,
    )
    video_url = models.URLField("video link", max_length=300, blank=True, default="", db_default="")
    plan = models.ForeignKey(
        TreatmentPlan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        help_text="What is treated, or what the visit is about.",
    )
    patient = models.ForeignKey(
        Patient,
        on_delete=models.PROTECT,
        related_name="sessions",
        editable=False,
        db_index=False,
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    sitting = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="further_areas",
        db_index=False,
        help_text="The session that leads the sitting, if this is a further area of it.",
    )
    # these, the clinic and the patient have indexes of their own below
    practitioner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    room = models.ForeignKey(
        Room,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        db_index=False,
    )
    device = models.ForeignKey(
        Device,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
        db_index=False,
    )
    occupied_from = models.DateTimeField(editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(editable=False)
    released_at = models.DateTimeField(editable=False)
    recovers_at = models.DateTimeField(null=True, editable=False)
    time_zone = models.CharField(max_length=40, editable=False, help_text="Of the clinic, then.")
    status = models.CharField(
        max_length=16, choices=Status, default=Status.BOOKED, db_default=Status.BOOKED
    )
    completed_at = models.DateTimeField(null=True, editable=False)
    aborted_at = models.DateTimeField(null=True, editable=False)
    abort_reason = models.CharField(
        max_length=24, choices=AbortReason, blank=True, default="", db_default="", editable=False
    )
    abort_note = EncryptedCharField(
        max_length=500, blank=True, default="", db_default="", editable=False
    )
    is_late_cancel = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Cancelled within the clinic's late hours before the start.",
    )
    delayed_minutes = models.PositiveSmallIntegerField(
        null=True,
        editable=False,
        help_text="How much later it begins: what the patient was told last.",
    )
    rescheduled_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="rescheduled_to"
    )
    spacing_override_reason = EncryptedCharField(max_length=500, blank=True)
    spacing_override_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    protocol_version = models.ForeignKey(
        ProtocolVersion,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="That it is checked against.",
    )
    side_effect = models.ForeignKey(
        "treatment_sessions.SideEffect",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="checks",
        db_index=False,
        help_text="That a check looks at.",
    )
    task = models.ForeignKey(
        StaffTask,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="That a check settles.",
    )
    screening = models.ForeignKey(
        Screening, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    consent = models.ForeignKey(
        TreatmentConsent, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    is_off_label = models.BooleanField(null=True, editable=False)
    pain_score = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(10)], help_text="0 none … 10 worst."
    )
    sharps_disposed = models.BooleanField(
        "sharps disposed of",
        default=False,
        db_default=False,
        help_text="Cartridge and other sharps are in their container.",
    )
    notes = EncryptedTextField(blank=True, max_length=10_000)
    signed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = TreatmentSessionQuerySet.as_manager()

    class Meta:
        db_table = "treatment_session"
        constraints = [
            *nothing_twice(),
            *rules_of_times(),
            one_of("session_status_known", status=Status),
            *rules_of_kinds(),
            *rules_of_ends(),
            models.CheckConstraint(
                name="session_pain_0_to_10",
                condition=Q(pain_score__isnull=True) | Q(pain_score__lte=10),
                violation_error_message=_("Pain is 0 to 10."),
            ),
            models.CheckConstraint(
                name="session_delay_within_the_day",
                condition=Q(delayed_minutes__isnull=True) | Q(delayed_minutes__range=(5, 600)),
            ),
            models.CheckConstraint(
                name="session_override_iff_author",
                condition=Q(spacing_override_reason="", spacing_override_by__isnull=True)
                | (~Q(spacing_override_reason="") & Q(spacing_override_by__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="session_by_clinic_day",
                fields=["clinic", "starts_at"],
                include=["released_at", "status"],
            ),
            # read by lists of one status, of one kind
            models.Index(name="session_by_status", fields=["clinic", "status", "starts_at", "id"]),
            models.Index(
                name="session_by_kind",
                fields=["clinic", "kind", "starts_at", "id"],
                condition=~Q(kind=Kind.TREATMENT),
            ),
            models.Index(  # read by `closer_than`
                name="session_by_version", fields=["protocol_version", "starts_at"]
            ),
            # read by the search for free times
            models.Index(name="session_by_practitioner", fields=["practitioner", "starts_at"]),
            models.Index(name="session_by_room", fields=["room", "starts_at"]),
            models.Index(name="session_by_device", fields=["device", "starts_at"]),
            models.Index(name="session_by_patient", fields=["patient", "starts_at"]),
            models.Index(
                name="session_by_sitting",
                fields=["sitting"],
                condition=Q(sitting__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="booked_for_good",
                fields=["plan", "patient", "area", "clinic", "visit_type", "kind"],
            ),
            # Only the recovery may still change, when a later session is approved or cancelled.
            pgtrigger.Protect(
                name="signed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status IN ('COMPLETED', 'ABORTED') AND "
                    "to_jsonb(NEW) - 'recovers_at' IS DISTINCT FROM to_jsonb(OLD) - 'recovers_at'"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            recovers_longer(),
            of_what_is_in_use(),
            birth_date_known(),
            further_follows_leading(),
            leading_stays(),
        ]

    def __str__(self) -> str:
        return f"{self.patient}, {self.about}, {on_clock(self.starts_at, self.clinic.zone)}"

    @property
    def about(self) -> str:
        """What is treated; of another visit, its kind."""
        return str(self.area) if self.area else str(self.get_kind_display()).lower()

    @property
    def starts_at_local(self) -> datetime:
        """The start on the clinic's wall clock."""
        return self.starts_at.astimezone(self.clinic.zone)

    # the further areas that were booked with it, for whoever has just booked the sitting
    booked_with: "Sequence[TreatmentSession]" = ()
    # and the first day without a washout, if one lasts
    clear_on: date | None = None
    # all rows of the sitting that have just moved, itself among them
    moved_with: "Sequence[TreatmentSession]" = ()
    # until when what has just ended it can be taken back
    undo_until: datetime | None = None

    @property
    def leading_id(self) -> Any:
        """The id of the session that leads the sitting: its own, if it is no further area."""
        return self.sitting_id or self.pk

    @property
    def signed_at(self) -> datetime | None:
        """When the record was closed."""
        return self.completed_at or self.aborted_at

    def prepare_move(self, new: str, *, at: datetime, by: User | None, **values: Any) -> None:
        """An abort takes `why`, `note`, and `has_needled`: without it there is nothing to recover
        from. An area that is left out (`skips`) is no late cancel: the patient comes."""
        if new == Status.COMPLETED:
            self.completed_at, self.signed_by = at, by
        elif new == Status.ABORTED:
            self.aborted_at, self.signed_by = at, by
            self.abort_reason, self.abort_note = values["why"], values.get("note", "")
            if self.area_id and not values.get("has_needled"):
                self.recovers_at = self.starts_at
        elif new == Status.CANCELLED:
            late_from = self.starts_at - timedelta(hours=self.clinic.late_cancel_hours)
            self.is_late_cancel = at > late_from and not values.get("skips")
        else:  # also of one whose cancellation is taken back
            self.is_late_cancel = False

    def of_event(self, new: str, *, at: datetime, **values: Any) -> dict[str, Any]:
        """A move that may be `undoable` is so for a minute."""
        may = values.get("undoable") and new in UNDONE
        self.undo_until = at + UNDO_LASTS if may else None
        return {"undo_until": self.undo_until}

    def take_back(self, ended: "SessionEvent", *, at: datetime, by: User | None) -> None:
        """Be again what it was before it ended by mistake. Raises IllegalMove."""
        if self.status != ended.new_status or ended.old_status not in UNDONE.get(self.status, ()):
            raise IllegalMove(gettext("The session has moved on: read it again."))
        self.change_status(ended.old_status, at=at, by=by, reason=gettext("taken back"))


class SessionEvent(Event):
    """One move in the life of a session. Append-only. Until `undo_until` it can be taken back."""

    statuses = Status

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="events")
    old_status = models.CharField(max_length=16, blank=True)
    new_status = models.CharField(max_length=16)
    undo_until = models.DateTimeField(
        null=True, help_text="Until when it can be taken back: nobody is told of it before."
    )

    class Meta(Event.Meta):
        db_table = "treatment_session_event"
        indexes = [
            models.Index(  # read by the bar that offers to take it back
                name="session_event_by_undo",
                fields=["by", "undo_until"],
                condition=Q(undo_until__isnull=False),
            )
        ]
        triggers = [*Event.Meta.triggers, taken_back_in_time()]
