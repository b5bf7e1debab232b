"""Erasing a patient: two people, what has to stay, and that nothing brings it back."""

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import ProgrammingError

from aftercare.models import AddressConsent
from aftercare.records.erasure import (
    apply_again,
    ask_for_erasure,
    complete_journal,
    confirm_erasure,
    journal_file,
    retained_until,
    withdraw_erasure,
)
from aftercare.records.erasure.columns import KEPT, erased_fields, erased_models
from aftercare.records.erasure.run import ErasureSettled, RecordInUse, SamePerson
from aftercare.records.export.tables import exported_models
from clinic.db.encryption import TOKEN, unseal
from clinic.models import AccessRecord, Clinic, Role, User
from patients.models import Patient, PatientErasure
from patients.services import restore_record
from patients.services.records import NotArchived
from sessions.models import Addendum, Photo, TreatmentSession
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    NINE,
    AddressConsentFactory,
    InboundFactory,
    PatientExportFactory,
    PatientFactory,
    PhotoFactory,
    SessionFactory,
    SideEffectFactory,
    SideEffectNoteFactory,
    TreatmentConsentFactory,
    UserFactory,
)
from tests.support.accesses import Watch
from tests.support.kept import kept
from tests.support.words import visible

pytestmark = pytest.mark.django_db
MARK = "a secret of hers"
SECRETS = ("Murray", "Grace", MARK, "+4915177777777", "g@patients.example", "1990-05-17")
LATER = NINE + timedelta(days=365 * 10 + 5)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@kept
def patient(clinic: Clinic, alice: User) -> Any:
    """Archived, with words and pictures of hers in many tables, signed ones too."""
    patient = PatientFactory(
        clinic=clinic,
        given_name="Grace",
        family_name="Murray",
        email="g@patients.example",
        mobile="+4915177777777",
        notes=MARK,
        allergies=MARK,
    )
    session = SessionFactory(plan__patient=patient, status="COMPLETED", starts_at=NINE, notes=MARK)
    Addendum.objects.create(session=session, text=MARK, at=NINE, by=alice)
    TreatmentConsentFactory(patient=patient, signer_name="Grace Murray", signature="M1 1L2 2")
    default_storage.save("photos/a.jpg", ContentFile(b"a"))
    photo = PhotoFactory(patient=patient, image="photos/a.jpg")
    effect = SideEffectFactory(session=session, note=MARK)
    SideEffectNoteFactory(side_effect=effect, note=MARK, photo=photo)
    InboundFactory(clinic=clinic, patient=patient, sender="+4915177777777", body=MARK)
    AddressConsentFactory(address="+4915177777777", wording=MARK)
    LogEntry.objects.create(
        user=alice,
        content_type_id=_kind(),
        object_id=str(patient.pk),
        object_repr=str(patient),
        action_flag=CHANGE,
    )
    patient.archived_at = NINE
    patient.save()
    return patient


def _kind() -> int:
    return ContentType.objects.get_for_model(Patient).pk


def erased(patient: Patient, asks: User, confirms: User, *, at: Any = LATER) -> PatientErasure:
    erasure = ask_for_erasure(patient_id=patient.pk, reason="REQUEST", at=at, by=asks)
    return confirm_erasure(erasure_id=erasure.pk, at=at, by=confirms)


