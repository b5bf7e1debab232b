"""The last part of the tour: a reaction is looked at, and the result is measured."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from clinic.demo.tour.client import Client, TourFailed

SCALE = "goodman-baron-qualitative"  # of acne scars: 1 to 4, the less the better


class FollowUp:
    """One patient after the treatment, over HTTP. The months until the result are skipped."""

    def __init__(self, client: Client, plan: dict[str, Any]) -> None:
        self._call, self._say, self._client = client.call, client.say, client
        self._plan, self._patient = plan, plan["patient"]

    def rate_before(self) -> None:
        """The score that the result is compared with."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        self._rate(4, milestone="BASELINE", measured_at=yesterday.isoformat())

    def play(self, session: dict[str, Any]) -> None:
        self._check(session)
        self._measure()

    def _check(self, session: dict[str, Any]) -> None:
        effect = self._call(
            "clinician",
            "POST",
            "side-effects/",
            session=session["id"],
            kind="OEDEMA",
            zone="cheeks",
            grade=1,
            is_expected=True,
            onset_at=datetime.now(UTC).isoformat(),
            expect=201,
        )
        self._say("clinician", 201, f"notes {effect['kind'].lower()}, grade {effect['grade']}")
        visit = self._book("check", side_effect=effect["id"])
        self._begin(visit)
        note = "Soft and going down. Nothing to be done."
        self._complete(visit, note=note)
        closed = self._call("clinician", "GET", f"side-effects/{effect['id']}/", expect=200)
        self._say("clinician", 200, f"the check has closed it: “{closed['resolution']}”")

    def _measure(self) -> None:
        visit = self._book("outcome-90d", plan=self._plan["id"])
        self._begin(visit)
        self._rate(2, milestone="OTHER")
        url = f"sessions/{visit['id']}/outcome-items/"
        items = self._call("clinician", "GET", url, expect=200)
        measured = next(item for item in items if item["code"] == f"scale:{SCALE}")
        self._say("clinician", 200, f"sees what has changed: {measured['detail']}")
        missing = ", ".join(item["name"] for item in items if not item["is_there"])
        self._say("clinician", 200, f"and what is missing: {missing}")
        self._complete(visit)

    def _rate(self, score: int, **when: Any) -> None:
        scales = self._client.catalogue("clinician", "outcome-scales")
        scale = next(scale for scale in scales if scale["code"] == SCALE)
        self._call(
            "clinician",
            "POST",
            "outcomes/",
            plan=self._plan["id"],
            scale=scale["id"],
            rater_role="CLINICIAN",
            score=str(score),
            **when,
            expect=201,
        )
        self._say("clinician", 201, f"rates the scars: {score} on “{scale['name']}”")

    def _book(self, code: str, **about: Any) -> dict[str, Any]:
        kinds = self._client.catalogue("desk", "visit-types")
        kind = next(kind for kind in kinds if kind["code"] == code)
        today = date.today()  # noqa: DTZ011  a day early or late, the first slot is the same
        first, last = today - timedelta(days=1), today + timedelta(days=2)
        query = f"visit_type={kind['id']}&patient={self._patient}&from={first}&to={last}"
        slots = self._call("desk", "GET", f"availability/?{query}", expect=200)
        if not slots:
            raise TourFailed("There is no free time in the next two days.")
        visit: dict[str, Any] = self._call(
            "desk",
            "POST",
            "sessions/",
            visit_type=kind["id"],
            patient=self._patient,
            starts_at=slots[0]["starts_at"],
            practitioner=slots[0]["practitioner"],
            room=slots[0]["room"],
            **about,
            expect=201,
        )
        self._say("desk", 201, f"books “{kind['name']}”, session {visit['id']}")
        return visit

    def _begin(self, visit: dict[str, Any]) -> None:
        url = f"sessions/{visit['id']}"
        self._call("desk", "POST", f"{url}/check-in/", expect=200)
        self._call("clinician", "POST", f"{url}/start/", expect=200)

    def _complete(self, visit: dict[str, Any], **found: Any) -> None:
        url = f"sessions/{visit['id']}/complete/"
        done = self._call("clinician", "POST", url, **found, expect=200)
        self._say("clinician", 200, f"complete: the {done['kind'].lower()} is {done['status']}")
