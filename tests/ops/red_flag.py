"""A red flag from the patient's phone to the clinician's and back, in a browser as wide as both.

What is played here goes over HTTP, SMTP and the worker of a running clinic. Nothing sleeps: each
step waits for what it needs, as long as it may take.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from clinic.demo.accounts import ACCOUNTS, PASSWORD
from clinic.demo.tour.journey import Booked, Tour
from tests.ops.running import SMS_SECRET
from tests.replies.provider import sign
from tests.support.pictures import jpeg

PHONE = ViewportSize(width=360, height=740)
TOLD_WITHIN = 10.0  # seconds from the report to the clinician's phone
PATIENCE = 45.0
(ON_CALL,) = (account for account in ACCOUNTS if account.username == "clinician")
STANDS_STILL = "a grave report or side effect of the patient is open"
URGENT = "1 urgent reply, open the inbox"
TASKS = "/admin/patients/stafftask/"
REPLIES = "/admin/aftercare/inboundmessage/"


def until(found: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """What is found, as soon as there is something."""
    ends = time.monotonic() + within
    while not (it := found()):
        assert time.monotonic() < ends, f"nothing within {within:.0f} s"
        time.sleep(0.1)
    return it


class RedFlag:
    """One clinic, a clinician, and what happens to two patients."""

    def __init__(self, url: str, browser: Browser) -> None:
        self.url, self.browser = url, browser
        self.tour = Tour(url)
        self.tour.log_in()
        self.problems: list[str] = []

    # what the clinic knows, and what has arrived

    def booked(self, given_name: str) -> Booked:
        return self.tour.book(given_name)

    def rows(self, what: str, **of: str) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in of.items())
        path = f"{what}/?page_size=200&{asked}"
        found = self.tour.client.call("clinician", "GET", path, expect=200)["results"]
        return list(found)

    def grave(self, booked: Booked) -> list[dict[str, Any]]:
        return self.rows("tasks", patient=booked.patient["id"], severity="RED", status="OPEN")

    def arrived(self, to: str, subject: str = "") -> list[dict[str, Any]]:
        inbox = requests.get(f"{self.url}/inbox/messages.json", params={"to": to}, timeout=5)
        return [one for one in inbox.json()["messages"] if one["subject"].startswith(subject)]

    def alerts(self) -> tuple[int, int]:
        """How many the clinician on call has by SMS and by e-mail."""
        sms, mails = (
            [told["text"] for told in self.arrived(address) if URGENT in told["text"]]
            for address in (ON_CALL.mobile, ON_CALL.email)
        )
        return len(sms), len(mails)

    def link_of(self, booked: Booked) -> str:
        """As it stands in the mail right after the treatment."""
        mail = until(lambda: self.arrived(booked.patient["email"], "Your care for today"))[0]
        found = re.search(r"http://\S+/p/[\w-]+/(?=\s)", mail["text"])
        assert found, mail["text"]
        return found[0]

    # in the browser

    def page(self) -> Page:
        page = self.browser.new_page(viewport=PHONE)
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def report(self, page: Page, booked: Booked) -> None:
        """By the link of the mail: worse, with pus, a word and a picture."""
        page.goto(self.link_of(booked))
        page.get_by_role("link", name="Tell us how your skin is").first.click()
        page.get_by_label("Worse").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_label("Pus or yellow crusts").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("heading", name="How strong is it now?").wait_for()

    def finish_report(self, page: Page) -> None:
        page.get_by_role("group", name="Pain").get_by_label("7").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_label("In your own words").fill("There is yellow stuff on my cheek.")
        page.get_by_label("Yes").check()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Please talk to us today")).to_be_visible()
        expect(page.get_by_text("We have told the clinician.")).to_be_visible()
        page.get_by_role("link", name="Send a picture").click()
        file: Any = {"name": "cheek.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
        page.get_by_label("Your picture").set_input_files(file)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Pictures that we have from you: 1")).to_be_visible()
        page.get_by_role("link", name="What to do now").click()

    def write_sms(self, booked: Booked, text: str) -> str:
        """As the gateway hands it on; the answer that goes back at once."""
        event = {"type": "inbound", "id": booked.session["id"], "text": text}
        body = json.dumps({**event, "from": booked.patient["mobile"]}).encode()
        answer = requests.post(
            f"{self.url}/webhooks/sms/",
            data=body,
            headers={
                "Content-Type": "application/json",
                "X-Signature": sign(body, secret=SMS_SECRET),
            },
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["reply"])

    def log_in(self, page: Page) -> None:
        """Where the SMS leads to."""
        text = next(t["text"] for t in self.arrived(ON_CALL.mobile) if URGENT in t["text"])
        link = re.search(r"http://\S+", text)
        assert link, text
        assert urlsplit(link[0]).path == TASKS
        page.goto(link[0])
        page.get_by_label("Username").fill(ON_CALL.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{TASKS}")

    def press(self, page: Page, button: str, result: str | re.Pattern[str]) -> None:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_text(result)).to_be_visible()

    def take(self, page: Page, booked: Booked) -> None:
        for task in self.grave(booked):
            page.goto(f"{self.url}{TASKS}{task['id']}/change/")
            self.press(page, "Take", "taken by Mira Okafor.")

    def answer(self, page: Page, booked: Booked, text: str) -> None:
        (reply,) = self.rows("inbox", patient=booked.patient["id"])
        page.goto(f"{self.url}{REPLIES}{reply['id']}/change/")
        page.get_by_label("Your answer").fill(text)
        self.press(page, "Send answer", re.compile("answered by (SMS|E-mail)"))

    def read_answer(self, booked: Booked) -> bool:
        """By the channel that they wrote on: the words, or a link to them."""
        told = self.arrived(booked.patient["email"]) + self.arrived(booked.patient["mobile"])
        return any("Please come at two" in m["text"] or "answer/" in m["text"] for m in told)

    def finish(self, page: Page, booked: Booked) -> None:
        for task in self.grave(booked):
            page.goto(f"{self.url}{TASKS}{task['id']}/change/")
            page.get_by_label("Done note").fill("Seen at noon: impetigo, treated.")
            self.press(page, "Done", "done.")

    # what stands still, and goes on

    def held(self, booked: Booked) -> dict[str, Any]:
        """The routine text that has come due meanwhile, and waits."""
        waiting = {"patient": booked.patient["id"], "status": "PENDING"}
        return dict(
            until(
                lambda: next(
                    (m for m in self.rows("messages", **waiting) if m["reason"] == STANDS_STILL),
                    None,
                )
            )
        )

    def status(self, message: dict[str, Any]) -> str:
        found = self.tour.client.call("clinician", "GET", f"messages/{message['id']}/", expect=200)
        return str(found["status"])
