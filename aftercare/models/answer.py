"""What staff answer to a patient who has written."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from aftercare.models.inbound import InboundMessage
from clinic.db.encryption import EncryptedTextField
from clinic.models import ClinicScoped, Model, User, append_only, one_of
from patients.models import Channel

LONGEST_ANSWER = 2_000


class StaffAnswerQuerySet(ClinicScoped["StaffAnswer"]):
    clinic_path = "inbound__clinic"


class StaffAnswer(Model):
    """The words, as they were written. They travel as messages, which name them: more than one
    where the other channel stood in, or where they were sent again."""

    inbound = models.ForeignKey(InboundMessage, on_delete=models.PROTECT, related_name="answers")
    text = EncryptedTextField(max_length=LONGEST_ANSWER)
    channel = models.CharField(max_length=8, choices=Channel)
    as_link = models.BooleanField(
        default=False, help_text="The SMS has a link to the words, not the words."
    )
    sms_parts = models.PositiveSmallIntegerField(null=True, help_text="How many SMS it costs.")
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = StaffAnswerQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_staff_answer"
        verbose_name = "answer"
        constraints = [
            one_of("staff_answer_channel_known", channel=Channel),
            models.CheckConstraint(name="staff_answer_has_words", condition=~Q(text="")),
            models.CheckConstraint(
                name="staff_answer_parts_iff_sms",
                condition=Q(channel=Channel.SMS, sms_parts__gte=1)
                | Q(channel=Channel.EMAIL, sms_parts__isnull=True, as_link=False),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("Answer by {answered_by}").format(answered_by=self.answered_by)
