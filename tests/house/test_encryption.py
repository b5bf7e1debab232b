"""What stands in an encrypted column, and what is asked of it."""

import copy
import json
import threading
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldError, ValidationError
from django.db import connection
from django.db.models import CharField, F, JSONField, TextField, Value
from django.forms import TextInput
from django.urls import reverse
from pgtrigger import ignore

from aftercare.models import InboundMessage
from aftercare.records.history import changes
from clinic.audit.subjects import is_of_patients
from clinic.db.encryption import (
    TOKEN,
    EncryptedCharField,
    EncryptedJSONField,
    EncryptedTextField,
    FieldKeyMissing,
    Words,
    seal,
    unseal,
)
from clinic.db.rotation import encrypt_columns, encrypted_columns, encrypted_models
from clinic.db.rows import columns, pop_row
from clinic.models import User
from sessions.models import ChartDraft, SideEffect, TreatmentPlan, TreatmentSession
from sessions.services.booking.checks.clash import SESSION
from tests.admin.pages import client_of
from tests.factories import (
    DAY,
    ChartDraftFactory,
    InboundFactory,
    PlanFactory,
    SessionFactory,
    SideEffectFactory,
)

pytestmark = pytest.mark.django_db
ADMIN = "admin:aftercare_inboundmessage_changelist"
HISTORY: Any = SideEffect._meta.get_field("history").related_model
# Long texts that are not encrypted, and why.
PLAIN = {
    "Clinic.downtime_key": "sealed, with the SECRET_KEY",
    "ConsentText.body": "of the clinic's own, the same for everybody",
    "MessageTemplate.body": "of the clinic's own; what is made of it for a patient is not kept",
    "TreatmentConsent.signature": "strokes on a screen, and no words",
    "TriageSignature.note": "on the clinic's rules, not on a patient",
}
# Short texts and JSON of tables about patients that are not encrypted, by why not.
FOUND_BY = "people and messages are found by it"
OURS = "made by the product of its catalogues and codes, in no words of people"
SERVICES = (
    "why a message has its state, by the product or the service that it went by; no words of it"
)
LINK = "where a visit by video takes place: an address, and no words"
NAMES = "a name, which stands in clear elsewhere as well"
PLAIN_SHORT = {
    FOUND_BY: """Patient.email Patient.mobile AddressConsent.address InboundMessage.sender
        InboundMessage.to InboundMessage.provider_id Message.provider_id
        MessageAttempt.provider_id DeliveryReceipt.event_id""",
    SERVICES: "Message.reason MessageAttempt.detail DeliveryReceipt.detail StaffAlert.detail",
    LINK: "TreatmentSession.video_url",
    OURS: """CheckIn.fired Deviation.numbers InboundMessage.reply PatientExport.parts
        PatientMerge.moved SessionFinding.message SessionFinding.numbers SessionFinding.rule
        SessionFinding.source StaffTask.source StaffTask.title""",
    NAMES: """OtherTreatment.place_name OutcomeMeasure.rater_name PhotoConsent.signer_name
        ProductUse.prescriber SessionFinding.signed_off_by TreatmentConsent.signer_name""",
}
TEXT = TextField()  # as whoever knows nothing of keys writes it
SAID = "Hay pus, y duele 😟"


