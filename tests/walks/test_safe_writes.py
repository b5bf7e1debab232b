"""Every write of the API: sent twice it is done once, and it undoes nothing that was not seen.

The writes, and the ways to read their objects, are derived from the API's description.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from knox.models import AuthToken
from rest_framework.test import APIClient

from clinic.audit.subjects import is_of_patients
from clinic.models import Clinic, IdempotencyKey, User
from patients.models import Patient
from sessions.api.record.signer import SIGNS
from sessions.models import Photo
from tests.conftest import client_of
from tests.factories import PatientFactory, UserFactory
from tests.support.accesses import Watch, named_in
from tests.support.answers import operations
from tests.support.pictures import jpeg
from tests.support.writes import Desk, Write, writes

pytestmark = pytest.mark.django_db
OLD = "0123456789abcdef"
# What is written beside an object and leaves it as it is, or ends it so that it is found no more.
BESIDE = {
    *("retire_practitioner", "retire_working_hours"),
    *("record_deviation", "record_reported_side_effect", "take_exposure_step"),
    "answer_inbound_message",
    *("add_addendum", "book_series", "override_finding", "record_concern", "resend_message"),
    "tell_patients_of_lot",
    *("record_contact_consent", "record_photo_consent", "record_screening", "hand_out_consent"),
    "record_treatment_consent",
}


def walk(
    clinic: Clinic, check: Callable[[Desk, Write], None], *, of_objects: bool = False
) -> list[str]:
    """Check every write on rows of its own; returns what failed. Nothing stays."""
    desk, failed, tried = Desk(clinic), [], 0
    for operation, method, path in writes():
        if of_objects and "{" not in path and "calendar" not in path:
            continue
        tried += 1
        with transaction.atomic():
            try:
                check(desk, desk.write(operation, method, path))
            except AssertionError as error:
                failed.append(f"{method} {path}: {str(error).splitlines()[0][:300]}")
            transaction.set_rollback(True)
    assert tried > 40, tried
    return failed


def trying(send: Callable[[], Any]) -> Any:
    """The answer to a request that is taken back."""
    with transaction.atomic():
        answer = send()
        transaction.set_rollback(True)
    return answer


def told(answer: Any) -> str:
    return f"{answer.status_code} {answer.content[:200]!r}"


def test_every_write_is_done_once_however_often_it_is_sent(clinic: Clinic) -> None:
    def check(desk: Desk, write: Write) -> None:
        watch = Watch()
        first = write.send(Idempotency_Key="once")
        assert first.status_code < 300, f"first: {told(first)}"
        assert "Idempotency-Replayed" not in first, "the first was none"
        written = rows_written()
        again = write.send(Idempotency_Key="once")
        assert again.status_code == first.status_code, f"again: {told(again)}"
        assert again.content == first.content, "another text"
        assert again.get("ETag") == first.get("ETag"), "another ETag"
        assert again.get("Idempotency-Replayed") == "true", "it was not replayed"
        assert rows_written() == written, "it was done twice"
        named, accesses = named_in(first, Patient.objects.all()), watch.rows()
        is_patients = named or (write.row and is_of_patients(type(write.row)))
        assert len(accesses) in ((2,) if is_patients else (0, 2)), f"{len(accesses)} accesses"
        assert all(named <= set(one.patient_ids) for one in accesses), "the access names others"
        if write.body:
            changed = {**write.body, next(iter(write.body)): "other"}
            other = write.send(body=changed, Idempotency_Key="once")
            assert other.status_code == 422, f"another body: {told(other)}"
            assert other.json()["code"] == "idempotency_key_reused", told(other)

    assert walk(clinic, check) == []


def rows_written() -> dict[str, int]:
    """How many rows were written in this transaction, by table; each time it is asked for is
    written down, which is no repetition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'clinic_idempotency_key' AND relname !~ '^clinic_access_[0-9]'"
        )
        return dict(cursor.fetchall())


def test_nothing_is_written_of_which_the_access_cannot_be(clinic: Clinic) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON clinic_access_record FOR EACH ROW"
            " WHEN (NEW.outcome = 'DONE') EXECUTE FUNCTION clinic_access_kept()"
        )
    refused = []

    def check(desk: Desk, write: Write) -> None:
        before = there()
        answer = write.send()
        if answer.status_code == 503:
            refused.append(write.operation)
            assert there() == before, "written all the same"

    assert not walk(clinic, check)
    assert len(refused) > 60, refused


