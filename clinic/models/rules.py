"""Single clinical numbers that rules are made with."""

from django.db import models

from clinic.models.base import (
    Evidence,
    Versioned,
    VersionedQuerySet,
    append_only,
    one_of,
    version_once,
)
from clinic.values.names import shipped


class ClinicalRule(Versioned):
    """One number that a safety rule uses, such as the hours after which a re-screening is due.

    A catalogue; which codes there are is fixed by the rules that read them.
    """

    code = models.SlugField(max_length=40)
    title = models.CharField(max_length=160)
    value = models.DecimalField(max_digits=8, decimal_places=2)
    unit = models.CharField(max_length=20)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "clinic_clinical_rule"
        constraints = [
            version_once("clinical_rule_version_once", "code"),
            one_of("clinical_rule_evidence_known", evidence=Evidence),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return f"{shipped(self.title)}: {self.value:g} {self.unit}"
