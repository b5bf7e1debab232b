"""How the tour talks to the server: over HTTP alone, each step printed in a line."""

from typing import Any

import requests

PASSWORD = "demo-clinic"  # noqa: S105  printed on the demo's front page


class TourFailed(Exception):
    """Something did not go as it should; the message says what."""


class Client:
    """Several people who are logged in, and what the server answers them."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False  # a proxy of the environment does not know this machine
        self._tokens: dict[str, str] = {}
        self._seen: dict[str, str] = {}  # the ETags of what was read, by path

    def log_in(self, username: str) -> None:
        try:
            answer = self.call(
                None, "POST", "auth/login/", username=username, password=PASSWORD, expect=200
            )
        except requests.ConnectionError:
            raise TourFailed(f"Nothing answers at {self.url}: start it with ./run") from None
        self._tokens[username] = answer["token"]
        self.say(username, 200, f"logs in as {answer['user']['role'].lower()}")

    def call(self, who: str | None, method: str, path: str, *, expect: int, **body: Any) -> Any:
        """The answer's JSON. Raises TourFailed if the status is not the expected one."""
        headers = {"Authorization": f"Token {self._tokens[who]}"} if who else {}
        if method in ("PUT", "PATCH"):  # only over what was read before
            headers["If-Match"] = self._seen[path]
        answer = self.http.request(
            method, f"{self.url}/api/v1/{path}", json=body or None, headers=headers, timeout=30
        )
        if answer.status_code != expect:
            raise TourFailed(
                f"{method} {path} answered {answer.status_code} instead of {expect}: {answer.text}"
            )
        if "ETag" in answer.headers:
            self._seen[path] = answer.headers["ETag"]
        return answer.json()

    def catalogue(self, who: str, path: str) -> list[Any]:
        """All rows of a catalogue, whether it comes in pages or not."""
        answer = self.call(who, "GET", f"{path}/", expect=200)
        rows: list[Any] = answer["results"] if isinstance(answer, dict) else answer
        return rows

    def say(self, who: str, status: int, what: str) -> None:
        print(f"{who:>12}  {status}  {what}", flush=True)

    def refusal(self, who: str, problem: dict[str, Any], code: str, what: str) -> None:
        if problem["code"] != code:
            raise TourFailed(f"Refused with {problem['code']} instead of {code}.")
        self.say(who, problem["status"], f"{what}: {code}")
        print(f"{'':13}     “{problem['detail']}”")
