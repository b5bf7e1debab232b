"""An import from the upload to its end. Each row is a transaction of its own, so that a worker that
is killed has lost nothing, and nobody is registered twice."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop

from clinic.db.retries import retried_transaction
from clinic.errors import Conflict, DomainError
from clinic.models import Clinic, User
from patients.models import ImportedRow, Patient, PatientImport, RowState
from patients.services.imports.files import UnreadableFile, read_table
from patients.services.imports.rows import TITLES, Problem, columns_of, patient_of
from patients.services.registration import register_patient

AT_ONCE = 200  # rows, before a worker looks after others
SHOWN = 3  # records that it may be


class ImportStarted(Conflict):
    code = "import_started"
    title = gettext_noop("The import was started already")


class ImportUnchecked(Conflict):
    code = "import_unchecked"
    title = gettext_noop("The rows are still being checked")


@retried_transaction
def upload_patients(
    *, clinic: Clinic, name: str, content: bytes, at: datetime, by: User
) -> PatientImport:
    """Keep the rows of a file, to be checked by a worker. The same file once more is the import
    that it was. Raises UnreadableFile."""
    digest = hashlib.sha256(content).hexdigest()
    if known := PatientImport.objects.filter(clinic=clinic, digest=digest).first():
        return known
    heading, *table = read_table(content)
    columns, left_out = columns_of(heading)
    batch = PatientImport.objects.create(
        clinic=clinic,
        name=name[:120],
        digest=digest,
        left_out=", ".join(left_out)[:500],
        uploaded_at=at,
        uploaded_by=by,
    )
    rows = [
        ImportedRow(
            batch=batch,
            number=number,
            values={field: row[place] for place, field in columns.items() if place < len(row)},
        )
        for number, row in enumerate(table, 2)
        if any(row)
    ]
    if not rows:
        raise UnreadableFile(gettext("Below the heading there is no row."), field="file")
    _note_twins(rows)
    ImportedRow.objects.bulk_create(rows, batch_size=1_000)
    return batch


@retried_transaction
def start_import(
    *, import_id: UUID, accepted: Collection[int] = (), at: datetime, by: User
) -> PatientImport:
    """Have the rows that are ready registered, and those known ones that were `accepted` as other
    people. Raises ImportStarted, ImportUnchecked."""
    batch = _locked(import_id)
    if batch.rows.filter(state=RowState.NEW).exists():
        raise ImportUnchecked(gettext("Wait until all rows are checked."))
    named = batch.rows.filter(state=RowState.KNOWN, number__in=accepted)
    named.update(state=RowState.READY, is_accepted=True)
    batch.started_at, batch.started_by = at, by
    batch.save(update_fields=["started_at", "started_by"])
    return batch


@retried_transaction
def discard_import(*, import_id: UUID, at: datetime, by: User) -> None:
    """Forget a file that was not started. Raises ImportStarted."""
    _locked(import_id).delete()


def _locked(import_id: UUID) -> PatientImport:
    batch = PatientImport.objects.select_for_update(of=("self",)).get(pk=import_id)
    if batch.started_at:
        raise ImportStarted(gettext("What it has registered stays."))
    return batch


def go_on_with_imports(*, at: datetime) -> bool:
    """Check and register the next rows of each import; whether there are more."""
    open_ones = PatientImport.objects.filter(ended_at=None).order_by("pk")
    more = [_go_on(pk, at=at) for pk in list(open_ones.values_list("pk", flat=True))]
    return any(more)


def _go_on(import_id: UUID, *, at: datetime) -> bool:
    return all(_next_row(import_id=import_id, at=at) for _ in range(AT_ONCE))


@retried_transaction
def _next_row(*, import_id: UUID, at: datetime) -> bool:
    """Its row is locked, so that no two workers look at one person at the same time; False if
    nothing is to be done, or another worker is on it."""
    locked = PatientImport.objects.select_for_update(of=("self",), skip_locked=True)
    batch = locked.select_related("clinic", "started_by").filter(pk=import_id).first()
    if batch is None or batch.ended_at:
        return False
    row = batch.rows.filter(state=RowState.NEW).order_by("number").first()
    if row is not None:
        _check(row, batch)
        return True
    if batch.started_by is None:
        return False
    row = batch.rows.filter(state=RowState.READY).order_by("number").first()
    if row is None:
        batch.rows.update(values={})
        batch.ended_at = at
        batch.save(update_fields=["ended_at"])
        return False
    _register(row, batch, at=at, by=batch.started_by)
    return True


def _check(row: ImportedRow, batch: PatientImport) -> None:
    patient, problems = patient_of(row.values, batch.clinic)
    if problems:
        _settle(row, RowState.WRONG, problems)
    elif row.twin:
        _settle(
            row,
            RowState.KNOWN,
            [("", gettext("The same person as row {twin}?").format(twin=row.twin))],
        )
    elif known := _known(patient):
        _settle(row, RowState.KNOWN, known)
    else:
        _settle(row, RowState.READY, [])


def _known(patient: Patient) -> list[Problem]:
    found = Patient.objects.possible_duplicates_of(patient)[:SHOWN]
    return [(str(one.pk), "") for one in found]


def _note_twins(rows: Iterable[ImportedRow]) -> None:
    """Which earlier row has the same number or address, or the same name and birth date. While the
    file is read: PostgreSQL cannot compare what is encrypted."""
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        marks = list(_marks(row.values))
        row.twin = next((first[mark] for mark in marks if mark in first), None)
        for mark in marks:
            first.setdefault(mark, row.number)


def _marks(values: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name in ("mobile", "email"):
        if values.get(name):
            yield name, values[name]
    if born := values.get("date_of_birth"):
        yield born, values.get("given_name", ""), values.get("family_name", "")


def _register(row: ImportedRow, batch: PatientImport, *, at: datetime, by: User) -> None:
    patient, problems = patient_of(row.values, batch.clinic)
    known = [] if row.is_accepted or problems else _known(patient)
    if problems or known:  # somebody has registered them meanwhile
        _settle(row, RowState.WRONG if problems else RowState.KNOWN, problems or known)
        return
    details = {name: getattr(patient, name) for name in TITLES}
    try:
        with pghistory.context(user=str(by.pk)):
            register_patient(clinic=batch.clinic, details=details, at=at, by=by)
    except ValidationError as error:
        words = [
            (TITLES.get(name, ""), " ".join(said)) for name, said in error.message_dict.items()
        ]
        _settle(row, RowState.WRONG, words)
    except DomainError as error:
        _settle(row, RowState.WRONG, [(TITLES.get(error.field, ""), error.message)])
    else:
        _settle(row, RowState.DONE, [])


def _settle(row: ImportedRow, state: RowState, notes: list[Problem]) -> None:
    row.state, row.notes = state, [list(note) for note in notes]
    row.save(update_fields=["state", "notes"])
