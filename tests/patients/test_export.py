"""All that is held about one patient, as a file for that patient."""

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import jsonschema_rs
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from aftercare.models import Message
from aftercare.records.export import (
    consents,
    go_on_with_exports,
    remove_files,
    start_export,
    tables,
    texts,
)
from aftercare.records.export.schema import schema
from aftercare.tasks import make_exports
from clinic.audit.subjects import is_of_patients
from clinic.models import Action, Clinic, Outcome, Role, User
from clinic.ops.backup.make import _files
from patients.models import Patient, PatientExport
from patients.services.records import PatientArchived
from sessions.models import Photo
from tests.admin.pages import client_of, url
from tests.factories import (
    DAY,
    NINE,
    AddressConsentFactory,
    BreakGlassFactory,
    ExposureFactory,
    ExposureStepFactory,
    MessageFactory,
    PatientFactory,
    PhotoConsentFactory,
    PhotoFactory,
    SessionFactory,
    SideEffectFactory,
    SideEffectNoteFactory,
    TemplateFactory,
    TreatmentConsentFactory,
    UserFactory,
)
from tests.support.accesses import Watch, access_to
from tests.support.kept import kept
from tests.support.pictures import jpeg
from tests.support.words import visible

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@kept
def patient(clinic: Clinic) -> Any:
    return PatientFactory(clinic=clinic, given_name="Grace", family_name="Murray", language="es")


def made(patient: Patient, by: User) -> ZipFile:
    export = start_export(patient_id=patient.pk, after=None, at=NINE, by=by)
    assert go_on_with_exports(at=NINE) is False
    export.refresh_from_db()
    assert export.ready_at, export.tries
    with default_storage.open(export.file) as file:
        return ZipFile(BytesIO(file.read()))


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.rglob("*") if one.is_file()}


def test_every_table_about_patients_is_in_it_or_left_out_with_a_reason() -> None:
    """A new one with a key that leads to a patient is in it by itself."""
    about = {model for model in apps.get_models() if is_of_patients(model)}

    assert about - set(tables.exported_models()) == set(tables.LEFT_OUT)
    assert all(tables.left_out()[0].values())
    fields = [
        field.name
        for model in tables.exported_models()
        for field in model._meta.concrete_fields
        if field not in tables.exported_fields(model) and not field.generated
    ]
    assert set(fields) == {"pgh_context", *(name for _, name in tables.FIELDS_LEFT_OUT)}


@pytest.fixture
def whole(clinic: Clinic, patient: Any) -> Any:
    """A patient with a row of each kind that has a file, and somebody else beside."""
    session = SessionFactory(plan__patient=patient, status="COMPLETED")
    TreatmentConsentFactory(patient=patient, signer_name="Grace M.")
    PhotoConsentFactory(patient=patient, scope="TEACHING")
    default_storage.save("photos/a.jpg", ContentFile(jpeg()))
    PhotoFactory(patient=patient, image="photos/a.jpg")
    PhotoFactory(patient=patient, image="photos/lost.jpg")
    template = TemplateFactory(
        language="es", subject="Hola", body="Hola {{ given_name }}: {{ link }}"
    )
    MessageFactory(
        session=session, step=template.step, template=template, status="SENT", sent_at=NINE
    )
    effect = SideEffectFactory(session=session, note="Swollen")
    SideEffectNoteFactory(side_effect=effect, note="Without a picture")
    AddressConsentFactory(channel="EMAIL", address=patient.email.upper())
    other = PatientFactory(clinic=clinic, family_name="Somebody-Else")
    ExposureFactory(
        clinic=clinic, staff=None, by=UserFactory(), patient=patient, source_patient=other
    )
    ExposureStepFactory(exposure=ExposureFactory(clinic=clinic, source_patient=patient))
    return patient