def there() -> dict[str, int]:
    """How many rows each table has. What was rolled back is counted by `rows_written` too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE relname !~ '^clinic_access_'")
        tables = [name for (name,) in cursor.fetchall()]
        counts = ", ".join(f'(SELECT count(*) FROM "{name}")' for name in tables)  # noqa: S608
        cursor.execute(f"SELECT {counts}")
        return dict(zip(tables, cursor.fetchone() or (), strict=True))


def test_every_write_to_an_object_compares_what_was_seen(clinic: Clinic) -> None:
    def check(desk: Desk, write: Write) -> None:
        for tag in (f'W/"{OLD}-{OLD}", "x"', '"999"', ""):
            stale = write.send(If_Match=tag)
            assert stale.status_code == 412, f"{tag}: {told(stale)}"
            assert stale.json()["code"] == "version_mismatch", told(stale)
        if write.overwrites:
            silent = write.send(If_Match=None)
            assert silent.status_code == 428, f"without: {told(silent)}"
            assert silent.json()["code"] == "precondition_required", told(silent)
        else:
            silent = trying(write.send)
            assert silent.status_code < 300, f"without: {told(silent)}"
        tags = tags_of(desk, write)
        assert tags or write.operation in UNREAD, "nobody can read what it names"
        for tag in ("*", *tags):
            sent = trying(partial(write.send, If_Match=tag))
            assert sent.status_code < 300, f"{tag}: {told(sent)}"
        for tag in tags[-1:]:
            sent = write.send(If_Match=f'"other", W/{tag}')
            assert sent.status_code < 300, f"in a list, weak: {told(sent)}"
            if write.operation not in BESIDE and write.method != "delete":
                late = write.send(If_Match=tag)
                assert late.status_code == 412, f"late: {told(late)}"

    assert walk(clinic, check, of_objects=True) == []


# These are read in lists only, which have no tags.
UNREAD = {
    "delete_log_in",
    "release_hold",
    "revoke_photo_consent",
    "revoke_treatment_consent",
}


def tags_of(desk: Desk, write: Write) -> list[str]:
    """The ETags that all ways to read the object hand out, its own address last."""
    kind = write.url.removeprefix("/api/v1/").split("/")[0]
    found = {}
    for (method, path), operation in operations().items():
        describes = operation["responses"].get("200", {}).get("headers", {})
        is_of_it = path.startswith((f"/api/v1/{kind}/{{id}}/", "/api/v1/calendar-feed/"))
        if method != "get" or not is_of_it or kind not in path or "ETag" not in describes:
            continue
        url = path.replace("{id}", str(write.row.pk))
        for user in (write.by, desk.alice, desk.manager):
            answer = client_of(user).get(url)
            if answer.status_code == 200:
                break
        if answer.status_code == 200:
            found[path] = answer["ETag"]
            again = client_of(user).get(url, headers={"If-None-Match": answer["ETag"]})
            assert again.status_code == 304, f"{url} is sent again: {told(again)}"
    return [found[path] for path in sorted(found, key=len, reverse=True)]


def test_a_written_object_is_answered_with_the_tag_that_it_is_read_with(clinic: Clinic) -> None:
    """Of a booking as well, which learns its version while it is inserted."""

    def check(desk: Desk, write: Write) -> None:
        answer = write.send()
        row = answer.json() if answer.content else {}
        if "ETag" not in answer:
            return
        kind = "sessions" if "/accept/" in write.url else write.object_url.split("/")[3]
        part = write.url.split("/")[5:-1] if write.method in ("put", "patch") else []
        url = f"/api/v1/{'/'.join([kind, row.get('id', str(write.row and write.row.pk)), *part])}/"
        read = client_of(write.by).get(url)
        if read.status_code == 200:  # consents and holds have no address to be read at
            version = answer["ETag"].partition("-")[0]
            assert read["ETag"].partition("-")[0] == version, f"{url}: {told(read)}"

    assert walk(clinic, check) == []


def test_no_list_hands_out_a_tag(as_alice: APIClient) -> None:
    lists = [
        path
        for (method, path), operation in operations().items()
        if method == "get" and "{" not in path and "ETag" not in described(operation)
    ]
    tagged = [path for path in lists if "ETag" in as_alice.get(path)]

    assert len(lists) > 25
    assert tagged == []


def test_every_object_hands_out_a_tag() -> None:
    objects = {
        path: described(operation)
        for (method, path), operation in operations().items()
        if method == "get" and path.endswith("/{id}/") and path.count("/") == 5
    }

    assert len(objects) > 20
    assert [path for path, headers in objects.items() if "ETag" not in headers] == []


def described(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"].get("200", {}).get("headers", {})
    return found


def test_every_write_says_in_the_description_which_headers_it_takes() -> None:
    wrong = []
    for operation, method, path in writes():
        given = {
            one["name"]: one.get("required", False)
            for one in operations()[method, path].get("parameters", ())
            if one["in"] == "header"
        }
        must = {"Idempotency-Key": False}
        if "{" in path or "calendar" in path:
            must["If-Match"] = method in ("put", "patch")
        if re.fullmatch(rf".*/sessions/{{id}}/({'|'.join(SIGNS)})/", path):
            must["Signed-With"] = False
        if operation == "book_session":  # in spite of a rule
            must["Signed-With"] = False
        if given != must:
            wrong.append(f"{operation}: {given}")

    assert wrong == []


def test_a_compressed_answer_has_a_weak_tag_that_can_be_sent_back(
    as_dana: APIClient, clinic: Clinic
) -> None:
    # Long enough to be shorter when compressed, whatever Django adds to it at random.
    patient = PatientFactory(clinic=clinic, given_name="Ha" * 35, family_name="Ma" * 35)
    url = f"/api/v1/patients/{patient.pk}/"
    asked = {"Accept-Encoding": "gzip"}
    read = as_dana.get(url, headers=asked)
    tag = read["ETag"]

    again = as_dana.get(url, headers={**asked, "If-None-Match": tag})
    written = as_dana.patch(url, {"given_name": "Hedy"}, headers={**asked, "If-Match": tag})
    late = as_dana.patch(url, {"given_name": "Ada"}, headers={**asked, "If-Match": tag})

    assert (read["Content-Encoding"], tag[:2]) == ("gzip", "W/")
    assert (again.status_code, written.status_code, late.status_code) == (304, 200, 412)
    assert written["ETag"] == as_dana.get(url, headers=asked)["ETag"]


def test_a_new_row_has_no_version_yet(as_dana: APIClient) -> None:
    answer = as_dana.post("/api/v1/patients/", {}, headers={"If-Match": '"1-1"'})
    any_state = as_dana.post("/api/v1/patients/", {}, headers={"If-Match": "*"})

    assert any_state.status_code == 400  # there is a list, so it holds; but a patient has a name
    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")


def test_a_log_in_takes_no_key_because_its_answer_is_a_secret(clinic: Clinic) -> None:
    UserFactory(username="ada", clinic=clinic, password="a long enough password")
    body = {"username": "ada", "password": "a long enough password"}

    answer = APIClient().post("/api/v1/auth/login/", body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert not IdempotencyKey.objects.exists()


def test_failed_log_ins_count_whatever_headers_come_with_them(clinic: Clinic) -> None:
    """What is counted must not be taken back with the refusal."""
    body = {"username": "ada", "password": "wrong"}

    def attempt() -> int:
        headers = {"If-Match": "*"}
        return int(APIClient().post("/api/v1/auth/login/", body, headers=headers).status_code)

    assert [attempt() for _ in range(6)] == [401, 401, 401, 429, 429, 429]


def test_a_log_out_that_is_sent_again_finds_that_the_token_has_ended(alice: User) -> None:
    _, token = AuthToken.objects.create(alice)
    client = APIClient(headers={"Authorization": f"Token {token}", "Idempotency-Key": "once"})

    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert client.post("/api/v1/auth/logout/").status_code == 401


def test_the_address_of_a_calendar_cannot_be_read_in_the_database(clinic: Clinic) -> None:
    write = Desk(clinic).write("open_calendar_feed", "post", "/api/v1/calendar-feed/")

    url = write.send(Idempotency_Key="once").json()["url"]

    kept = bytes(IdempotencyKey.objects.get().body or b"")
    assert kept
    assert url.encode() not in kept
    assert write.send(Idempotency_Key="once").json()["url"] == url


def test_another_picture_with_the_same_key_is_another_request(clinic: Clinic) -> None:
    write = Desk(clinic).write("store_photo", "post", "/api/v1/photos/")
    write.send(Idempotency_Key="once")
    write.picture = jpeg(90, 70)

    other = write.send(Idempotency_Key="once")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Photo.objects.count() == 1


def test_an_answer_that_was_sealed_elsewhere_is_not_told(clinic: Clinic, settings: Any) -> None:
    write = Desk(clinic).write("finish_task", "post", "/api/v1/tasks/{id}/done/")
    write.send(Idempotency_Key="once")
    settings.SECRET_KEY = "another one"

    again = write.send(Idempotency_Key="once")

    assert (again.status_code, again.json()["code"]) == (409, "answer_lost")
