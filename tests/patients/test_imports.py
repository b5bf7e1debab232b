"""Patients from a file of another system: read, checked, registered once."""

from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from clinic.models import Clinic, Role, User
from patients.models import ImportedRow, Patient, PatientImport, RowState
from patients.services.imports import go_on_with_imports, start_import, upload_patients
from patients.services.imports.files import UnreadableFile, read_table
from patients.services.imports.rows import columns_of, patient_of
from patients.services.imports.run import ImportStarted, ImportUnchecked
from tests.admin.pages import client_of
from tests.factories import NINE, PatientFactory, PatientImportFactory, UserFactory
from tests.support.words import visible

HEAD = "Given name;Family name;Birth date;E-mail;Mobile;Language;Old id\n"
ANNA = "Anna;Meier;17.05.1990;anna@example.com;0151 23456789;es;7\n"
BEN = "Ben;Ode;1985-01-31;;+4915123450000;;8\n"


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet("Patients")
    for row in rows:
        sheet.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "Nothing stands in"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "neither"),
        (b"Given name\0;Family name\n", "neither"),
        (b"PK\x03\x04 no zip at all", "neither"),
        (b"PK" + b"\0" * 1000, "neither"),
        (HEAD.encode() + "Zoë;;\n".encode("latin-1"), "UTF-8"),
        (b"\xff\xfeA", "UTF-8"),
        (b'Given name\n"' + b"a" * 200_000 + b"\n", "neither"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b"Name\n" + b"A\n" * 10_001, "More than 10000 rows"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read_table(content)


def test_a_small_file_that_is_large_unpacked_is_refused() -> None:
    book = workbook(["Name"], *[["a" * 30_000]] * 1_800)
    assert len(book) < 5_000_000
    with pytest.raises(UnreadableFile, match="too large"):
        read_table(book)


@pytest.mark.parametrize(
    "content",
    [
        b"Name,Born\nOde,1985-01-31\n",
        b"\xef\xbb\xbfName;Born\r\nOde;1985-01-31\r\n\r\n",
        "Name\tBorn\nOde\t1985-01-31".encode("utf-16"),
        workbook(["Name", "Born"], ["Ode", datetime(1985, 1, 31)], [None, None]),
        workbook(["Name", "Born"], ["Ode", date(1985, 1, 31)]),
    ],
)
def test_whoever_has_made_it_it_is_the_same_table(content: bytes) -> None:
    assert read_table(content) == [["Name", "Born"], ["Ode", "1985-01-31"]]


@pytest.mark.parametrize(
    ("heading", "says"),
    [(["Given name", "First name"], "Two columns"), (["Town"], "must be a heading")],
)
def test_a_heading_that_cannot_be_understood_is_refused(heading: list[str], says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        columns_of(heading)


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ({"date_of_birth": "01/02/1990"}, "Birth date", "write 1990-05-17"),
        ({"date_of_birth": "1990-02-30"}, "Birth date", "write 1990-05-17"),
        ({"date_of_birth": "1890-02-03"}, "Birth date", "between 1900 and today"),
        ({"email": "anna"}, "E-mail", ""),
        ({"mobile": "12"}, "Mobile", ""),
        ({"language": "Klingon"}, "Language", "write en or es"),
        ({"sex": "7"}, "Sex", "female, male or other"),
        ({"given_name": "=A1"}, "Given name", "a formula"),
        ({"given_name": "", "family_name": ""}, "Given name", "at least one name"),
        ({"mobile": "", "email": "", "date_of_birth": ""}, "Mobile", "without one, the birth date"),
        ({"given_name": "a" * 81}, "Given name", "at most 80"),
    ],
)
@pytest.mark.django_db
def test_what_is_wrong_is_said_by_column(
    clinic: Clinic, cells: dict[str, str], column: str, says: str
) -> None:
    good = {"given_name": "Anna", "family_name": "", "date_of_birth": "1990-05-17"}

    _, problems = patient_of(good | cells, clinic)

    assert [words for title, words in problems if title == column and says in words], problems


def sent(clinic: Clinic, by: User, content: str | bytes = HEAD + ANNA + BEN) -> PatientImport:
    data = content.encode() if isinstance(content, str) else content
    return upload_patients(clinic=clinic, name="old.csv", content=data, at=NINE, by=by)


def states(batch: PatientImport) -> list[str]:
    return list(batch.rows.order_by("number").values_list("state", flat=True))


@pytest.mark.django_db
def test_patients_are_registered_once_however_often_it_is_done(
    clinic: Clinic, manager: User
) -> None:
    batch = sent(clinic, manager)
    with pytest.raises(ImportUnchecked):
        start_import(import_id=batch.pk, at=NINE, by=manager)
    go_on_with_imports(at=NINE)
    assert states(batch) == ["READY", "READY"]
    assert not Patient.objects.exists()

    start_import(import_id=batch.pk, at=NINE, by=manager)
    go_on_with_imports(at=NINE)
    with pytest.raises(ImportStarted):
        start_import(import_id=batch.pk, at=NINE, by=manager)
    assert sent(clinic, manager).pk == batch.pk
    assert go_on_with_imports(at=NINE) is False

    anna, ben = Patient.objects.order_by("given_name")
    assert (anna.date_of_birth, anna.language, str(anna.mobile)) == (
        *(date(1990, 5, 17), "es", "+4915123456789"),
    )
    assert (ben.full_name, ben.email, ben.language) == ("Ben Ode", "", "en")
    assert not anna.contact_consents.exists()
    history = anna.history.get()  # type: ignore[attr-defined]
    assert history.pgh_context.metadata["user"] == str(manager.pk)
    assert states(batch) == ["DONE", "DONE"]
    assert not ImportedRow.objects.exclude(values={}).exists(), "they stand in the records now"


