"""What is asked about patients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Lower

from clinic.models import ClinicScoped
from patients import search
from patients.models.names import PatientWords

if TYPE_CHECKING:
    from patients.models.patient import Patient

SIMILAR_NAMES = 0.4  # pg_trgm similarity: “Jon Smyth” and “John Smith” are 0.5


class PatientQuerySet(ClinicScoped["Patient"]):
    def search(self, text: str, *, clinics: Sequence[Any], most: int | None = None) -> Self:
        """Patients of these clinics whom `text` may mean, the best hit first (`place` 1, 2, …).

        What may be typed and how it is found: `patients.search`, which asks the database at once.
        """
        ids = search.best_hits(text, clinics=clinics)[:most]
        place = Func(
            Value(ids, ArrayField(models.UUIDField())),
            "id",
            function="array_position",
            output_field=models.IntegerField(),
        )
        return self.filter(pk__in=ids).annotate(place=place).order_by("place")

    def possible_duplicates_of(self, patient: "Patient") -> Self:
        """Records of the same clinic that may be the same person: the same mobile number, the
        same e-mail address, or a similar name where the birth dates do not say that it is another
        one. Whose own is not known may be any namesake that the search finds."""
        theirs = PatientWords("given_name", "family_name", Value(""))
        name = PatientWords(Value(patient.given_name), Value(patient.family_name), Value(""))
        same_or_unknown = Q(date_of_birth__isnull=True)
        if patient.date_of_birth:
            same_or_unknown |= Q(date_of_birth=patient.date_of_birth)
        else:
            same_or_unknown |= Q(
                pk__in=search.best_hits(patient.full_name, clinics=[patient.clinic_id])
            )
        match = Q(same_or_unknown, similarity__gte=SIMILAR_NAMES)
        if patient.mobile:
            match |= Q(mobile=patient.mobile)
        if patient.email:
            match |= ~Q(email="") & Q(mailbox=Lower(Value(patient.email)))
        return (
            self.filter(clinic=patient.clinic_id, merged_into__isnull=True)
            .exclude(pk=patient.pk)
            .annotate(
                similarity=Func(
                    theirs, name, function="similarity", output_field=models.FloatField()
                ),
                mailbox=Lower("email"),
            )
            .filter(match)
            .order_by("-similarity", "id")
        )