def found_in_database() -> dict[str, str]:
    """Which tables hold any of the secrets, encrypted ones too: all are looked through, as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608
            text = " ".join(row for (row,) in cursor.fetchall())
            text = TOKEN.sub(lambda found: unseal(found[0]), text)
            hits = [word for word in SECRETS if word in text]
            if hits:
                found[table] = ", ".join(hits)
    return found


def test_every_column_with_words_is_emptied_or_kept_for_a_reason() -> None:
    """A new one is emptied by itself."""
    fields = {
        field.name
        for model in exported_models()
        for field in model._meta.concrete_fields
        if not field.is_relation and not field.choices and not field.generated
        if field.get_internal_type() in {"CharField", "TextField", "JSONField", "ArrayField"}
    }
    emptied = {field.name for model in exported_models() for field in erased_fields(model)}

    assert fields - emptied == set(KEPT)
    assert all(KEPT.values())
    assert {"notes", "signer_name", "body", "answers", "words"} <= emptied


def test_when_the_time_is_over_nothing_says_who_it_was(
    patient: Any, manager: User, alice: User, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    assert {"patient", "patient_history", "treatment_session_history"} <= set(found_in_database())
    before = AccessRecord.objects.count()

    with django_capture_on_commit_callbacks(execute=True):
        erasure = erased(patient, manager, alice)

    assert found_in_database() == {}
    assert erasure.keeps_record is False
    patient.refresh_from_db()
    assert (patient.family_name, patient.date_of_birth) == ("(erased)", date(1990, 1, 1))
    assert TreatmentSession.objects.get().status == "COMPLETED", "the skeleton stays"
    assert patient.treatment_consents.get().signature == "", "no word that could be drawn"
    assert not Photo.objects.exists()
    assert AccessRecord.objects.count() == before
    assert {one.name for one in media.rglob("*") if one.is_file()} == {"erasures.jsonl"}
    with pytest.raises(NotArchived, match="erased"):
        restore_record(patient_id=patient.pk, at=LATER, by=manager)
    with pytest.raises(ProgrammingError):  # the triggers are on again
        Addendum.objects.update(text="x")


def test_within_it_the_medical_record_stays_and_contact_goes(
    patient: Any, manager: User, alice: User
) -> None:
    other = PatientFactory(clinic=patient.clinic, mobile="+4915188888888")
    AddressConsentFactory(address="+4915188888888")
    assert retained_until(patient) == date(NINE.year + 10, NINE.month, NINE.day)

    assert erased(patient, manager, alice, at=LATER - 7 * DAY).keeps_record

    patient.refresh_from_db()
    assert (patient.full_name, patient.email, str(patient.mobile)) == ("Grace Murray", "", "")
    assert (patient.notes, patient.date_of_birth) == (MARK, date(1990, 5, 17))
    assert Photo.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM patient_history t")
        assert "+4915177777777" not in cursor.fetchone()[0]
    assert {"aftercare_inbound_message", "aftercare_address_consent"} & set(
        found_in_database()
    ) == set()
    other.refresh_from_db()
    assert str(other.mobile) == "+4915188888888"


@pytest.mark.parametrize("days", [-7, 0])
def test_what_was_said_of_an_address_that_somebody_else_has_too_stays(
    patient: Any, manager: User, alice: User, days: int
) -> None:
    PatientFactory(clinic=patient.clinic, mobile="+4915177777777")

    erased(patient, manager, alice, at=LATER + days * DAY)

    assert AddressConsent.objects.get().address == "+4915177777777"


@pytest.mark.parametrize(("days", "keeps"), [(-1, True), (0, False)])
def test_on_the_day_the_time_ends_it_is_over(
    patient: Any, manager: User, alice: User, days: int, keeps: bool
) -> None:
    ends = NINE.replace(year=NINE.year + 10) + days * DAY

    assert erased(patient, manager, alice, at=ends).keeps_record is keeps


def test_two_people_and_one_at_a_time(patient: Any, manager: User, alice: User) -> None:
    deed: dict[str, Any] = {"at": NINE, "by": manager}
    first = ask_for_erasure(patient_id=patient.pk, reason="REQUEST", **deed)
    with pytest.raises(ErasureSettled):
        ask_for_erasure(patient_id=patient.pk, reason="REQUEST", **deed)
    with pytest.raises(SamePerson):
        confirm_erasure(erasure_id=first.pk, **deed)
    withdraw_erasure(erasure_id=first.pk, at=NINE, by=alice)
    with pytest.raises(ErasureSettled):
        confirm_erasure(erasure_id=first.pk, at=NINE, by=alice)
    patient.refresh_from_db()
    assert patient.full_name == "Grace Murray"


def test_a_record_in_use_is_not_erased(clinic: Clinic, manager: User) -> None:
    with pytest.raises(RecordInUse):
        ask_for_erasure(
            patient_id=PatientFactory(clinic=clinic).pk, reason="REQUEST", at=NINE, by=manager
        )


def test_a_backup_that_is_restored_brings_nobody_back(
    patient: Any, manager: User, alice: User, media: Path
) -> None:
    """As if the rows were those of a backup from before: only the journal knows of it."""
    export = PatientExportFactory(patient=patient)
    erased(patient, manager, alice)
    assert complete_journal() == 1
    assert complete_journal() == 0
    (line,) = journal_file().read_text().splitlines()
    assert set(json.loads(line)) == {
        *("erasure", "patient", "asked_by", "confirmed_by", "asked_at", "confirmed_at"),
        *("keeps_record", "reason"),
    }
    PatientErasure.objects.all().delete()
    Patient.objects.filter(pk=patient.pk).update(
        given_name="Grace", family_name="Murray", archived_at=None
    )
    journal_file().write_text(f'{line}\n{{"half of')

    watch = Watch()
    assert apply_again(journal_file()) == 1
    assert [(row.door, row.patient_ids) for row in watch.rows()] == [("COMMAND", [patient.pk])]
    call_command("erase_again", stdout=(told := StringIO()))
    assert told.getvalue() == "Erased again: 0.\n"
    with pytest.raises(CommandError, match="no journal"):
        call_command("erase_again", str(media / "none"))

    patient.refresh_from_db()
    assert (patient.family_name, patient.archived_at is None) == ("(erased)", False)
    assert PatientErasure.objects.get().confirmed_by == alice
    export.refresh_from_db()
    assert export.failed_at, "what was being put together ends"


def page_of(patient: Any) -> str:
    return f"/admin/patients/patient/{patient.pk}/erasure/"


PASSWORD = "a long pass phrase of mine"


def test_the_page_says_what_goes_and_asks_somebody_else(patient: Any, manager: User) -> None:
    second: Any = UserFactory(role=Role.PRACTITIONER, clinic=patient.clinic)
    second.set_password(PASSWORD)
    second.save()
    asks, confirms, page = client_of(manager), client_of(second), page_of(patient)
    assert "The medical record, with names" in visible(asks.get(page))
    unseen = PatientFactory(clinic=patient.clinic, archived_at=NINE)
    assert "every other text" in visible(asks.get(page_of(unseen)))

    assert "Choose a reason" in visible(asks.post(page, {"ask": "1", "reason": "X"}, follow=True))
    ask = {"ask": "1", "reason": "REQUEST"}
    assert "Nothing is erased yet" in visible(asks.post(page, ask, follow=True))
    assert "asked for already" in visible(asks.post(page, ask, follow=True))
    waits = str(PatientErasure.objects.get().pk)
    press = {"confirm": "1", "erasure": waits, "password": PASSWORD}
    assert "Erase for good" not in visible(asks.get(page))
    assert confirms.post(page, {**press, "password": "wrong"}).status_code == 403
    old = visible(confirms.post(page, {**press, "erasure": "x"}, follow=True))
    assert "confirmed or withdrawn meanwhile" in old
    watch = Watch()
    assert "It is erased." in visible(confirms.post(page, press, follow=True))
    assert {row.action for row in watch.rows()} == {"WRITE", "READ"}
    assert "the medical record had to stay" in visible(confirms.get(page))


def test_only_those_who_may(clinic: Clinic, patient: Any) -> None:
    page = page_of(patient)
    for role in Role.values:
        client: Any = client_of(UserFactory(role=role, clinic=clinic))
        may = role in (Role.MANAGER, Role.PRACTITIONER)
        assert (client.get(page).status_code == 200) == may, role
        asked = client.post(page, {"ask": "1", "reason": "REQUEST"})
        assert (asked.status_code == 302) == (role == Role.MANAGER), role
    stranger: Any = client_of(UserFactory(role=Role.MANAGER))
    assert stranger.get(page).status_code == 404
    assert len(erased_models(keeps_record=True)) < len(erased_models(keeps_record=False))
