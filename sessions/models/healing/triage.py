"""The rules by which reports of healing are triaged, in versions, and who has signed them."""

from datetime import datetime
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import (
    Evidence,
    Model,
    User,
    Versioned,
    VersionedQuerySet,
    append_only,
    one_of,
    version_once,
)
from clinic.values.moments import date_in_words
from sessions.triage import (
    BadRules,
    RuleSet,
    Vocabulary,
    read_rule_set,
    read_vocabulary,
)
from sessions.triage.rules import read_curves, read_rules


class TriageVersionQuerySet(VersionedQuerySet["TriageVersion"]):
    def in_effect(self, at: datetime) -> Self:
        """A version takes effect when it has been signed, and not before."""
        return self.filter(signatures__signed_at__lte=at).newest(at)

    def newest(self, at: datetime) -> Self:
        return super().in_effect(at)

    def to_use(self, at: datetime) -> "TriageVersion":
        """The version in effect; while none has been signed, the newest draft, which says so.

        Without any rules nothing would be read: a draft that says RED is better than silence.
        """
        return self.in_effect(at).first() or self.newest(at)[:1].get()


class TriageVersion(Versioned):
    """One version of all triage rules, with curves and red-flag words. A catalogue.

    What it may say is read by `sessions.triage`. It takes effect when a clinician has signed it;
    until then it is a draft.
    """

    code = models.SlugField(max_length=40, default="healing")
    title = models.CharField(max_length=160)
    rules = models.JSONField(help_text="A list of rules: code, name, source, cases.")
    curves = models.JSONField(help_text="A list of scores with days: last day, green to, amber to.")
    words = models.JSONField(help_text="A list of signs with phrases by language.")

    objects = TriageVersionQuerySet.as_manager()

    class Meta:
        db_table = "treatment_triage_version"
        verbose_name = "triage rules"
        verbose_name_plural = "triage rules"
        constraints = [
            version_once("triage_version_once", "code"),
            one_of("triage_version_evidence_known", evidence=Evidence),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{title}, version {version}").format(title=self.title, version=self.version)

    def clean(self) -> None:
        """What cannot be read is refused by the name of its field."""
        super().clean()
        errors = {}
        for name, read in (
            ("rules", read_rules),
            ("curves", read_curves),
            ("words", read_vocabulary),
        ):
            try:
                read(getattr(self, name))
            except BadRules as error:
                errors[name] = str(error)
        if errors:
            raise ValidationError(errors)

    @cached_property
    def rule_set(self) -> RuleSet:
        return read_rule_set(self.rules, self.curves)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return read_vocabulary(self.words)

    @cached_property
    def signature(self) -> "TriageSignature | None":
        return next(iter(self.signatures.all()), None) if self.pk else None

    @property
    def state(self) -> str:
        """Who has signed it, or that it is a draft: wherever it shows."""
        if signature := self.signature:
            return gettext("signed by {name} on {day}").format(
                name=signature.signer_name, day=date_in_words(signature.signed_at, "j M Y")
            )
        return gettext("Draft: no clinician has signed it")


class TriageSignature(Model):
    """A clinician has reviewed a version and answers for it. Append-only."""

    version = models.ForeignKey(TriageVersion, on_delete=models.PROTECT, related_name="signatures")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signer_name = models.CharField(
        max_length=160, help_text="Your full name and profession, as on a prescription."
    )
    signed_at = models.DateTimeField()
    note = models.TextField(blank=True, max_length=5_000, help_text="What you have checked.")

    class Meta:
        db_table = "treatment_triage_signature"
        constraints = [
            models.UniqueConstraint(
                name="triage_version_signed_once",
                fields=["version"],
                violation_error_message=_("This version is signed already."),
            ),
            models.CheckConstraint(
                name="triage_signature_has_a_name",
                condition=~Q(signer_name=""),
                violation_error_message=_("Say who signs."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return gettext("{version}, signed by {name}").format(
            version=self.version, name=self.signer_name
        )
