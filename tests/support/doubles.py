"""Providers to test against: real SMTP and HTTP on loopback, which do as a test says."""

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.logs import look_at_headers


class SmtpServer:
    """An SMTP server that answers from a script and keeps what it has accepted.

    `script` maps a verb (CONNECT, MAIL, RCPT, DATA, BODY) to a reply, to "cut" (close without
    an answer), to "accept and cut" (keep the message first) or to "silence". `delay` is how long
    each answer takes, and `on_accept` is called with each message that is kept, before it is
    answered. It offers PIPELINING unless told not to.
    """

    def __init__(self) -> None:
        self.script: dict[str, str] = {}
        self.refused: dict[str, str] = {}  # replies to RCPT by address
        self.accepted: list[str] = []
        self.recipients: list[str] = []  # of what was accepted, as the envelopes say
        self.verbs: list[str] = []
        self.senders: list[str] = []  # what follows on MAIL
        self.pipelining = True
        self.connections = 0
        self.delay = 0.0
        self.on_accept: Callable[[str], object] = lambda _: None
        self.on_connect: Callable[[], object] = lambda: None
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                server.connections += 1
                server.on_connect()
                try:
                    server.talk(self.rfile, self.wfile)
                except (BrokenPipeError, ConnectionResetError):
                    pass

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def talk(self, lines: Any, out: Any) -> None:
        if not self._answer(out, self.script.get("CONNECT", "220 here")):
            return
        to = ""
        while line := lines.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            self.verbs.append(verb := verb.upper())
            if verb == "QUIT":
                out.write(b"221 bye\r\n")
                return
            if verb == "MAIL":
                self.senders.append(rest)
            default = {
                "DATA": "354 go on" if to else "554 no valid recipients",
                "EHLO": "250-here\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 8BITMIME",
            }.get(verb, "250 OK")
            # before it answers: a test may change the script as soon as it has the answer
            reply = self.script.get(verb, default)
            if verb == "RCPT":
                reply = self.refused.get(rest.removeprefix("TO:<").removesuffix(">"), reply)
            if verb == "EHLO" and not self.pipelining:
                reply = "250 here"
            if not self._answer(out, reply):
                return
            if verb == "RCPT" and reply.startswith("250"):
                to = rest.removeprefix("TO:<").removesuffix(">")
            elif verb in ("MAIL", "RSET"):
                to = ""
            elif verb == "DATA" and reply.startswith("354"):
                body = _until_dot(lines)
                reply = self.script.get("BODY", "250 queued")
                if body is not None and reply.startswith(("250", "accept")):
                    look_at_headers(body)
                    self.recipients.append(to)
                    self.accepted.append(body)
                    self.on_accept(body)
                if body is None or not self._answer(out, reply):
                    return
                to = ""

    def _answer(self, out: Any, reply: str) -> bool:
        if reply.endswith("cut"):
            return False
        if reply == "silence":
            time.sleep(2)
            return False
        time.sleep(self.delay)
        out.write(f"{reply}\r\n".encode())
        out.flush()
        return True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _until_dot(lines: Any) -> str | None:
    """A body, or None if the client has gone before its end."""
    body = b""
    while line := lines.readline():
        if line == b".\r\n":
            return body.decode()
        body += line.removeprefix(b".")
    return None


class HttpGateway:
    """An SMS gateway that answers with `status` and `body`, or "cut" or "silence". A GET is a
    look-up, and has its own answer."""

    def __init__(self) -> None:
        self.answer: str | tuple[int, str] = (200, '{"id": "sms-1", "sid": "SM1"}')
        self.looked_up: str | tuple[int, str] = (404, "{}")
        self.requests: list[dict[str, Any]] = []
        self.lookups: list[str] = []
        self.hesitation = 0.0  # seconds before it accepts
        self.delay = 0.0  # seconds before it answers
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                time.sleep(gateway.hesitation)
                gateway.requests.append(
                    {
                        "path": self.path,
                        "headers": dict(self.headers),
                        "body": body,
                        "at": time.monotonic(),
                    }
                )
                time.sleep(gateway.delay)
                self.reply(gateway.answer)

            def do_GET(self) -> None:
                gateway.lookups.append(self.path)
                self.reply(gateway.looked_up)

            def reply(self, answer: str | tuple[int, str]) -> None:
                if isinstance(answer, str):
                    if answer == "silence":
                        time.sleep(2)
                    self.close_connection = True
                    self.connection.close()
                    return
                status, content = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(content.encode())))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A connection that we cut on purpose is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def json(self) -> list[dict[str, Any]]:
        return [json.loads(request["body"]) for request in self.requests]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(server: Any) -> Iterator[Any]:
    try:
        yield server
    finally:
        server.stop()