def stored(model: Any, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY 1")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def test_the_database_has_a_token_and_whoever_reads_has_the_words() -> None:
    inbound = InboundFactory(body=SAID)

    [token] = stored(InboundMessage, "body")
    assert TOKEN.fullmatch(token)
    assert InboundMessage.objects.get().body == SAID
    assert list(InboundMessage.objects.values_list("body", flat=True)) == [SAID]
    assert list(InboundMessage.objects.annotate(said=F("body")).values("said")) == [{"said": SAID}]
    inbound.refresh_from_db()
    assert inbound.body == SAID


def test_what_is_empty_stays_empty_and_can_be_asked_for() -> None:
    InboundFactory(body="")
    InboundFactory(body=SAID)

    assert stored(InboundMessage, "body")[0] == ""
    assert InboundMessage.objects.filter(body="").count() == 1
    assert InboundMessage.objects.exclude(body="").count() == 1
    assert InboundMessage.objects.filter(body__isnull=True).count() == 0


def test_json_is_a_token_and_what_is_empty_can_be_asked_for() -> None:
    draft = ChartDraftFactory(content={"depth": "1.", "note": [SAID, None]})
    empty = ChartDraftFactory()

    nothing, token = stored(ChartDraft, "content")
    assert nothing == ""
    assert TOKEN.fullmatch(token)
    assert ChartDraft.objects.get(pk=draft.pk).content == {"depth": "1.", "note": [SAID, None]}
    assert ChartDraft.objects.get(content={}) == empty
    assert ChartDraft.objects.exclude(content={}).get() == draft
    assert ChartDraft.objects.get(pk=empty.pk).content == {}
    for question in ({"content": {"depth": "1."}}, {"content__depth": "1."}, {"content": ""}):
        with pytest.raises(FieldError, match="content is encrypted"):
            ChartDraft.objects.filter(**question).exists()


@pytest.mark.parametrize(
    "question",
    [
        {"body": SAID},
        {"body": F("sender")},
        {"body__in": ["", SAID]},
        *({f"body__{name}": "pus"} for name in ("icontains", "startswith", "regex", "contained")),
        {"body__gt": ""},
        {"body__length": 3},
    ],
)
def test_no_words_are_looked_for_in_the_database(question: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="body is encrypted: PostgreSQL cannot"):
        InboundMessage.objects.filter(**question).exists()


def test_words_that_stay_the_same_keep_their_token() -> None:
    """So a column that is written once (`as_received`) and a history see no change."""
    InboundFactory(body=SAID)
    SideEffectFactory(note="Firm.")
    before = stored(InboundMessage, "body"), stored(SideEffect, "note")

    inbound, effect = InboundMessage.objects.get(), SideEffect.objects.get()
    inbound.body, effect.note = str(inbound.body), "".join(["Fir", "m."])  # typed once more
    inbound.save()
    copy.deepcopy(effect).save()

    assert (stored(InboundMessage, "body"), stored(SideEffect, "note")) == before
    assert HISTORY.objects.count() == 1
    effect.note = "Soft."
    effect.save()
    assert SideEffect.objects.get().note == "Soft."
    assert stored(SideEffect, "note") != before[1]


def test_the_history_tells_the_words() -> None:
    effect = SideEffectFactory(note="Firm.")
    effect.note = "Soft."
    effect.save()

    told = [c.fields["note"] for c in changes(effect.session.patient) if "note" in c.fields]
    assert told == [("Firm.", "Soft."), ("", "Firm.")]
    assert all(TOKEN.fullmatch(token) for token in stored(HISTORY, "note"))


def test_blank_words_are_none_and_constraints_ask_for_some() -> None:
    """`reason__regex=r"\\S"` is the same question as `reason=""`, by the other name."""
    effect = SideEffectFactory(note=" \n ")

    assert stored(SideEffect, "note") == [""]
    assert not SideEffect.objects.filter(note__regex=r"\S").exists()
    SideEffect.objects.update(note="Firm.")
    assert SideEffect.objects.filter(note__regex=r"\S").get() == effect
    with pytest.raises(FieldError):
        SideEffect.objects.filter(note__regex="Firm").exists()


def test_rows_that_are_written_and_read_without_the_orm_are_the_same() -> None:
    """By clinic.db.rows: a booking writes notes as tokens, and reads a plan without them."""
    plan = PlanFactory(goals=SAID)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns('plan', TreatmentPlan)} FROM treatment_plan AS plan")  # noqa: S608
        found = pop_row(TreatmentPlan, list(cursor.fetchone()))

    assert found is not None
    assert found.get_deferred_fields() == {"goals", "reason"}
    assert found.goals == SAID
    first = SessionFactory(plan=plan)
    values = {f.attname: getattr(first, f.attname) for f in first._meta.concrete_fields}
    later = {k: v + 60 * DAY for k, v in values.items() if k.endswith(("_at", "_from")) and v}
    row = TreatmentSession(**{**values, **later, "id": None, "notes": SAID})
    assert SESSION.one(row)
    assert TreatmentSession.objects.get(pk=row.pk).notes == row.notes == SAID
    assert TOKEN.fullmatch(stored(TreatmentSession, "notes")[1])


