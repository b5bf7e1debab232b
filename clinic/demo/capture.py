"""A mail server and an SMS gateway that keep what they get: nothing leaves this machine.

Run as `python -m clinic.demo.capture FOLDER SMTP_PORT SMS_PORT`. The product talks to them over
real SMTP and HTTP, as it would to a provider; `/inbox/` shows the folder.
"""

import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailHandler:
    """Keeps each e-mail as a file that is whole as soon as it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        part = self.folder / f"{uuid4().hex}.part"
        part.write_bytes(envelope.original_content or b"")
        part.rename(part.with_suffix(".eml"))
        return "250 OK"


def sms_handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    """A gateway that takes `{to, from, text, key}` and takes one key once."""
    from aftercare.channels.sms import capture_sms

    class SmsHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                answer, status = {"id": capture_sms(folder, json.loads(body))}, 200
            except (ValueError, KeyError, TypeError, AttributeError):
                answer, status = {"error": "expected a JSON object with to, text and key"}, 400
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Quiet: the inbox shows what came in."""

    return SmsHandler


class Capture:
    """Both servers, in threads of this process."""

    def __init__(self, folder: Path, *, smtp_port: int, sms_port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._smtp = Controller(MailHandler(folder), hostname="127.0.0.1", port=smtp_port)
        self._sms = ThreadingHTTPServer(("127.0.0.1", sms_port), sms_handler(folder))

    def start(self) -> "Capture":
        self._smtp.start()
        threading.Thread(target=self._sms.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self._smtp.stop()
        self._sms.shutdown()
        self._sms.server_close()


def main(folder: str, smtp_port: str, sms_port: str) -> None:
    import django

    django.setup()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    capture = Capture(Path(folder), smtp_port=int(smtp_port), sms_port=int(sms_port)).start()
    stopping.wait()
    capture.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
