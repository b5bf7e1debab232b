"""A red flag from the patient's phone to the clinician's and back, in a browser as wide as both.

What is played here goes over HTTP, SMTP and the worker of a running clinic. Nothing sleeps: each
step waits for what it needs, as long as it may take.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from clinic.demo.accounts import ACCOUNTS, PASSWORD
from clinic.demo.tour.journey import Tour
from tests.ops.running import SMS_SECRET
from tests.replies.provider import sign
from tests.support.pictures import jpeg

PHONE = ViewportSize(width=360, height=740)
TOLD_WITHIN = 10.0  # seconds from the report to the clinician's phone
PATIENCE = 45.0
(ON_CALL,) = (account for account in ACCOUNTS if account.username == "clinician")
STANDS_STILL = "a grave report or side effect of the patient is open"
ANSWER = "Please come at two. We look at it."
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
    """One patient of a running clinic, and the clinician on call."""

    def __init__(self, url: str, browser: Browser) -> None:
        self.url, self.browser = url, browser
        self.tour = Tour(url)
        self.tour.log_in()
        self.booked = self.tour.book("Ida")
        self.patient: dict[str, Any] = self.booked.patient
        self.problems: list[str] = []

    def is_treated(self) -> None:
        self.tour.treat(self.booked)

    # what the clinic knows, and what has arrived

    def rows(self, what: str, **of: str) -> list[dict[str, Any]]:
        asked = {"patient": self.patient["id"], "page_size": "200", **of}
        path = f"{what}/?{urlencode(asked)}"
        found = self.tour.client.call("clinician", "GET", path, expect=200)["results"]
        return list(found)

    def grave_tasks(self) -> list[dict[str, Any]]:
        """The oldest first."""
        found = self.rows("tasks", severity="RED", status="OPEN")
        return sorted(found, key=lambda task: str(task["created_at"]))

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

    def held(self) -> dict[str, Any]:
        """The routine text that has come due meanwhile, and waits."""

        def found() -> dict[str, Any] | None:
            waiting = self.rows("messages", status="PENDING")
            return next((one for one in waiting if one["reason"] == STANDS_STILL), None)

        return dict(until(found))

    def waits(self, message: dict[str, Any]) -> bool:
        found = self._read(message)
        return (found["status"], found["reason"]) == ("PENDING", STANDS_STILL)

    def is_sent(self, message: dict[str, Any]) -> bool:
        return bool(self._read(message)["status"] == "SENT")

    def _read(self, message: dict[str, Any]) -> dict[str, Any]:
        path = f"messages/{message['id']}/"
        return dict(self.tour.client.call("clinician", "GET", path, expect=200))

    def answers_have_arrived(self) -> bool:
        """The words by SMS, and a link to them in the mail."""
        sms = [told["text"] for told in self.arrived(self.patient["mobile"])]
        mails = [told["text"] for told in self.arrived(self.patient["email"])]
        return any(ANSWER in text for text in sms) and any("/answer/" in text for text in mails)

    # the patient

    def page(self) -> Page:
        page = self.browser.new_page(viewport=PHONE)
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def report_by_link(self, page: Page) -> None:
        """As far as the sign: the link of the mail right after the treatment leads there."""
        mail = until(lambda: self.arrived(self.patient["email"], "Your care for today"))[0]
        link = re.search(r"http://\S+/p/[\w-]+/(?=\s)", mail["text"])
        assert link, mail["text"]
        page.goto(link[0])
        page.get_by_role("link", name="Tell us how your skin is").first.click()
        page.get_by_label("Worse").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_label("Pus or yellow crusts").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("heading", name="How strong is it now?").wait_for()

    def finish_report(self, page: Page) -> None:
        """With words and a picture, and what to do then."""
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

    def write_sms(self, text: str) -> str:
        """As the gateway hands it on; the answer that goes back at once."""
        event = {"type": "inbound", "id": self.patient["id"], "text": text}
        body = json.dumps({**event, "from": self.patient["mobile"]}).encode()
        signed = {"X-Signature": sign(body, secret=SMS_SECRET), "Content-Type": "application/json"}
        answer = requests.post(f"{self.url}/webhooks/sms/", data=body, headers=signed, timeout=10)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["reply"])

    # the clinician on call

    def log_in(self, page: Page) -> None:
        """Where the SMS leads to."""
        text = next(t["text"] for t in self.arrived(ON_CALL.mobile) if URGENT in t["text"])
        link = re.search(r"http://\S+", text)
        assert link, text
        assert urlsplit(link[0]).path == TASKS
        page.goto(link[0])
        page.get_by_label("Username").fill(ON_CALL.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url(f"**{TASKS}")

    def press(self, page: Page, button: str, result: str | re.Pattern[str]) -> None:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_text(result)).to_be_visible()

    def take(self, page: Page, task: dict[str, Any]) -> None:
        page.goto(f"{self.url}{TASKS}{task['id']}/change/")
        self.press(page, "Take", "taken by Mira Okafor.")

    def answer_all(self, page: Page) -> None:
        """What was written on the page, and by SMS."""
        replies = self.rows("inbox")
        assert {reply["channel"] for reply in replies} == {"EMAIL", "SMS"}
        for reply in replies:
            page.goto(f"{self.url}{REPLIES}{reply['id']}/change/")
            page.get_by_label("Your answer").fill(ANSWER)
            self.press(page, "Send answer", re.compile("answered by (SMS|E-mail)"))

    def finish(self, page: Page, task: dict[str, Any]) -> None:
        page.goto(f"{self.url}{TASKS}{task['id']}/change/")
        page.get_by_label("Done note").fill("Seen at noon: impetigo, treated.")
        self.press(page, "Done", "done.")