def test_the_file_has_rows_words_pictures_and_signatures_and_keeps_to_its_schema(
    whole: Any, manager: User, alice: User
) -> None:
    access_to(whole, by=alice)
    merged = PatientFactory(
        clinic=whole.clinic, given_name="Gracie", merged_into=whole, archived_at=NINE
    )
    watch = Watch()

    with made(whole, manager) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    (row,) = watch.rows()

    record, shape = (json.loads(content[f"record{end}.json"]) for end in ("", ".schema"))
    faults = jsonschema_rs.Draft202012Validator(shape).iter_errors(record)
    assert [f"{list(one.instance_path)}: {one.message[:200]}" for one in faults] == []
    rows = record["tables"]
    assert {one["given_name"] for one in rows["patients.Patient"]} == {"Grace", "Gracie"}
    assert {str(merged.pk), str(whole.pk)} == {one["id"] for one in rows["patients.Patient"]}
    assert rows["patients.PatientHistory"][0]["family_name"] == "Murray"
    (effect,) = rows["treatment_sessions.SideEffect"]
    assert effect["note"] == "Swollen"
    assert rows["treatment_sessions.SideEffectNote"][0]["note"] == "Without a picture"
    assert set(effect["recorded_by"]) == {"id", "name"}
    (exposure,) = rows["treatment_sessions.BloodExposure"]
    assert exposure["source_patient"] is None, "it is somebody else"
    assert len(rows["aftercare.AddressConsent"]) == 1
    assert next(one["image"] for one in rows["treatment_sessions.Photo"]) in content
    assert "photos/lost.jpg" not in content, "what is lost keeps nothing else from the patient"
    assert record["messages"][0]["text"].startswith("Hola Grace: (link)")
    assert "Hola Grace" in content["messages.txt"].decode()
    assert "Esto es" in content["READ-ME.txt"].decode()
    assert "photos: " in content["READ-ME.txt"].decode()
    assert str(alice) in content["accesses.csv"].decode()
    assert sum(name.startswith("consents/") for name in content) == 2
    assert "Somebody-Else" not in "".join(map(repr, content.values()))
    assert (row.action, row.patient_ids, row.on_behalf_of) == (
        *(Action.EXPORT, [whole.pk], manager.pk),
    )


@pytest.mark.parametrize("scope", ["CLINICAL", "TEACHING", "MARKETING", None])
def test_a_consent_is_shown_in_the_words_that_were_signed(scope: str | None) -> None:
    made = PhotoConsentFactory(scope=scope) if scope else TreatmentConsentFactory()
    page = consents.consent_page(made)

    assert made.text.title in page
    assert made.signer_name in page


def test_it_names_no_folder_that_is_not_there(patient: Any, manager: User) -> None:
    with made(patient, manager) as packed:
        told = packed.read("READ-ME.txt").decode()

    assert "messages.txt: " in told
    assert "photos: " not in told
    assert "consents: " not in told


def test_two_presses_make_one_and_a_new_one_is_asked_for_by_name(
    patient: Any, manager: User
) -> None:
    def press(after: Any) -> PatientExport:
        return start_export(patient_id=patient.pk, after=after, at=NINE, by=manager)

    first = press(None)
    assert press(None) == press(first.pk) == first
    go_on_with_exports(at=NINE)
    assert press(None) == first, "pressed on a page that knew of none"
    assert press(first.pk) != first


