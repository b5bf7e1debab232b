"""Handing one message to a mail server, with as little waiting as it allows.

smtplib waits for an answer after each command. Nearly every mail server takes sender, recipient
and DATA together (PIPELINING, RFC 2920), which halves the times that a message crosses the network.
And smtplib does not tell how far a message had come when the connection was lost.
"""

import smtplib
from math import inf
from time import monotonic
from typing import Any

DONE, CLOSING = 250, 421
GOOD = ((DONE,), (DONE, 251), (354,))  # replies to MAIL, RCPT and DATA with which it goes on


class _Conversation:
    """An SMTP connection on which a message has one deadline for all of its conversation: a
    time-out for each word could add up to minutes.

    Reply 354 is the point of no return: before it, a lost connection means "not sent"; after
    it, nobody can know (RFC 5321 §4.5.3.2.6 and RFC 1047).
    """

    body_started = False
    at_rcpt = False  # what decided was the reply to RCPT
    deadline = inf
    _in_step = True
    sock: Any

    def begin(self: Any, deadline: float) -> None:
        """A message comes next. Says hello if it is the first."""
        self.deadline = deadline
        self.body_started, self.at_rcpt, self._in_step = False, False, True
        self.ehlo_or_helo_if_needed()

    def takes(self: Any, to: str) -> bool:
        """Whether the server knows such addresses: RFC 6531."""
        return to.isascii() or bool(self.has_extn("smtputf8"))

    def hand_over(self: Any, sender: str, to: str, content: bytes) -> tuple[int, str]:
        """Returns the reply that decides: DONE, if the body has started, means taken.

        `content` has lines that end with CR LF; an address that is not ASCII asks for `takes`.
        Raises OSError and SMTPException when the connection is lost.
        """
        bits = " BODY=8BITMIME" if self.has_extn("8bitmime") else ""
        bits += "" if to.isascii() else " SMTPUTF8"
        commands = (f"MAIL FROM:<{sender}>{bits}\r\n", f"RCPT TO:<{to}>\r\n", "DATA\r\n")
        is_together = self.has_extn("pipelining")
        if is_together:
            self.send("".join(commands).encode())
        for command, good in zip(commands, GOOD, strict=True):
            if not is_together:
                self.send(command.encode())
            code, words = self.getreply()
            if code not in good:
                # The server still answers what came with it, or even waits for a body.
                self._in_step = not is_together
                self.at_rcpt = command.startswith("RCPT")
                return code, words.decode(errors="replace")
        self.body_started = True
        self.send(_as_body(content))
        code, words = self.getreply()
        return code, words.decode(errors="replace")

    def is_fit(self: Any) -> bool:
        """Whether the connection can be used after a refusal."""
        try:
            return self._in_step and bool(self.rset()[0] == DONE)
        except (OSError, smtplib.SMTPException):
            return False

    def send(self, data: Any) -> None:
        self._hurry()
        super().send(data)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        self._hurry()
        code, text = super().getreply()  # type: ignore[misc]
        return code, text

    def _hurry(self) -> None:
        if self.sock and self.deadline < inf:
            self.sock.settimeout(max(self.deadline - monotonic(), 0.01))


class SMTP(_Conversation, smtplib.SMTP):
    pass


class SMTP_SSL(_Conversation, smtplib.SMTP_SSL):
    pass


def _as_body(content: bytes) -> bytes:
    """With dots doubled where a line begins with one, and one at the end (RFC 5321 §4.5.2)."""
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return content.replace(b"\r\n.", b"\r\n..") + end
