"""Emptying the columns, row by row of every table about a patient.

Note [Past the triggers]
    Signed records and histories are kept by triggers from everybody who writes. An erasure is the
    one thing besides a merge that goes past them: in this module, by pgtrigger's own way, for
    the tables and the transaction in question, and for those triggers only that refuse. Those
    that write history stay on: it tells that a row was emptied, when and by whom.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import pgtrigger
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Coalesce

from aftercare.models import AddressConsent
from aftercare.records.erasure.columns import DELETED, erased_fields, erased_models, of_history
from aftercare.records.export.tables import Model, rows_of, same_person
from clinic.db.encryption import EncryptedJSONField, EncryptedTextField
from patients.models import Patient, PatientExport
from patients.models.patient import EARLIEST_BIRTH
from sessions.models import Photo, SideEffectNote

ERASED = "(erased)"
NOWHERE = "https://erased.invalid/"
DAY: Any = models.DateField()


def erase(patient: Patient, *, keeps_record: bool, at: datetime) -> None:
    """Empty what is held about them; the caller holds the lock of the record. Done once more it
    changes nothing."""
    ids = same_person(patient)
    # First the tables, then their histories: triggers write there what the tables become.
    tables = sorted(erased_models(keeps_record=keeps_record), key=lambda m: bool(of_history(m)))
    files = _end_exports(ids, at=at)
    with pgtrigger.ignore(*_refusing_triggers({*tables, *DELETED})), transaction.atomic():
        for model in tables:
            keys = _keys(model, patient, ids)
            if values := _values(model, keeps_record=keeps_record):
                model._base_manager.filter(pk__in=keys).update(**values)
            _empty_log(model, keys)
        if not keeps_record:
            files += _delete_photos(ids)
    # Last, when it is sure that the rows are gone: a file without a row is found by nobody.
    transaction.on_commit(lambda: _delete_files(files))


def _delete_files(names: Collection[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _end_exports(ids: Collection[UUID], *, at: datetime) -> list[str]:
    """One that is being made ends, behind the lock of the worker that is on it."""
    exports = PatientExport.objects.filter(patient__in=ids, removed_at=None)
    exports.filter(ready_at=None, failed_at=None).update(failed_at=at)
    exports.filter(expires_at__gt=at).update(expires_at=at)
    return [export.file for export in exports]


def _delete_photos(ids: Collection[UUID]) -> list[str]:
    SideEffectNote.objects.filter(photo__patient__in=ids).update(photo=None)
    photos = Photo.objects.filter(patient__in=ids)
    files = [name for pair in photos.values_list("image", "thumbnail") for name in pair]
    photos.delete()
    return files


def _keys(model: Model, patient: Patient, ids: Collection[UUID]) -> list[Any]:
    """Of the rows to empty: an update knows no ways to other tables."""
    found = rows_of(model, patient, ids)
    if model is AddressConsent:
        others = Patient.objects.exclude(pk__in=ids)
        shared = Q(address__in=others.exclude(email="").values("email"))
        shared |= Q(address__in=others.exclude(mobile="").values("mobile"))
        found = found.exclude(shared)  # what somebody else said of the same address stays
    return list(found.order_by().values_list("pk", flat=True))


def _empty_log(model: Model, keys: Collection[Any]) -> None:
    """Of the admin: it calls each row by what it was called when it was changed."""
    kind = ContentType.objects.get_for_model(model)
    entries = LogEntry.objects.filter(content_type=kind, object_id__in=[str(key) for key in keys])
    entries.update(object_repr=ERASED, change_message="")


def _values(model: Model, *, keeps_record: bool) -> dict[str, Any]:
    values = {
        field.attname: _emptied(field) for field in erased_fields(model, keeps_record=keeps_record)
    }
    if Patient in (model, of_history(model)):
        # Who is not to be written to has a birth date, by a constraint; only the year stays of it.
        first = Value(EARLIEST_BIRTH, DAY)
        year = Cast(Func(Value("year"), F("date_of_birth"), function="date_trunc"), DAY)
        born = F("date_of_birth") if keeps_record else year
        values["date_of_birth"] = Coalesce(born, first, output_field=DAY)
        if not keeps_record:
            values |= {"given_name": Value(""), "family_name": Value(ERASED)}
    return values


def _emptied(field: Any) -> Any:
    """Words say that something stood there; where they would be no address and no line that can be
    drawn, there is nothing."""
    if isinstance(field, EncryptedJSONField):
        return field.nothing
    if isinstance(field, models.JSONField):
        return type(field.get_default())() if field.has_default() else {}
    if isinstance(field, models.EmailField) or field.name in ("mobile", "signature"):
        return ""
    if not isinstance(field, models.CharField | models.TextField):
        return []
    words = NOWHERE if isinstance(field, models.URLField) else ERASED
    empty = When(**{field.attname: ""}, then=Value(""))
    kind = field if isinstance(field, EncryptedTextField) else models.CharField()
    return Case(empty, default=Value(words, kind), output_field=kind)


def _refusing_triggers(tables: Collection[Any]) -> list[str]:
    """Note [Past the triggers]."""
    return [
        trigger.get_uri(model)
        for model, trigger in pgtrigger.registered()
        if model in tables
        and (
            isinstance(trigger, pgtrigger.Protect | pgtrigger.ReadOnly)
            or "RAISE" in str(trigger.func)
        )
    ]
