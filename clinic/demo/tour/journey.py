"""The tour: one patient's way from the first call to the aftercare message, over HTTP.

A client of the API and nothing else: it shares no code and no database with the server.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinic.demo.tour.client import Client, TourFailed
from clinic.demo.tour.consultation import Consultation
from clinic.demo.tour.follow_up import FollowUp

PATIENCE = 60  # seconds that the messages may take
GTIN = "09506000134352"  # GS1's own example: no real product has it


@dataclass(frozen=True)
class Booked:
    """A candidate with a sitting of face and neck: what the API answered."""

    patient: dict[str, Any]
    face: dict[str, Any]
    slot: dict[str, Any]
    session: dict[str, Any]


class Tour:
    """Plays the journey and prints a line for each step."""

    def __init__(self, url: str) -> None:
        self.client = Client(url)
        self._call, self._say = self.client.call, self.client.say

    def play(self) -> None:
        self.log_in()
        booked = self.book("Grace")
        follow_up = FollowUp(self.client, booked.face)
        follow_up.rate_before()
        self._leave_one_out(self._show_refusals(booked.face, booked.slot))
        self.treat(booked)
        follow_up.play(booked.session)
        self._show_messages(booked.patient)
        print("\nThe tour is over: both messages arrived.")

    def log_in(self) -> None:
        for username in ("desk", "clinician"):
            self.client.log_in(username)

    def book(self, given_name: str) -> Booked:
        """From the first call to the first session."""
        patient = Consultation(self.client, _caller(given_name)).play()
        face, neck = self._plan(patient), self._plan(patient, "wrinkles-neck")
        slot = self._first_slot(face, neck)
        return Booked(patient, face, slot, self._book(face, neck, slot))

    def treat(self, booked: Booked) -> None:
        """From the arrival to the signature."""
        self._arrive(booked.session)
        self._ask_birth_date(booked.patient)
        self._consent(booked.patient, booked.slot)
        self._start(booked.session)
        self._chart(booked.session, booked.slot)
        self._override(booked.session)
        self._complete(booked.session)

    def _register(self, given_name: str) -> dict[str, Any]:
        patient = self._call("desk", "POST", "patients/", **_caller(given_name), expect=201)
        self._say("desk", 201, f"registers {_name(patient)}, patient {patient['id']}")
        return dict(patient)

    def _plan(self, patient: dict[str, Any], code: str = "acne-scars-face") -> dict[str, Any]:
        protocols = self._call("clinician", "GET", "protocols/?page_size=200", expect=200)
        protocol = next(p for p in protocols["results"] if p["code"] == code)
        plan: dict[str, Any] = self._call(
            "clinician",
            "POST",
            "plans/",
            patient=patient["id"],
            concern=protocol["concern"],
            area=protocol["area"],
            protocol=protocol["id"],
            expect=201,
        )
        sessions = plan["planned_sessions"]
        self._say("clinician", 201, f"plans “{protocol['name']}”, {sessions} sessions")
        return plan

    def _first_slot(self, plan: dict[str, Any], *further: dict[str, Any]) -> dict[str, Any]:
        today = date.today()  # noqa: DTZ011  a day early or late, the first slot is the same
        first, last = today - timedelta(days=1), today + timedelta(days=2)
        asked = f"plan={plan['id']}&from={first}&to={last}"
        asked += "".join(f"&further_plans={other['id']}" for other in further)
        slots = self._call("desk", "GET", f"availability/?{asked}", expect=200)
        if not slots:
            raise TourFailed("There is no free time in the next two days.")
        self._say("desk", 200, f"sees {len(slots)} free times")
        return dict(slots[0])

    def _book(
        self, face: dict[str, Any], neck: dict[str, Any], slot: dict[str, Any]
    ) -> dict[str, Any]:
        """Two areas in one sitting: the session that leads, with its `areas`."""
        body = {**_booking(face, slot), "further_plans": [neck["id"]]}
        session: dict[str, Any] = self._call("desk", "POST", "sessions/", **body, expect=201)
        told = " and ".join(area["area_code"] for area in session["areas"])
        when = f"{_when(session)}, session {session['id']}"
        self._say("desk", 201, f"books {told} in one sitting, {when}")
        return session

    def _show_refusals(self, plan: dict[str, Any], slot: dict[str, Any]) -> dict[str, Any]:
        """Two bookings that must be refused, each with the right status and code. Returns the plan
        of somebody else."""
        other = self._plan(self._register("Heidi"))
        refused = self._call("desk", "POST", "sessions/", **_booking(other, slot), expect=409)
        self.client.refusal(
            "desk", refused, "practitioner_taken", "books somebody else at that time"
        )

        sooner = datetime.fromisoformat(slot["starts_at"]) + timedelta(days=7)
        soon = {**_booking(plan, slot), "starts_at": sooner.isoformat()}
        refused = self._call("desk", "POST", "sessions/", **soon, expect=409)
        self.client.refusal("desk", refused, "too_soon", "books the next session a week later")
        print(f"{'':13}     earliest: {refused['earliest_on']}")
        return other

    def _leave_one_out(self, face: dict[str, Any]) -> None:
        """Of a sitting that somebody else has booked."""
        neck = self._plan({"id": face["patient"]}, "wrinkles-neck")
        booked = self._book(face, neck, self._first_slot(face, neck))
        further = booked["areas"][1]["session"]
        left_out = self._call(
            "desk", "POST", f"sessions/{further}/skip/", reason="A cold sore", expect=200
        )
        self._say("desk", 200, f"leaves {left_out['area_code']} out; the other area stays booked")

    def _arrive(self, session: dict[str, Any]) -> None:
        for verb in ("confirm", "check-in"):
            moved = self._call("desk", "POST", f"sessions/{session['id']}/{verb}/", expect=200)
            self._say("desk", 200, f"{verb}: the session is {moved['status']}")
        start = f"sessions/{session['id']}/start/"
        refused = self._call("clinician", "POST", start, expect=409)
        self.client.refusal("clinician", refused, "unresolved_findings", "starts the session")

    def _ask_birth_date(self, patient: dict[str, Any]) -> None:
        """A caller gave none, and nobody is needled without."""
        url = f"patients/{patient['id']}/"
        self._call("desk", "GET", url, expect=200)
        born = self._call("desk", "PATCH", url, date_of_birth="1990-05-17", expect=200)
        self._say("desk", 200, f"asks for the birth date: {born['date_of_birth']}")

    def _consent(self, patient: dict[str, Any], slot: dict[str, Any]) -> None:
        texts = self.client.catalogue("clinician", "consent-texts")
        text = next(t for t in texts if (t["kind"], t["language"]) == ("TREATMENT", "en"))
        self._call(
            "clinician",
            "POST",
            f"patients/{patient['id']}/consents/",
            text=text["id"],
            clauses=[clause["code"] for clause in text["clauses"]],
            zones=["cheeks", "forehead", "neck-front"],
            device_models=[self._device_model(slot)],
            signer_name=_name(patient),
            expect=201,
        )
        self._say("clinician", 201, f"has “{text['title']}” signed, version {text['version']}")

    def _device_model(self, slot: dict[str, Any]) -> str:
        devices = self.client.catalogue("clinician", "devices")
        return str(next(d["model_code"] for d in devices if d["id"] == slot["device"]))

    def _start(self, session: dict[str, Any]) -> None:
        moved = self._call("clinician", "POST", f"sessions/{session['id']}/start/", expect=200)
        self._say("clinician", 200, f"start: the session is {moved['status']}")

    def _chart(self, session: dict[str, Any], slot: dict[str, Any]) -> None:
        url = f"sessions/{session['id']}"
        code = f"(01){GTIN}(17)311231(10)T{secrets.token_hex(4).upper()}(21)00001"
        model = self._device_model(slot)
        self._call(
            "clinician", "POST", "lots/", device_model=model, code=code, quantity=25, expect=201
        )
        self._call("clinician", "POST", f"{url}/cartridges/", code=code, expect=201)
        self._say("clinician", 201, f"scans a cartridge, {code}")
        refused = self._call("clinician", "POST", f"{url}/cartridges/", code=code, expect=409)
        self.client.refusal("clinician", refused, "cartridge_used", "scans it once more")

        self._call("clinician", "GET", f"{url}/chart/", expect=200)
        too_deep = [{"zone": "cheeks", "depth_mm": "2.60", "passes": 6}]
        refused = self._call("clinician", "PUT", f"{url}/chart/", zones=too_deep, expect=400)
        self.client.refusal("clinician", refused, "invalid", "charts a depth of 2.60 mm")

        zones = [
            {"zone": "cheeks", "depth_mm": "1.50", "passes": 6, "endpoint": "PINPOINT_BLEEDING"},
            {"zone": "forehead", "depth_mm": "1.25", "passes": 4, "endpoint": "ERYTHEMA"},
        ]
        written = self._call("clinician", "PUT", f"{url}/chart/", zones=zones, expect=200)
        charted = ", ".join(f"{z['zone']} {z['depth_mm']} mm" for z in written["zones"])
        self._say("clinician", 200, f"charts {charted}")

        neck = f"sessions/{session['areas'][1]['session']}/chart/"
        self._call("clinician", "GET", neck, expect=200)
        zones = [{"zone": "neck-front", "depth_mm": "0.75", "passes": 4, "endpoint": "ERYTHEMA"}]
        self._call("clinician", "PUT", neck, zones=zones, expect=200)
        self._say("clinician", 200, "charts neck-front 0.75 mm: one cartridge serves both areas")

    def _override(self, session: dict[str, Any]) -> None:
        """One finding is open: the forehead is deeper than its cap."""
        url = f"sessions/{session['id']}"
        refused = self._call("clinician", "POST", f"{url}/complete/", expect=409)
        self.client.refusal("clinician", refused, "unresolved_findings", "signs the record")
        finding = refused["findings"][0]
        self._call(
            "clinician",
            "POST",
            f"{url}/overrides/",
            code=finding["code"],
            subject=finding["subject"],
            reason="One deep scar above the brow; single pass there, bone avoided.",
            expect=201,
        )
        told = f"overrides {finding['code']} with a reason (rule: {finding['rule']})"
        self._say("clinician", 201, told)

    def _complete(self, session: dict[str, Any]) -> None:
        done = self._call("clinician", "POST", f"sessions/{session['id']}/complete/", expect=200)
        self._say("clinician", 200, f"complete: the session is {done['status']}, and signed")
        query = f"messages/?session={session['id']}&page_size=200"
        planned = self._call("desk", "GET", query, expect=200)["results"]
        self._say("desk", 200, f"sees {len(planned)} messages of this session in the outbox")

    def _show_messages(self, patient: dict[str, Any]) -> None:
        mail = self._wait_for(patient["email"], "Your care for today")
        sms = self._wait_for(patient["mobile"], "")
        print(f"\nThe e-mail, as {patient['given_name']} gets it:\n")
        print(_indented(f"From: {mail['from']}\nSubject: {mail['subject']}\n\n{mail['text']}"))
        print("\nThe SMS:\n")
        print(_indented(f"From: {sms['from']}\n{sms['text']}"))

    def _wait_for(self, to: str, subject: str) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            answer = self.client.http.get(
                f"{self.client.url}/inbox/messages.json", params={"to": to}, timeout=10
            )
            if answer.status_code == 404:
                raise TourFailed("This server has no inbox: the tour needs the demo.")
            found = [m for m in answer.json()["messages"] if m["subject"] == subject]
            if found:
                return dict(found[0])
            time.sleep(0.5)
        raise TourFailed(f"Nothing came to {to} within {PATIENCE} seconds.")


def _caller(given_name: str) -> dict[str, Any]:
    """What the desk is told on the telephone."""
    number = secrets.randbelow(10**7)
    return {
        "given_name": given_name,
        "family_name": f"Tour-{number:07}",
        "email": f"{given_name.lower()}.{number:07}@patients.example",
        "mobile": f"+4915{2 * 10**8 + number:09}",
    }


def _booking(plan: dict[str, Any], slot: dict[str, Any]) -> dict[str, Any]:
    names = ("starts_at", "practitioner", "room", "device")
    return {"plan": plan["id"], **{name: slot[name] for name in names}}


def _name(patient: dict[str, Any]) -> str:
    return f"{patient['given_name']} {patient['family_name']}"


def _when(session: dict[str, Any]) -> str:
    local = datetime.fromisoformat(session["starts_at"]).astimezone(ZoneInfo(session["time_zone"]))
    return f"{local:%a %-d %b %Y at %H:%M}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
