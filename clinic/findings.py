"""What a safety rule has to say about a treatment, in one shape for admin, API and booking."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Severity(models.TextChoices):
    """BLOCK stops the treatment, WARN needs a decision with a reason, INFO is good to know."""

    BLOCK = "BLOCK", _("Block")
    WARN = "WARN", _("Warn")
    INFO = "INFO", _("Info")


# The source of a rule that this product has made up itself.
OUR_DEFAULT = "Clinical rules · evidence: default of this product, no published source"


@dataclass(frozen=True)
class Finding:
    """One statement of one rule.

    `subject` is what it is about (the code of a zone, product or side effect; empty for the person
    or the session as a whole): code and subject together name a finding, and what is overridden.
    `source` ends with its kind of evidence, in words. `numbers` are the figures that were compared,
    with their units in the keys. Nobody can override it if `overridable_by` (roles) is empty; with
    `sign_off`, whoever does holds that credential, or names who has signed off and when.
    `clear_on` is the first day without it.
    """

    code: str
    severity: Severity
    message: str
    rule: str
    source: str
    subject: str = ""
    clear_on: date | None = None
    overridable_by: tuple[str, ...] = ()
    sign_off: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_decision(self) -> bool:
        """Whether the treatment may not go on without an override."""
        return self.severity != Severity.INFO

    def may_be_overridden(
        self, role: str, *, credentials: Collection[str] = (), is_signed_off: bool = False
    ) -> bool:
        """By somebody of this role, with the credentials that they hold on that day."""
        has_sign_off = not self.sign_off or self.sign_off in credentials or is_signed_off
        return self.needs_decision and role in self.overridable_by and has_sign_off

    def as_dict(self) -> dict[str, Any]:
        """For JSON: problem documents, the API and the stored check."""
        return {
            "code": self.code,
            "subject": self.subject,
            "severity": self.severity.value,
            "message": self.message,
            "rule": self.rule,
            "source": self.source,
            "numbers": dict(self.numbers),
            "clear_on": self.clear_on.isoformat() if self.clear_on else None,
            "overridable_by": list(self.overridable_by),
            "sign_off": self.sign_off,
        }