@pytest.mark.parametrize("left", ["a", "gAAAAA", "Words past the application"])
def test_what_is_no_token_is_not_shown_as_words(left: str) -> None:
    SideEffectFactory()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE treatment_side_effect SET note = %s", [left])

    with pytest.raises(FieldKeyMissing, match="none of FIELD_KEYS opens"):
        SideEffect.objects.get()


def test_all_keys_open_and_the_first_encrypts(settings: Any) -> None:
    settings.FIELD_KEYS = ["old"]
    old = seal(SAID)
    settings.FIELD_KEYS = ["new", "old"]
    new = seal(SAID)

    assert unseal(old) == unseal(new) == SAID
    settings.FIELD_KEYS = ["new"]
    assert unseal(new) == SAID
    with pytest.raises(FieldKeyMissing):
        unseal(old)


def test_one_line_is_no_longer_than_it_says() -> None:
    """Its token is, so the column cannot tell."""
    effect = SideEffectFactory()
    field = SideEffect._meta.get_field("resolution")
    assert isinstance(field, EncryptedCharField)
    assert isinstance(field.formfield().widget, TextInput)

    effect.resolution = SAID[0] * 500
    field.clean(effect.resolution, effect)
    with pytest.raises(ValidationError, match="at most 500"):
        field.clean(SAID[0] * 501, effect)


def test_words_go_wherever_text_goes() -> None:
    """Also into a column that is not encrypted, and through what one library kept on its field: a
    form that was refused left all other reads of the process with ciphertext."""
    InboundFactory(body=SAID, handled_note="")
    inbound = InboundMessage.objects.get()
    assert isinstance(inbound.body, Words)
    inbound.handled_note = inbound.body
    inbound.save(update_fields=["handled_note"])

    inbound.body = "Otra vez"
    with pytest.raises(ValidationError):
        inbound.full_clean()
    found = InboundMessage.objects.get()
    assert (found.body, found.handled_note) == (SAID, SAID)


def test_threads_share_a_field_and_nothing_on_it() -> None:
    field, wrong = InboundMessage._meta.get_field("body"), []

    def read(number: int) -> None:
        words = f"{SAID} {number}"
        for _ in range(200):
            token = field.get_prep_value(words)
            if field.from_db_value(token, None, connection) != words:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_long_texts_are_encrypted_or_say_why_not() -> None:
    """A new one is noticed. Histories are those of their tables."""
    plain = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in {"clinic", "patients", "treatment_sessions", "aftercare"}
        and not (model._meta.proxy or hasattr(model, "pgh_obj"))
        for field in model._meta.local_fields
        if isinstance(field, TextField) and not field.generated
        if not isinstance(field, EncryptedTextField)
    }

    assert plain == set(PLAIN)
    assert all(PLAIN.values())


def test_short_texts_and_json_about_patients_are_encrypted_or_say_why_not() -> None:
    """What has room for a sentence, and no list of values; a new one is noticed."""
    plain = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in {"clinic", "patients", "treatment_sessions", "aftercare"}
        and is_of_patients(model)
        and not (model._meta.proxy or hasattr(model, "pgh_obj"))
        for field in model._meta.local_fields
        if isinstance(field, JSONField)
        or (isinstance(field, CharField) and not field.choices and (field.max_length or 0) >= 100)
    }

    listed = [name for names in PLAIN_SHORT.values() for name in names.split()]
    assert sorted(listed) == sorted(plain)


