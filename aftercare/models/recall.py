"""Who is told that a lot was recalled which was used on them, and what came of it."""

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.db.encryption import EncryptedCharField
from clinic.models import CartridgeLot, ClinicScoped, Model, User, refuse, track_history
from patients.models import Patient
from sessions.models import TreatmentSession


class CallReason(models.TextChoices):
    SILENT = "SILENT", _("Has not said that it was read")
    UNREACHABLE = "UNREACHABLE", _("No message can arrive")


class RecallState(models.TextChoices):
    """How far it has come. What is further down in the list is settled, or needs a person."""

    WAITING = "WAITING", _("Not told yet")
    TOLD = "TOLD", _("Told")
    READ = "READ", _("Has read it")
    SILENT = "SILENT", _("Silent, to be called")
    UNREACHABLE = "UNREACHABLE", _("Unreachable, to be called")
    CALLED = "CALLED", _("Called")


STATE = Case(
    When(read_at__isnull=False, then=Value(RecallState.READ)),
    When(called_at__isnull=False, then=Value(RecallState.CALLED)),
    When(call_reason=CallReason.UNREACHABLE, then=Value(RecallState.UNREACHABLE)),
    When(call_reason=CallReason.SILENT, then=Value(RecallState.SILENT)),
    When(told_at__isnull=False, then=Value(RecallState.TOLD)),
    default=Value(RecallState.WAITING),
)


def of_a_use() -> pgtrigger.Trigger:
    """Refuse a notice of a lot that is not recalled, or that was not used on this patient at this
    session. What a merge of records moves later stays true by itself."""
    return pgtrigger.Trigger(
        name="of_a_use",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            IF NOT EXISTS (
                SELECT FROM treatment_cartridge_use AS cartridge
                JOIN treatment_session AS session ON session.id = cartridge.session_id
                JOIN clinic_cartridge_lot AS lot ON lot.id = cartridge.lot_id
                WHERE lot.id = NEW.lot_id AND session.id = NEW.session_id
                    AND session.patient_id = NEW.patient_id AND lot.recalled_at IS NOT NULL
            ) THEN
                {refuse("'no recalled lot was used there'", "recall_notice_of_a_use")}
            END IF;
            RETURN NEW;
            """
        ),
    )


class RecallNoticeQuerySet(ClinicScoped["RecallNotice"]):
    clinic_path = "lot__clinic"

    def locked(self) -> Self:
        return self.select_for_update(of=("self",)).order_by("pk")

    def unsettled(self) -> Self:
        """Of whom nobody knows yet whether they know."""
        return self.filter(read_at=None, called_at=None)


@track_history(exclude=("state",))
class RecallNotice(Model):
    """One patient is to know of one recalled lot. `told_at` is when the first message of it was
    accepted by a provider: a trigger of messages."""

    lot = models.ForeignKey(
        CartridgeLot, on_delete=models.PROTECT, related_name="recall_notices", db_index=False
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="recall_notices")
    session = models.ForeignKey(
        TreatmentSession,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The latest one at which the lot was used.",
    )
    issued_at = models.DateTimeField(help_text="When the patient was to be told (UTC).")
    told_at = models.DateTimeField(null=True, help_text="When the first message was sent (UTC).")
    read_at = models.DateTimeField(
        null=True, help_text="When “I have read this” was pressed (UTC)."
    )
    call_asked_at = models.DateTimeField(null=True)
    call_reason = models.CharField(max_length=12, choices=CallReason, blank=True)
    called_at = models.DateTimeField(null=True)
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = EncryptedCharField(
        max_length=500, blank=True, help_text="What the patient said when called."
    )
    state = models.GeneratedField(
        expression=STATE,
        output_field=models.CharField(max_length=12, choices=RecallState),
        db_persist=True,
    )

    objects = RecallNoticeQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_recall_notice"
        verbose_name = "notice of a recall"
        verbose_name_plural = "notices of recalls"
        constraints = [
            models.UniqueConstraint(
                name="recall_notice_once_per_patient", fields=["lot", "patient"]
            ),
            models.CheckConstraint(
                name="recall_notice_told_once_issued",
                condition=Q(told_at__isnull=True) | Q(told_at__gte=F("issued_at")),
            ),
            models.CheckConstraint(
                name="recall_notice_read_once_told",
                condition=Q(read_at__isnull=True)
                | Q(told_at__isnull=False, read_at__gte=F("told_at")),
            ),
            models.CheckConstraint(
                name="recall_notice_call_asked_iff_reason",
                condition=Q(call_asked_at__isnull=True, call_reason="")
                | Q(call_asked_at__isnull=False, call_reason__in=CallReason.values),
            ),
            models.CheckConstraint(
                name="recall_notice_called_with_outcome",
                condition=Q(called_at__isnull=True, called_by__isnull=True, outcome="")
                | (
                    Q(called_at__isnull=False, called_by__isnull=False, call_asked_at__isnull=False)
                    & ~Q(outcome="")
                ),
            ),
        ]
        indexes = [
            models.Index(  # read by the beat
                name="recall_notice_unsettled",
                fields=["issued_at"],
                condition=Q(read_at=None, called_at=None, call_asked_at=None),
            ),
            # for lists: also a state in which few are, or none
            models.Index(name="recall_notice_by_state", fields=["state", "id"]),
        ]
        triggers = [of_a_use()]

    def __str__(self) -> str:
        return gettext("Recall of {lot}").format(lot=self.lot)

    @property
    def is_settled(self) -> bool:
        return self.read_at is not None or self.called_at is not None

    @property
    def task_source(self) -> str:
        """Of the task to call."""
        return f"recall:{self.pk}"
