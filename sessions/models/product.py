"""What is put on the skin: what its label says, and the drugs in it. Versioned, never edited."""

from decimal import Decimal

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import (
    Evidence,
    Model,
    Versioned,
    VersionedQuerySet,
    append_only,
    one_of,
    refuse,
    version_once,
)
from clinic.values.names import shipped
from sessions.models.catalogue import codes

LEAST = MinValueValidator(Decimal("0.01"))


class ProductKind(models.TextChoices):
    ANAESTHETIC = "ANAESTHETIC", _("Topical anaesthetic")
    SERUM = "SERUM", _("Serum")
    DRESSING = "DRESSING", _("Dressing")
    BLOOD = "BLOOD", _("Blood product, such as PRP")


class Product(Versioned):
    """What is put on the skin before, during or after: with what its label says."""

    code = models.SlugField(max_length=40)
    kind = models.CharField(max_length=12, choices=ProductKind)
    name = models.CharField(max_length=120)
    strength_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    is_prescription = models.BooleanField(default=False)
    for_dermis = models.BooleanField(
        default=False, help_text="Does its label allow use in the dermis, through the channels?"
    )
    minutes_max = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Longest time on the skin, by its label."
    )
    grams_per_cm2_max = models.DecimalField(
        max_digits=5, decimal_places=3, null=True, blank=True, help_text="Most grams for each cm²."
    )
    grams_max = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Most grams on one day, over all areas, and with other creams in proportion.",
    )
    mg_per_kg_max = models.DecimalField(
        "most mg per kg",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Most milligrams of all its drugs on one day for each kilogram of the patient.",
    )
    age_min = models.PositiveSmallIntegerField(
        "from age", null=True, blank=True, help_text="Years; empty if it is for every age."
    )
    not_near_eyes = models.BooleanField(default=False, db_default=False)
    not_with = codes(
        db_default=[],
        help_text="Questions of the screening, by code: with a yes to one it is not used. Where "
        "the question asks for a sign-off, it may be used with that.",
    )
    limits_by_label = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Are its limits of grams those of its label? If not, they are the clinic's own.",
    )
    may_be_occluded = models.BooleanField(default=False)

    objects = VersionedQuerySet.as_manager()

    class Meta:
        db_table = "treatment_product"
        constraints = [
            version_once("product_version_once", "code"),
            one_of("product_evidence_known", evidence=Evidence),
            one_of("product_kind_known", kind=ProductKind),
            models.CheckConstraint(
                name="product_strength_is_a_percentage",
                condition=Q(strength_percent__isnull=True) | Q(strength_percent__range=(0, 100)),
                violation_error_message=_("The strength must be 0 to 100 per cent."),
            ),
            models.CheckConstraint(
                name="product_limits_positive",
                condition=(Q(grams_max__isnull=True) | Q(grams_max__gt=0))
                & (Q(grams_per_cm2_max__isnull=True) | Q(grams_per_cm2_max__gt=0))
                & (Q(mg_per_kg_max__isnull=True) | Q(mg_per_kg_max__gt=0)),
                violation_error_message=_("A limit must be above zero; empty is none."),
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return shipped(self.name)

    @property
    def named_drugs(self) -> "list[ProductDrug]":
        """The drugs in it that are named, that of which it has most first."""
        return sorted(self.drugs.all(), key=lambda drug: (-drug.percent, drug.drug))


class LocalAnaesthetic(models.TextChoices):
    """The drugs that numb the skin, by their international names."""

    LIDOCAINE = "LIDOCAINE", _("Lidocaine")
    PRILOCAINE = "PRILOCAINE", _("Prilocaine")
    TETRACAINE = "TETRACAINE", _("Tetracaine")
    BENZOCAINE = "BENZOCAINE", _("Benzocaine")
    BUPIVACAINE = "BUPIVACAINE", _("Bupivacaine")
    CINCHOCAINE = "CINCHOCAINE", _("Cinchocaine (dibucaine)")
    MEPIVACAINE = "MEPIVACAINE", _("Mepivacaine")
    PRAMOCAINE = "PRAMOCAINE", _("Pramocaine (pramoxine)")


TOO_MUCH = "'the drugs are ' || total || ' %, more than the strength of ' || most || ' %'"


def drugs_within_strength() -> pgtrigger.Trigger:
    """Refuse drugs that are more than the strength of their product: no constraint sees two rows.

    Who adds the next one waits for the product, so that two at a time are added up as well.
    """
    return pgtrigger.Trigger(
        name="drugs_within_strength",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("most", "NUMERIC"), ("total", "NUMERIC")],
        func=pgtrigger.Func(  # type: ignore[no-untyped-call]
            f"""
            SELECT coalesce(strength_percent, 100) INTO most
                FROM treatment_product WHERE id = NEW.product_id FOR NO KEY UPDATE;
            SELECT NEW.percent + coalesce(sum(percent), 0) INTO total
                FROM treatment_product_drug WHERE product_id = NEW.product_id;
            IF total > most THEN
                {refuse(TOO_MUCH, "product_drugs_within_strength")}
            END IF;
            RETURN NEW;
            """  # noqa: S608  words of ours
        ),
    )


class ProductDrug(Model):
    """One drug of a numbing cream, and how much of the cream it is."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="drugs")
    drug = models.CharField(max_length=16, choices=LocalAnaesthetic)
    percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        validators=[LEAST, MaxValueValidator(100)],
        help_text="Of the weight of the cream: 2.5 are 25 mg in a gram.",
    )
    mg_per_kg_max = models.DecimalField(
        "most mg per kg",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[LEAST],
        help_text="Most milligrams of this drug on one day for each kilogram of the patient; empty "
        "if only all drugs together have a limit.",
    )

    class Meta:
        db_table = "treatment_product_drug"
        verbose_name = "drug"
        constraints = [
            models.UniqueConstraint(
                name="product_drug_once",
                fields=["product", "drug"],
                violation_error_message=_("Name each drug once."),
            ),
            one_of("product_drug_known", drug=LocalAnaesthetic),
            models.CheckConstraint(
                name="product_drug_is_a_percentage",
                condition=Q(percent__gt=0, percent__lte=100),
                violation_error_message=_("A drug is above 0 and at most 100 per cent."),
            ),
            models.CheckConstraint(
                name="product_drug_limit_positive",
                condition=Q(mg_per_kg_max__isnull=True) | Q(mg_per_kg_max__gt=0),
                violation_error_message=_("A limit must be above zero; empty is none."),
            ),
        ]
        triggers = [*append_only(), drugs_within_strength()]

    def __str__(self) -> str:
        return f"{self.get_drug_display()} {self.percent.normalize():f} %"

    def mg_in(self, grams: Decimal | None) -> Decimal | None:
        return None if grams is None else grams * 10 * self.percent