def test_a_worker_that_is_killed_goes_on_with_the_next_part(
    whole: Any, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = start_export(patient_id=whole.pk, after=None, at=NINE, by=manager)
    real, calls = consents.consent_file, []

    def die(kind: str, pk: str) -> Any:
        calls.append(kind)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(kind, pk)

    monkeypatch.setattr(consents, "consent_file", die)
    with pytest.raises(KeyboardInterrupt):
        go_on_with_exports(at=NINE)
    export.refresh_from_db()
    assert (export.done, export.tries, export.parts[0]) == (3, 1, "rows")

    make_exports()

    export.refresh_from_db()
    assert calls == ["treatment", "photo", "photo"], "what was made is not made again"
    assert (export.is_going_on, export.tries) == (False, 0)


def test_what_fails_five_times_has_failed_and_leaves_nothing(
    patient: Any, manager: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = start_export(patient_id=patient.pk, after=None, at=NINE, by=manager)
    monkeypatch.setattr(texts, "accesses_csv", lambda patient: 1 / 0)
    for _ in range(5):
        assert go_on_with_exports(at=NINE) is False
        assert PatientExport.objects.get().is_going_on
    go_on_with_exports(at=NINE)
    export.refresh_from_db()
    assert export.failed_at
    assert "record.json" in names_in(media)

    assert remove_files(at=NINE) == 1

    assert names_in(media) == set()
    BreakGlassFactory(patient=patient, by=manager)
    page = visible(client_of(manager).get(page_of(patient)))
    assert "could not be made" in page


def test_the_file_goes_after_a_week_and_is_in_no_backup(
    patient: Any, manager: User, media: Path
) -> None:
    default_storage.save("photos/a.jpg", ContentFile(b"a"))
    made(patient, manager)
    assert names_in(media) == {"a.jpg", "export.zip"}
    assert {one.name for one in _files(media)} == {"a.jpg"}

    assert remove_files(at=NINE + 7 * DAY - DAY / 24) == 0
    assert remove_files(at=NINE + 7 * DAY) == 1
    assert remove_files(at=NINE + 7 * DAY) == 0

    assert names_in(media) == {"a.jpg"}
    assert not list((media / "exports").iterdir())


def page_of(patient: Any) -> str:
    return f"/admin/patients/patient/{patient.pk}/export/"


PASSWORD = "a long pass phrase of mine"


@kept
def owner(clinic: Clinic) -> Any:
    user: Any = UserFactory(role=Role.MANAGER, clinic=clinic)
    user.set_password(PASSWORD)
    user.save()
    return user


def test_the_manager_has_it_made_and_saves_it_with_the_own_password(
    patient: Any, owner: User
) -> None:
    client, page = client_of(owner), page_of(patient)
    assert page not in client.get(url(patient)).content.decode()
    BreakGlassFactory(patient=patient, by=owner)
    assert page in client.get(url(patient)).content.decode()
    assert "There is no file yet" in visible(client.get(page))
    download = {"download": "1", "password": PASSWORD}
    assert "not ready yet" in visible(client.post(page, download, follow=True))

    started = client.post(page, {"start": "1", "after": "x"}, follow=True)
    assert "It begins in a moment" in visible(started)
    client.post(page, {"start": "1"})
    assert PatientExport.objects.count() == 1
    make_exports()
    assert "It is taken away on" in visible(client.get(page))

    watch = Watch()
    refused = client.post(page, {**download, "password": "wrong"})
    assert (refused.status_code, "not your password" in visible(refused)) == (403, True)
    answer: Any = client.post(page, download)
    assert ZipFile(BytesIO(answer.getvalue())).testzip() is None
    assert "no-store" in answer["Cache-Control"]
    assert "Murray" not in answer["Content-Disposition"]
    wrong, right = watch.rows()
    assert (wrong.outcome, wrong.patient_ids) == (Outcome.REFUSED, [patient.pk])
    assert (right.action, right.outcome, right.patient_ids) == (
        *(Action.EXPORT, Outcome.DONE, [patient.pk]),
    )
    assert PASSWORD not in str(vars(right))

    PatientExport.objects.update(expires_at=timezone.now())
    assert "no longer there" in visible(client.post(page, download, follow=True))
    remove_files(at=timezone.now())
    assert "is taken away" in visible(client.get(page))


def test_only_clinicians_and_managers_of_the_clinic(clinic: Clinic, patient: Any) -> None:
    page, elsewhere = page_of(patient), UserFactory(role=Role.MANAGER)
    for role in Role.values:
        user: Any = UserFactory(role=role, clinic=clinic)
        client: Any = client_of(user)
        may = role in (Role.MANAGER, Role.PRACTITIONER)
        if role == Role.MANAGER:
            assert client.get(page).status_code == 403
            BreakGlassFactory(patient=patient, by=user)
        for answer in (client.get(page), client.post(page, {"start": "1"})):
            assert (answer.status_code in (200, 302)) == may, role
    stranger = client_of(elsewhere)
    assert stranger.get(page).status_code == stranger.post(page).status_code == 404


def test_a_merged_record_leads_to_the_one_that_was_kept(patient: Any, manager: User) -> None:
    merged = PatientFactory(clinic=patient.clinic, merged_into=patient, archived_at=NINE)

    BreakGlassFactory(patient=patient, by=manager)
    assert client_of(manager).get(page_of(merged))["Location"] == page_of(patient)
    with pytest.raises(PatientArchived):
        start_export(patient_id=merged.pk, after=None, at=NINE, by=manager)


def test_a_text_that_cannot_be_made_again_is_said_to_be_missing(
    whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "render", lambda *_: 1 / 0)
    (message,) = texts.messages_of(whole)

    assert (message["id"], message["text"]) == (str(Message.objects.get().pk), None)
    assert texts.messages_text([message], whole)


def test_csv_has_no_formulas(patient: Any, clinic: Clinic) -> None:
    by: Any = UserFactory(clinic=clinic, first_name="=cmd()", last_name="x")
    access_to(patient, by=by)

    (_, line) = csv.reader(StringIO(texts.accesses_csv(patient)))

    assert line[3] == "'=cmd() x"


def test_the_schema_names_each_table_and_what_its_columns_mean() -> None:
    shape = schema()["properties"]["tables"]["properties"]

    assert list(shape) == [model._meta.label for model in tables.exported_models()]
    fields = shape[Photo._meta.label]["items"]["properties"]
    assert fields["image"]["description"] == "The name of the file in this ZIP."
    assert "thumbnail" not in fields
