"""The downtime pack: what a clinic has when the server is away, and nobody else."""

import json
import re
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import sync_playwright

from aftercare.records.downtime.contents import read_contents
from aftercare.records.downtime.deliver import FILE, deliver_packs, make_page, write_page
from aftercare.tasks import deliver_downtime_packs
from clinic import services
from clinic.models import AccessRecord, Clinic, User
from clinic.values.passphrase import PassphraseKey
from sessions.lifecycle import Status
from sessions.models import TreatmentSession
from tests.browser.test_patients_pages import AXE, CHROMIUM, RULES, RUN
from tests.factories import (
    ClinicFactory,
    PatientFactory,
    SessionFactory,
    ZoneFactory,
    ZoneTreatmentFactory,
)
from tests.support.doubles import SmtpServer
from tests.support.forms import send

pytestmark = pytest.mark.django_db
PASSPHRASE = "crème brûlée at noon 7"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DOWNTIME_DIR = str(tmp_path / "downtime")
    return tmp_path / "downtime"


@pytest.fixture
def site(clinic: Clinic, alice: User) -> Clinic:
    services.set_downtime_passphrase(clinic_id=clinic.pk, passphrase=PASSPHRASE, at=NOON, by=alice)
    return Clinic.objects.get(pk=clinic.pk)


def book(
    clinic: Clinic,
    name: str,
    starts_at: datetime,
    *,
    status: Status = Status.BOOKED,
    **patient: Any,
) -> TreatmentSession:
    found: TreatmentSession = SessionFactory(
        plan__patient=PatientFactory(clinic=clinic, family_name=name, **patient),
        starts_at=starts_at,
        status=status,
    )
    return found


def text_of(clinic: Clinic, *, at: datetime = NOON) -> str:
    """The plain inside of what was written, by the key and without a browser."""
    from base64 import b64decode

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    page = make_page(clinic, at=at)
    found = re.search(r'id="pack">(.*?)</script>', page)
    assert found
    pack = json.loads(found[1])
    key = PassphraseKey.unsealed(clinic.downtime_key).key
    sealed = b64decode(pack["data"])
    return AESGCM(key).decrypt(b64decode(pack["nonce"]), sealed, pack["beside"].encode()).decode()


def test_today_and_tomorrow_of_this_clinic_are_in_it(site: Clinic) -> None:
    today = book(site, "Hopper", NOON + timedelta(hours=1), allergies="Lidocaine <b>")
    book(site, "Lovelace", NOON + timedelta(days=1))
    book(site, "Overmorrow", NOON + timedelta(days=2))
    book(site, "Cancelled", NOON + timedelta(hours=3), status=Status.CANCELLED)
    book(ClinicFactory(), "Elsewhere", NOON + timedelta(hours=1))
    earlier = SessionFactory(plan=today.plan, starts_at=NOON - timedelta(days=60))
    ZoneTreatmentFactory(session=earlier, zone=ZoneFactory(area=earlier.area), depth_mm="1.25")

    text = text_of(site)

    assert "Hopper" in text
    assert "Lovelace" in text
    assert "Overmorrow" not in text
    assert "Cancelled" not in text
    assert "Elsewhere" not in text
    assert "Allergies: Lidocaine &lt;b&gt;" in text
    assert "1.25 mm" in text
    assert site.emergency_phone in text
    assert text.count("<h2>Treatment sheet</h2>") == 4  # one for each treatment, and two blank ones


def test_who_was_in_it_is_written_down_as_an_export(site: Clinic) -> None:
    session = book(site, "Hopper", NOON)

    deliver_packs(at=NOON)

    told = AccessRecord.objects.get(place="downtime-pack")
    assert (told.action, told.actor_kind, told.count) == ("EXPORT", "SYSTEM", 1)
    assert told.patient_ids == [session.patient_id]
    assert told.clinic_ids == [site.pk]


def test_the_file_says_nothing_without_the_passphrase(site: Clinic, folder: Path) -> None:
    book(site, "Hopper", NOON)
    deliver_downtime_packs()
    [file] = folder.glob(f"*/{FILE}")

    assert "Hopper" not in file.read_text()
    assert PASSPHRASE not in file.read_text()
    assert PASSPHRASE not in site.downtime_key
    assert [path.name for path in file.parent.iterdir()] == [FILE]


def test_it_takes_the_same_statements_however_many_are_booked(site: Clinic) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            read_contents(site, at=NOON)
        return len(asked)

    book(site, "Hopper", NOON)
    before = statements()
    for hours in range(1, 4):
        book(site, "More", NOON + timedelta(hours=2 * hours))

    assert statements() == before == 6


