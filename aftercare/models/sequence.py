"""The message sequence as data: its steps, and the texts of each step in versions."""

from datetime import timedelta
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import Model, one_of
from clinic.values.names import shipped
from patients.models import Channel, Purpose, SkinType, Zone
from sessions.models import TALKS, TOUCHES_SKIN, Kind, Protocol, VisitType


class Anchor(models.TextChoices):
    """The moment that a step is counted from."""

    BOOKED = "BOOKED", _("When the session is booked")
    STARTS = "STARTS", _("When the session starts")
    COMPLETED = "COMPLETED", _("When the session is completed")
    LAST_SESSION = "LAST_SESSION", _("When the last session of the plan is completed")
    ABORTED = "ABORTED", _("When a session that has needled is aborted")
    MISSED = "MISSED", _("When the patient did not come")
    CANCELLED = "CANCELLED", _("When the session is cancelled")
    MOVED = "MOVED", _("When the session is moved to another time")
    ANSWERED = "ANSWERED", _("When staff answer what the patient has written")
    LINK_CLOSED = "LINK_CLOSED", _("When a link closes after wrong birth dates")
    LOT_RECALLED = "LOT_RECALLED", _("When a lot that was used at the session is recalled")
    LATE = "LATE", _("When the practitioner is running late")
    AWAY = "AWAY", _("When the practitioner is away and another time is offered")
    ASKED = "ASKED", _("When staff send the questionnaire to the patient's phone")


TREATED = (Anchor.COMPLETED, Anchor.LAST_SESSION, Anchor.ABORTED)  # what was done is known by then


AT_ONCE = (Anchor.ANSWERED, Anchor.LINK_CLOSED)  # somebody waits for them: quiet hours do not hold
# whoever causes them puts them into the outbox
NOT_PLANNED = (*AT_ONCE, Anchor.LOT_RECALLED, Anchor.LATE, Anchor.AWAY, Anchor.ASKED)
# whoever does not hear of it comes in vain, or waits
ANNOUNCES = (Anchor.CANCELLED, Anchor.MOVED, Anchor.LATE, Anchor.AWAY)


class ChannelPolicy(models.TextChoices):
    EMAIL = "EMAIL", _("E-mail")
    SMS = "SMS", "SMS"
    BOTH = "BOTH", _("E-mail and SMS")
    EMAIL_ELSE_SMS = "EMAIL_ELSE_SMS", _("E-mail, or else SMS")
    SMS_ELSE_EMAIL = "SMS_ELSE_EMAIL", _("SMS, or else e-mail")


# The channels of each policy, in the order of preference.
CHANNELS: dict[str, list[Channel]] = {
    ChannelPolicy.EMAIL: [Channel.EMAIL],
    ChannelPolicy.SMS: [Channel.SMS],
    ChannelPolicy.BOTH: [Channel.EMAIL, Channel.SMS],
    ChannelPolicy.EMAIL_ELSE_SMS: [Channel.EMAIL, Channel.SMS],
    ChannelPolicy.SMS_ELSE_EMAIL: [Channel.SMS, Channel.EMAIL],
}


def of_treatments() -> list[str]:
    return [Kind.TREATMENT]