def test_a_history_is_encrypted_as_its_table_is() -> None:
    """By the model, from which both take their columns: a trigger copies the tokens."""
    tables = {model: set(encrypted_columns(model)) for model in encrypted_models()}

    for model, of_model in tables.items():
        if history := getattr(model, "history", None):
            events = history.rel.related_model
            names = {f.column for f in events._meta.local_fields}
            assert tables[events] == of_model & names, model
    for model in tables:
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                assert (field.unique, field.null) == (False, False), field
            if isinstance(field, EncryptedJSONField):  # each save is another token
                assert not hasattr(model, "history"), field


def test_an_encrypted_column_is_searched_where_it_is_read(alice: User) -> None:
    clinic = alice.clinics.get()
    InboundFactory(body="Me duele, Frau Müller", clinic=clinic, audience="CLINICAL")
    InboundFactory(body="Alles gut", clinic=clinic, audience="CLINICAL")
    client = client_of(alice)

    for typed in ("mueller", "DUELE", "frau muller", "alles frau", "4915120000000 alles"):
        page = client.get(reverse(ADMIN), {"q": typed}).content.decode()
        found = ("Me duele" in page, "Alles gut" in page)
        assert found == {"alles frau": (False, False), "4915120000000 alles": (False, True)}.get(
            typed, (True, False)
        ), typed


def test_a_migration_encrypts_what_is_there_and_goes_on_where_it_was_ended() -> None:
    """Past the trigger that lets a reply be written once; and back, for whoever goes back."""
    with ignore("aftercare.InboundMessage:as_received"):
        for number in range(3):
            row = InboundFactory(body="")
            InboundMessage.objects.filter(pk=row.pk).update(body=Value(f"{SAID} {number}", TEXT))
    InboundFactory(body="encrypted already")
    migration: Any = encrypt_columns("aftercare", "InboundMessage")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or ALTER TABLE must wait for them
    words = ["encrypted already", *(f"{SAID} {number}" for number in range(3))]

    migration.code(apps, None)
    once = stored(InboundMessage, "body")
    migration.code(apps, None)

    assert stored(InboundMessage, "body") == once
    assert all(TOKEN.fullmatch(token) for token in once)
    assert sorted(InboundMessage.objects.values_list("body", flat=True)) == sorted(words)
    assert InboundMessage.objects.first().body.startswith(SAID)  # type: ignore[union-attr]
    migration.reverse_code(apps, None)
    assert sorted(stored(InboundMessage, "body")) == sorted(words)


def test_a_migration_encrypts_json_that_was_plain_and_empties_what_holds_nothing() -> None:
    said, blank = ChartDraftFactory(content={"a": SAID}), ChartDraftFactory()
    for draft, text in ((said, json.dumps({"a": SAID})), (blank, "{}")):
        ChartDraft.objects.filter(pk=draft.pk).update(content=Value(text, TEXT))
    effect = SideEffectFactory()
    SideEffect.objects.update(note=Value(" \n", TEXT))  # blank, which is nothing as well
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    migration: Any = encrypt_columns("treatment_sessions", "ChartDraft", "SideEffect")

    migration.code(apps, None)

    assert stored(ChartDraft, "content")[0] == stored(SideEffect, "note")[0] == ""
    assert ChartDraft.objects.get(content={}) == blank
    assert ChartDraft.objects.exclude(content={}).get().content == {"a": SAID}
    assert SideEffect.objects.get(note="") == effect


def test_a_migration_does_not_encrypt_twice_what_it_has_no_key_for(settings: Any) -> None:
    InboundFactory(body=SAID)
    settings.FIELD_KEYS = ["another"]

    migration: Any = encrypt_columns("aftercare", "InboundMessage")
    with pytest.raises(FieldKeyMissing):
        migration.code(apps, None)
