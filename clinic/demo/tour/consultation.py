"""The first part of the tour: a caller is registered, consulted, and a candidate."""

from datetime import date, timedelta
from typing import Any

from clinic.demo.tour.client import Client, TourFailed

WORDING = "May we write to you about your appointments and your aftercare?"


class Consultation:
    """One caller until the plan, over HTTP."""

    def __init__(self, client: Client, caller: dict[str, Any]) -> None:
        self._call, self._say, self._refusal = client.call, client.say, client.refusal
        self._client, self.caller = client, caller
        self.patient: dict[str, Any] = {}

    def play(self) -> dict[str, Any]:
        """The patient, who is a candidate then."""
        slot = self._first_slot()
        self._register()
        visit = self._book(slot)
        self._arrive(visit)
        self._see()
        self._decide(visit)
        return self.patient

    def _first_slot(self) -> dict[str, Any]:
        """Before anybody is registered: a caller is no patient yet."""
        kinds = self._client.catalogue("desk", "visit-types")
        self._kind = next(kind for kind in kinds if kind["code"] == "consultation")
        today = date.today()  # noqa: DTZ011  a day early or late, the first slot is the same
        first, last = today - timedelta(days=1), today + timedelta(days=2)
        query = f"visit_type={self._kind['id']}&from={first}&to={last}"
        slots = self._call("desk", "GET", f"availability/?{query}", expect=200)
        if not slots:
            raise TourFailed("There is no free time in the next two days.")
        self._say("desk", 200, f"sees {len(slots)} times for a {self._kind['name'].lower()}")
        return dict(slots[0])

    def _register(self) -> None:
        words = [
            {"channel": channel, "purpose": "CARE", "granted": True, "wording": WORDING}
            for channel in ("EMAIL", "SMS")
        ]
        self.patient = self._call(
            "desk", "POST", "patients/", **self.caller, contact_consents=words, expect=201
        )
        name = f"{self.patient['given_name']} {self.patient['family_name']}"
        told = f"registers {name}, who agrees to e-mail and SMS, patient {self.patient['id']}"
        self._say("desk", 201, told)

    def _book(self, slot: dict[str, Any]) -> dict[str, Any]:
        visit: dict[str, Any] = self._call(
            "desk",
            "POST",
            "sessions/",
            visit_type=self._kind["id"],
            patient=self.patient["id"],
            starts_at=slot["starts_at"],
            practitioner=slot["practitioner"],
            room=slot["room"],
            expect=201,
        )
        self._say("desk", 201, f"books the {self._kind['name'].lower()}, session {visit['id']}")
        return visit

    def _arrive(self, visit: dict[str, Any]) -> None:
        url = f"sessions/{visit['id']}"
        self._call("desk", "POST", f"{url}/check-in/", expect=200)
        moved = self._call("clinician", "POST", f"{url}/start/", expect=200)
        self._say("clinician", 200, f"the consultation is {moved['status']}: nothing is needled")
        self._missing()

    def _missing(self) -> None:
        items = self._call(
            "clinician", "GET", f"patients/{self.patient['id']}/consultation/", expect=200
        )
        names = ", ".join(item["name"].lower() for item in items if not item["is_there"])
        self._say("clinician", 200, f"sees what is missing: {names or 'nothing'}")

    def _see(self) -> None:
        """What is asked and looked at, in the order of the list."""
        url, today = f"patients/{self.patient['id']}", date.today().isoformat()  # noqa: DTZ011
        concern = {"concern": "acne-scars", "subtype": "acne-scar-rolling", "baseline_grade": 3}
        self._call("clinician", "POST", f"{url}/concerns/", **concern, expect=201)
        skin = {"skin_type": 3, "assessed_on": today}
        self._call("clinician", "POST", f"{url}/skin-types/", **skin, expect=201)
        questions = self._client.catalogue("clinician", "screening-rules")
        answers = [{"rule": question["code"], "answer": False} for question in questions]
        screening = self._call(
            "clinician",
            "POST",
            f"{url}/screenings/",
            answers=answers,
            good_health=True,
            expectations_discussed=True,
            expect=201,
        )
        told = f"asks {len(answers)} questions; valid until {screening['valid_until']}"
        self._say("clinician", 201, f"records the scars, grade 3, skin type III, and {told}")
        self._call("desk", "POST", f"{url}/consent-handouts/", expect=201)
        self._say("desk", 201, "gives the consent to read")

    def _decide(self, visit: dict[str, Any]) -> None:
        decided = self._call(
            "clinician",
            "POST",
            "candidacies/",
            patient=self.patient["id"],
            session=visit["id"],
            outcome="CANDIDATE",
            expectations="Softer in daylight, without make-up.",
            other_treatments="A peel two years ago.",
            expect=201,
        )
        self._say("clinician", 201, f"decides: {decided['outcome']}")
        self._missing()
        done = self._call("clinician", "POST", f"sessions/{visit['id']}/complete/", expect=200)
        self._say("clinician", 200, f"complete: the consultation is {done['status']}")