class CareStep(Model):
    """One step of the sequence around a session, such as the check on the third day. A catalogue.

    `offset` is counted on the clinic's wall clock and is negative before the anchor; with a time of
    day it counts days, and the patient's clock decides. A message
    that is later than `useful_for` does not help any more and is not sent. A step of a protocol
    takes the place of the general step with the same code, also when it is switched off.
    """

    code = models.SlugField(max_length=40, help_text="The same for all protocols.")
    protocol = models.ForeignKey(
        Protocol,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: for every protocol that has no such step for itself.",
    )
    name = models.CharField(max_length=80)
    anchor = models.CharField("counted from", max_length=16, choices=Anchor)
    offset = models.DurationField(help_text="How long before or after it.")
    at_time = models.TimeField(
        "time of day",
        null=True,
        blank=True,
        help_text="On the patient's clock, on the day that the offset leads to. Empty: so long "
        "after to the minute.",
    )
    from_next_window = models.BooleanField(
        "from when the next session is due",
        default=False,
        db_default=False,
        help_text="Adds the protocol's shortest target interval to the offset.",
    )
    useful_for = models.DurationField(help_text="Later than this, it is not sent.")
    channel_policy = models.CharField(
        "channels", max_length=16, choices=ChannelPolicy, default=ChannelPolicy.EMAIL
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.CARE)
    is_safety = models.BooleanField(
        "warning signs",
        default=False,
        db_default=False,
        help_text="Says when to call. Its SMS does not count towards the SMS limit.",
    )
    kinds = ArrayField(
        models.CharField(max_length=16, choices=Kind),
        default=of_treatments,
        help_text="For which visits. What speaks of skin is for treatments only.",
    )
    skin_types = ArrayField(
        models.PositiveSmallIntegerField(choices=SkinType),
        default=list,
        blank=True,
        help_text="Only for these; for all if none is ticked.",
    )
    zones = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text="Only if one of them was treated; for all if none is ticked.",
    )
    anaesthetic_used = models.BooleanField(
        null=True, blank=True, help_text="Only if the skin was, or was not, numbed."
    )
    next_session_booked = models.BooleanField(
        null=True,
        blank=True,
        help_text="Yes: only if the plan has another one booked. "
        "No: only if the plan has sessions left and none is booked.",
    )
    asks_for = models.SlugField(
        "asks to book",
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Code of a kind of visit, such as outcome-90d. Withdrawn once the plan has it "
        "booked.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "aftercare_step"
        constraints = [
            models.UniqueConstraint(
                name="care_step_once_per_protocol",
                fields=["code", "protocol"],
                nulls_distinct=False,
                violation_error_message=_("This protocol has a step of this code already."),
            ),
            one_of("care_step_anchor_known", anchor=Anchor),
            one_of("care_step_channel_policy_known", channel_policy=ChannelPolicy),
            one_of("care_step_purpose_known", purpose=Purpose),
            models.CheckConstraint(
                name="care_step_is_useful_for_a_while",
                condition=Q(useful_for__gt=timedelta(0)),
                violation_error_message=_("A message must be useful for some time."),
            ),
            models.CheckConstraint(
                name="care_step_on_its_side_of_the_anchor",
                condition=Q(anchor=Anchor.STARTS, offset__lt=timedelta(0))
                | (~Q(anchor=Anchor.STARTS) & Q(offset__gte=timedelta(0)))
                | Q(anchor__in=TREATED, from_next_window=True),
                violation_error_message=_(
                    "Steps counted from the start come before it, with a "
                    "negative offset; all others come after."
                ),
            ),
            models.CheckConstraint(
                name="care_step_time_of_a_later_day",
                condition=Q(at_time__isnull=True)
                | Q(anchor__in=TREATED, offset__gte=timedelta(days=1)),
                violation_error_message=_(
                    "A time of day is for what comes a day or more after a treatment."
                ),
            ),
            models.CheckConstraint(
                name="care_step_within_three_years",
                condition=Q(offset__range=(timedelta(days=-1096), timedelta(days=1096)))
                & Q(useful_for__lte=timedelta(days=366)),
                violation_error_message=_(
                    "A step lies within three years of its anchor, and is "
                    "useful for a year at most."
                ),
            ),
            models.CheckConstraint(
                name="care_step_window_after_treatment",
                condition=Q(from_next_window=False) | Q(anchor__in=TREATED),
                violation_error_message=_("Only a completed session has a next one to count from."),
            ),
            models.CheckConstraint(
                name="care_step_asks_after_treatment",
                condition=Q(asks_for="") | Q(anchor__in=TREATED),
                violation_error_message=_("Only a treatment is followed by such a visit."),
            ),
            models.CheckConstraint(
                name="care_step_of_known_kinds",
                condition=Q(kinds__len__gte=1) & Q(kinds__contained_by=Kind.values),
                violation_error_message=_("Name at least one kind of visit."),
            ),
            models.CheckConstraint(
                name="care_step_asks_of_treatments",
                condition=~Q(kinds__overlap=TALKS)
                | (~Q(anchor__in=TREATED) & Q(skin_types=[]))
                | Q(anchor=Anchor.COMPLETED, skin_types=[], kinds__contained_by=TOUCHES_SKIN),
                violation_error_message=_(
                    "What follows on a treatment, or depends on the skin, is "
                    "for treatments only. A test of a spot may be followed once it is completed."
                ),
            ),
            models.CheckConstraint(
                name="care_step_asks_what_is_known",
                condition=Q(anchor__in=TREATED) | Q(zones=[], anaesthetic_used__isnull=True),
                violation_error_message=_("Zones and numbing are known once a session is over."),
            ),
        ]

    def __str__(self) -> str:
        return shipped(self.name)

    def clean(self) -> None:
        types = set(self.skin_types or [])
        if not types <= set(SkinType.values):
            raise ValidationError({"skin_types": gettext("Skin types are 1 to 6.")})
        known = set(Zone.objects.filter(code__in=self.zones or []).values_list("code", flat=True))
        if unknown := sorted(set(self.zones or []) - known):
            raise ValidationError(
                {"zones": gettext("Unknown: {unknown}.").format(unknown=", ".join(unknown))}
            )
        codes = set(VisitType.objects.values_list("code", flat=True)) if self.asks_for else set()
        if codes and self.asks_for not in codes:  # before the first clinic there are none
            known_codes = ", ".join(sorted(codes))
            raise ValidationError(
                {
                    "asks_for": gettext("Unknown. There are: {known_codes}.").format(
                        known_codes=known_codes
                    )
                }
            )

    @property
    def channels(self) -> list[Channel]:
        """All that its policy may use, in the order of preference."""
        return CHANNELS[self.channel_policy]

    @property
    def has_fallback(self) -> bool:
        """Whether the second channel stands in for the first."""
        return self.channel_policy in (ChannelPolicy.EMAIL_ELSE_SMS, ChannelPolicy.SMS_ELSE_EMAIL)


class MessageTemplateQuerySet(models.QuerySet["MessageTemplate"]):
    def current(self, *, step_id: object, channel: object, language: str) -> Self:
        """The newest version in `language`, or else in English."""
        fallback = settings.LANGUAGE_CODE
        return (
            self.filter(step=step_id, channel=channel, language__in=[language, fallback])
            .annotate(in_own_language=Q(language=language))
            .order_by("-in_own_language", "-version")
        )


class MessageTemplate(Model):
    """One version of the text of a step, per channel and language.

    A version is never edited, not even by SQL: a new text is a new version, and each message
    keeps the version that it was sent with. The text may use the variables of `texts.variables`;
    the body of an e-mail is Markdown. What a text may not say, `texts.checks` checks for whoever
    saves one.
    """

    step = models.ForeignKey(CareStep, on_delete=models.PROTECT, related_name="templates")
    channel = models.CharField(max_length=8, choices=Channel)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=120, blank=True, help_text="Of an e-mail.")
    body = models.TextField(max_length=10_000)
    max_parts = models.PositiveSmallIntegerField(
        "most SMS parts",
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(4)],
        help_text="How many SMS it may cost at the longest.",
    )

    objects = MessageTemplateQuerySet.as_manager()

    class Meta:
        db_table = "aftercare_template"
        constraints = [
            models.UniqueConstraint(
                name="template_version_once", fields=["step", "channel", "language", "version"]
            ),
            one_of("template_channel_known", channel=Channel),
            models.CheckConstraint(
                name="template_subject_iff_email",
                condition=(Q(channel=Channel.EMAIL) & ~Q(subject=""))
                | Q(channel="SMS", subject=""),
                violation_error_message=_("An e-mail needs a subject, an SMS has none."),
            ),
            models.CheckConstraint(
                name="template_max_parts_1_to_4",
                condition=Q(max_parts__range=(1, 4)),
                violation_error_message=_("An SMS has 1 to 4 parts."),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return gettext("{step}, {channel}, {language}, version {version}").format(
            step=self.step,
            channel=self.get_channel_display(),
            language=self.get_language_display(),
            version=self.version,
        )