def test_a_fault_of_one_clinic_keeps_no_other_and_is_told(
    site: Clinic, folder: Path, alice: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    other = ClinicFactory()
    settings.SECRET_KEY = "another"
    services.set_downtime_passphrase(clinic_id=other.pk, passphrase=PASSPHRASE, at=NOON, by=alice)

    assert deliver_packs(at=NOON) == 1
    assert "set its passphrase anew" in caplog.text
    folder.rename(folder.with_name("away"))
    folder.touch()  # a file where the folder was
    assert deliver_packs(at=NOON) == 0
    assert "no downtime pack of clinic" in caplog.messages[-1]


def test_without_a_folder_or_a_passphrase_there_is_none(
    clinic: Clinic, site: Clinic, settings: Any, folder: Path
) -> None:
    ClinicFactory()

    assert deliver_packs(at=NOON) == 1
    settings.DOWNTIME_DIR = ""
    assert deliver_packs(at=NOON) == 0


@pytest.fixture
def mailbox(site: Clinic, smtp: SmtpServer, settings: Any) -> SmtpServer:
    """Of the clinic's computers."""
    settings.EMAIL_BACKEND = settings.ANYMAIL_BACKEND = SMTP
    settings.EMAIL_HOST = "127.0.0.1"
    Clinic.objects.filter(pk=site.pk).update(downtime_email="desk@riverside.example")
    return smtp


def test_it_comes_to_an_address_too(site: Clinic, mailbox: SmtpServer, folder: Path) -> None:
    book(site, "Hopper", NOON)

    assert deliver_packs(at=NOON) == 1

    [mail] = mailbox.accepted
    assert mailbox.recipients == ["desk@riverside.example"]
    parsed = message_from_string(mail, policy=default)
    # on the clinic's clock
    assert parsed["Subject"] == "For when the server is away: Riverside, 2 Mar 2026, 13:00"
    [page] = parsed.iter_attachments()
    assert page.get_filename() == FILE
    [file] = folder.glob(f"*/{FILE}")
    assert page.get_content().splitlines() == file.read_text().splitlines()
    assert "Hopper" not in mail + page.get_content()
    assert AccessRecord.objects.filter(place="downtime-pack").count() == 1


def test_a_mail_server_that_refuses_keeps_it_from_no_folder(
    site: Clinic, mailbox: SmtpServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.script["RCPT"] = "550 no mailbox desk@riverside.example"

    assert deliver_packs(at=NOON) == 0

    assert len(list(folder.glob(f"*/{FILE}"))) == 1
    assert caplog.messages[-1] == (f"no downtime pack of clinic {site.pk}: SMTPRecipientsRefused")


def test_an_address_is_enough(site: Clinic, mailbox: SmtpServer, settings: Any) -> None:
    settings.DOWNTIME_DIR = ""

    assert deliver_packs(at=NOON) == 1
    assert len(mailbox.accepted) == 1


@pytest.mark.parametrize(("typed", "kept"), [("too short", False), (PASSPHRASE, True), ("", False)])
def test_a_manager_sets_the_passphrase(
    clinic: Clinic, manager: User, typed: str, kept: bool
) -> None:
    page = Client()
    page.force_login(manager)
    address = reverse("admin:clinic_clinic_change", args=[clinic.pk])
    answer = send(page, address, downtime_passphrase=typed)

    clinic.refresh_from_db()
    assert bool(clinic.downtime_key) == kept, answer.content[:2000]
    assert PASSPHRASE.encode() not in page.get(address).content


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium")
def test_any_browser_opens_it_without_a_server(site: Clinic) -> None:
    """With the right passphrase only, and it says how old it is."""
    book(site, "<i>Hopper</i>", NOON + timedelta(hours=1))
    file = write_page(make_page(site, at=NOON), site)
    later = NOON + timedelta(hours=3, minutes=5)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = opened.new_context(offline=True, bypass_csp=False)
        page = context.new_page()
        page.clock.install(time=later)
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(file.as_uri())
        assert "3 hours and 5 minutes old" in page.inner_text("#age")
        assert page.get_attribute("#age", "class") == "old"

        page.fill("#passphrase", "crème brûlée at noon 8")
        page.click("button")
        page.wait_for_selector("text=does not open it")
        assert page.inner_text("#inside") == ""

        # Another keyboard composes its letters otherwise.
        page.fill("#passphrase", "cre\u0300me bru\u0302le\u0301e at noon 7")
        page.click("button")
        page.wait_for_selector("text=Treatment sheet")
        assert "<i>Hopper</i>" in page.inner_text("#inside")
        assert not page.is_visible("#open")
        assert faults == []
        page.evaluate(AXE)
        assert page.evaluate(RUN, RULES) == []
        opened.close()
