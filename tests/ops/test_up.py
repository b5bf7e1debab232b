"""`manage.py up` from an empty folder, with nothing in its environment, and the whole journey."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.test_patients_pages import CHROMIUM
from tests.ops.red_flag import TOLD_WITHIN, RedFlag, until
from tests.ops.running import ROOT, Up, gone, open_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "var"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def clinic_of_all(var: Path) -> Iterator[Up]:
    """An ordinary user's, where these tests are root's and one can be."""
    var.mkdir()
    user = ordinary_user()
    if user:
        os.chown(var, user.pw_uid, user.pw_gid)
    running = Up(var, "--hurry", user=user.pw_name if user else None)
    yield running.wait_until_ready().wait_until_ready("with 40 patients")
    running.process.terminate()
    running.process.wait(60)


@pytest.fixture
def up(clinic_of_all: Up) -> Up:
    """The one clinic of this file; who has ended it need not start it again."""
    if clinic_of_all.process.poll() is not None:
        clinic_of_all.start().wait_until_ready()
    return clinic_of_all


def ordinary_user() -> pwd.struct_passwd | None:
    """Somebody else than root, who can enter the folders of this project and its Python."""
    python = Path(sys.executable).resolve()
    folders = (*ROOT.parents, ROOT, *python.parents)
    if os.geteuid() != 0 or not all(folder.stat().st_mode & 1 for folder in folders):
        return None
    return pwd.getpwnam("nobody")


def test_it_is_ready_and_shows_its_pages(up: Up) -> None:
    for path in ("/healthz", "/readyz", "/", "/admin/login/", "/api/docs/", "/inbox/"):
        assert up.get(path) == 200, path
    assert "log in as desk, clinician" in up.log.read_text()


def test_the_tour_passes_and_the_aftercare_follows(up: Up) -> None:
    """The journey over HTTP: a real worker, a real SMTP server, a real SMS endpoint. In the
    hurried demo day three comes after fifteen seconds."""
    tour = up.command("tour")

    assert tour.returncode == 0, tour.stdout + tour.stderr
    for line in (
        "sees what is missing: birth date, concerns with grade, skin type, screening",
        "decides: CANDIDATE",
        "sees what is missing: birth date, photographs",
        "409  books somebody else at that time: practitioner_taken",
        "409  books the next session a week later: too_soon",
        "books face and neck in one sitting",
        "leaves neck out; the other area stays booked",
        "400  charts a depth of 2.60 mm: invalid",
        "complete: the session is COMPLETED",
        "the check has closed it",
        "sees what has changed: 2 now; 4 on ",
        "better by 2.",
        "and what is missing: ",
        "complete: the outcome is COMPLETED",
        "Subject: Your care for today",
        "both messages arrived",
    ):
        assert line in tour.stdout
    ends = time.monotonic() + 60
    subjects: set[str] = set()
    while time.monotonic() < ends and "Day three" not in subjects:
        inbox = requests.get(f"{up.url}/inbox/messages.json", timeout=5).json()
        subjects = {message["subject"] for message in inbox["messages"]}
        time.sleep(0.5)
    assert {"Day one: how to go on", "Day three"} <= subjects


def test_a_red_flag_reaches_a_person_and_routine_texts_wait_until_it_is_settled(
    up: Up, browser: Browser
) -> None:
    """By the link of a mail, with a picture, and then by SMS: each for itself, and no routine text
    goes out before both are settled."""
    story = RedFlag(up.url, browser)
    phone, staff = story.page(), story.page()
    sms, mails = story.alerts()
    story.is_treated()

    story.report_by_link(phone)
    until(lambda: story.alerts() == (sms + 1, mails + 1), within=TOLD_WITHIN)
    story.finish_report(phone)
    assert "call" in story.write_sms("Now yellow pus, and the redness spreads").lower()
    until(lambda: story.alerts() == (sms + 2, mails + 2), within=TOLD_WITHIN)

    story.log_in(staff)
    by_link, by_sms = story.grave_tasks()
    story.take(staff, by_link)
    phone.reload()
    expect(phone.get_by_text("Seen by the team")).to_be_visible()
    story.take(staff, by_sms)
    story.answer_all(staff)
    until(story.answers_have_arrived)

    held = story.held()
    story.finish(staff, by_link)
    assert story.waits(held)
    story.finish(staff, by_sms)
    until(lambda: story.is_sent(held))
    assert story.problems == []
    for page in (phone, staff):
        page.close()


def page_of(browser: Browser, width: int, problems: list[str]) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return page


def test_messages_appear_in_the_inbox_while_one_watches(up: Up, browser: Browser) -> None:
    problems: list[str] = []
    pages = {width: page_of(browser, width, problems) for width in (1280, 390)}
    for page in pages.values():
        page.goto(f"{up.url}/inbox/")
    shown = page.locator("article", has_text="Your care for today").count()

    assert up.command("tour").returncode == 0
    for width, page in pages.items():
        mails = page.locator("article", has_text="Your care for today")
        # Or the newest one is still that of a tour before.
        expect(mails).to_have_count(shown + 1, timeout=30_000)
        mail = mails.first
        mail.get_by_text("Read it").click()
        text = mail.frame_locator("iframe").get_by_role("heading", name="The next 24 hours, Grace")
        text.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()

    assert problems == []


def test_the_pages_have_no_errors_and_fit_a_phone(up: Up, browser: Browser) -> None:
    problems: list[str] = []
    page = page_of(browser, 390, problems)
    page.goto(f"{up.url}/admin/login/")
    page.fill("#id_username", "clinician")
    page.fill("#id_password", "demo-clinic")
    page.click("button[type=submit]")
    sessions = "/admin/treatment_sessions/treatmentsession/"
    for path in (
        "/",
        "/api/docs/",
        "/admin/",
        sessions,
        f"{sessions}add/",
        "/admin/patients/patient/",
    ):
        page.goto(f"{up.url}{path}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path

    assert problems == []
    page.close()


def test_the_tour_says_when_nothing_runs(up: Up) -> None:
    tour = up.command("tour", "--url", "http://127.0.0.1:9")

    assert tour.returncode == 1
    assert "start it with ./run" in tour.stderr


def test_a_second_up_says_where_the_first_one_is_and_harms_nothing(up: Up, var: Path) -> None:
    second = Up(var)

    assert second.process.wait(60) == 1
    assert f"already runs here: {up.url}" in second.tail()
    assert up.get("/readyz") == 200
    assert up.command("check").returncode == 0  # other commands still find its database


def test_secrets_are_for_the_owner_alone(up: Up, var: Path) -> None:
    for file in (var / "up.json", var / "secret-key", var / "postgres" / "password"):
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_it_names_a_port_that_is_taken(up: Up, folder: Path) -> None:
    other = up.command("up", "--port", str(up.port))
    assert other.returncode == 1  # the same folder: it runs already
    environment = {**up.environment, "CLINIC_VAR": str(folder)}
    taken = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(up.port)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert taken.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{up.port}" in taken.stdout


def test_without_the_demo_it_asks_where_messages_go(folder: Path) -> None:
    empty = Up(folder / "var", "--no-demo")

    assert empty.process.wait(60) == 1
    assert "set EMAIL_URL and SMS_PROVIDER" in empty.tail()


def test_it_leaves_nothing_behind_however_it_ends(up: Up, var: Path) -> None:
    children = up.children()
    assert len(children) >= 7

    up.process.kill()
    up.process.wait()
    assert gone(children, within=30)

    up.start().wait_until_ready()  # after kill -9 of the supervisor
    for child in up.children():
        child.kill()
    up.process.kill()
    up.process.wait()

    up.start().wait_until_ready()  # after kill -9 of everything
    children = up.children()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert gone(children, within=1)
    assert not (var / "up.json").exists()
    assert "stopped after" in up.tail()


@pytest.mark.skipif(ordinary_user() is None, reason="root's alone, or an ordinary user's already")
def test_an_ordinary_user_can_start_it_too(up: Up, var: Path) -> None:
    user = ordinary_user()
    assert user is not None
    assert (var / "postgres" / "data").stat().st_uid == user.pw_uid
    assert {child.uids().effective for child in up.children()} == {user.pw_uid}


def test_an_empty_clinic_starts_and_is_checked(folder: Path) -> None:
    sends = {"EMAIL_URL": "smtp://127.0.0.1:9", "DEFAULT_FROM_EMAIL": "hello@clinic.example"}
    sends |= {"SMS_PROVIDER": "http", "SMS_HTTP_URL": "http://127.0.0.1:9/sms"}

    checked = Up(folder / "var", "--no-demo", "--check", environment=sends)

    assert checked.process.wait(120) == 0, checked.tail()
    assert "ready after" in checked.tail()