@pytest.mark.django_db
def test_who_is_known_is_left_out_unless_somebody_says_otherwise(
    clinic: Clinic, manager: User
) -> None:
    PatientFactory(clinic=clinic, mobile="+4915123450000")
    twin = ANNA.replace("Anna", "Hanna")
    batch = sent(clinic, manager, HEAD + ANNA + BEN + twin + "Eva;Lund;1971-03-04;;;;\n")
    go_on_with_imports(at=NINE)
    assert states(batch) == ["READY", "KNOWN", "KNOWN", "READY"]
    assert batch.rows.get(number=4).notes == [["", "The same person as row 2?"]]

    PatientFactory(  # registered at the desk meanwhile
        clinic=clinic, given_name="Eva", family_name="Lund", date_of_birth=date(1971, 3, 4)
    )
    start_import(import_id=batch.pk, accepted=[4], at=NINE, by=manager)
    go_on_with_imports(at=NINE)

    assert states(batch) == ["DONE", "KNOWN", "DONE", "KNOWN"]


@pytest.mark.django_db
def test_a_worker_that_is_killed_goes_on_where_it_was(clinic: Clinic, manager: User) -> None:
    batch = sent(clinic, manager, HEAD + ANNA + BEN + "Eva;Lund;1971-03-04;;;;\n")
    go_on_with_imports(at=NINE)
    start_import(import_id=batch.pk, at=NINE, by=manager)

    def die(instance: Patient, created: bool, **_: Any) -> None:
        if created and instance.given_name == "Ben":
            raise KeyboardInterrupt

    post_save.connect(die, sender=Patient)
    try:
        with pytest.raises(KeyboardInterrupt):
            go_on_with_imports(at=NINE)
    finally:
        post_save.disconnect(die, sender=Patient)
    assert states(batch) == ["DONE", "READY", "READY"]

    go_on_with_imports(at=NINE)

    names = Patient.objects.order_by("given_name").values_list("given_name", flat=True)
    assert list(names) == ["Anna", "Ben", "Eva"]


def file(content: bytes, name: str = "old.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.django_db
def test_the_manager_sees_what_is_wrong_and_starts_it(clinic: Clinic, manager: User) -> None:
    client, page = client_of(manager), reverse("import")
    known = PatientFactory(clinic=clinic, mobile="+4915123450000")
    content = HEAD + ANNA + BEN + ";;31/12/1990;;;;\n"

    for bad, says in [(b"", "is empty"), (b"\0", "neither")]:
        again = client.post(page, {"clinic": clinic.pk, "file": file(bad)})
        assert says in visible(again)
    assert "This field is required" in visible(client.post(page, {"clinic": clinic.pk}))
    done = client.post(page, {"clinic": clinic.pk, "file": file(content.encode())}, follow=True)
    here = done.redirect_chain[-1][0]
    assert "Checked 0 of 3" in visible(done)

    go_on_with_imports(at=NINE)
    shown = visible(client.get(here))
    for words in ("left out: Old id", "write 1990-05-17", "Ben Ode", str(known), "at least one"):
        assert words in shown, words
    assert "1 can be registered, 1 has a problem, 1 may be known already." in shown

    client.post(here, {"start": "1", "anyway": ["3", "x", "-1", "9" * 30]})
    go_on_with_imports(at=NINE)
    assert "Done: 2 patients registered, 1 row left out." in visible(client.get(here))
    assert "What it has registered stays." in visible(
        client.post(here, {"start": "1"}, follow=True)
    )
    assert "old.csv" in visible(client.get(page))


@pytest.mark.django_db
def test_a_file_is_discarded_and_nobody_registered(clinic: Clinic, manager: User) -> None:
    batch = sent(clinic, manager)
    go_on_with_imports(at=NINE)
    here = reverse("import-file", args=[batch.pk])

    page = visible(client_of(manager).post(here, {"discard": "1"}, follow=True))

    assert "is discarded. Nobody was registered." in page
    assert not PatientImport.objects.exists()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.django_db
def test_the_empty_file_is_one_that_can_be_read(manager: User, kind: str) -> None:
    answer = client_of(manager).get(reverse("import"), {"template": kind})

    (heading,) = read_table(answer.content)
    columns, left_out = columns_of(heading)
    assert (len(columns), left_out) == (7, [])


@pytest.mark.django_db
def test_only_a_manager_of_the_clinic_imports(clinic: Clinic, bob: User) -> None:
    batch = PatientImportFactory(clinic=clinic)
    here = reverse("import-file", args=[batch.pk])
    for role in Role.values:
        client = client_of(UserFactory(role=role, clinic=clinic))
        may = role == Role.MANAGER
        for page in (reverse("import"), here):
            assert client.get(page).status_code == (200 if may else 403)
            assert client.post(page).status_code in ((200, 302) if may else (403,))
    elsewhere = client_of(UserFactory(role=Role.MANAGER, clinic=bob.clinics.get()))
    assert elsewhere.get(here).status_code == 404
    assert elsewhere.post(here, {"discard": "1"}).status_code == 404


@pytest.mark.django_db
def test_a_page_takes_as_many_statements_for_many_rows(
    clinic: Clinic, manager: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client, counts = client_of(manager), []
    for number in (2, 30):
        batch = PatientImportFactory(clinic=clinic)
        people = PatientFactory.create_batch(number, clinic=clinic)
        for place, patient in enumerate(people):
            batch.rows.create(number=place, state=RowState.KNOWN, notes=[[str(patient.pk), ""]])
        client.get(reverse("import-file", args=[batch.pk]))
        with CaptureQueriesContext(connection) as caught:
            client.get(reverse("import-file", args=[batch.pk]))
        counts.append(len(caught))
    assert counts[0] == counts[1]
