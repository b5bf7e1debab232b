"""An e-mail as the bytes that go to a mail server.

Django builds a tree of objects for each e-mail and flattens it, which takes longer than all else
about a message. Ours are alike, two parts of text below a few headers, so their bytes are put
together here; they say what `compose` says. What is out of the ordinary, Django makes.
"""

import re
import secrets
from binascii import b2a_qp
from email.policy import compat32
from functools import lru_cache
from typing import Any

from django.core.mail.message import SafeMIMEMultipart, sanitize_address
from django.utils.encoding import punycode

from aftercare.channels.message import compose, headers_of, sender_of
from aftercare.texts.render import Outgoing
from clinic.values.email_addresses import is_of_ascii

LONGEST = 998  # of a line: RFC 5322 §2.1.1
SHORT = 76  # needs no folding
POLICY = compat32.clone(linesep="\r\n")
PLAIN_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)


def wire(outgoing: Outgoing) -> bytes:
    """All of the e-mail, its lines ended by CR LF."""
    if outgoing.appointment:
        message: Any = compose(outgoing).message()
        return bytes(message.as_bytes(linesep="\r\n"))
    text, html = _part("plain", outgoing.text), _part("html", outgoing.html)
    boundary = f"={secrets.token_hex(12)}="  # nobody can have put that into the text
    named = {
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
        "MIME-Version": "1.0",
        "Subject": outgoing.subject,
        "From": sender_of(outgoing),
        **({"To": outgoing.to} if is_of_ascii(outgoing.to) else {}),
        "Reply-To": outgoing.reply_to,
        **headers_of(outgoing),
    }
    head = b"".join([_header(name, value) for name, value in named.items()])
    if "To" not in named:
        head += f"To: {recipient(outgoing.to)}\r\n".encode()  # as it is: RFC 6532
    line = f"\r\n--{boundary}".encode()
    return b"".join((head, line, b"\r\n", text, line, b"\r\n", html, line, b"--\r\n"))


def recipient(address: str) -> str:
    """The address as a mail server takes it: a domain of other letters in its ASCII form. Other
    letters before the @ stay, for servers that offer SMTPUTF8."""
    if PLAIN_ADDRESS.fullmatch(address):
        return address
    if is_of_ascii(address):
        return sanitize_address(address, "utf-8")
    local, _, domain = address.rpartition("@")
    if not address.isprintable():
        raise ValueError("an address is one line")
    return f"{local}@{punycode(domain)}"


def _part(subtype: str, text: str) -> bytes:
    """A part that every mail server hands on as it is: one that knows nothing of eight bits would
    encode it anew, and break the signature of the whole."""
    # a regular expression would take ten times as long
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    body, how = lines.encode(), "7bit"
    if not body.isascii() or max(map(len, body.split(b"\r\n"))) > LONGEST:
        body, how = _quoted(body), "quoted-printable"
    head = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\nMIME-Version: 1.0\r\n'
        f"Content-Transfer-Encoding: {how}\r\n\r\n"
    )
    return head.encode() + body


def _quoted(body: bytes) -> bytes:
    """Where it breaks a line by itself it takes the end of the first line that it has seen."""
    return b2a_qp(body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _header(name: str, value: str) -> bytes:
    is_plain = value.isascii() and value.isprintable()
    if " " in value:  # a single word cannot be folded
        is_plain = is_plain and len(name) + 2 + len(value) <= SHORT
    return f"{name}: {value}\r\n".encode() if is_plain else _folded(name, value)


@lru_cache(maxsize=1024)
def _folded(name: str, value: str) -> bytes:
    """As Django encodes and folds it. Raises BadHeaderError for what is more than one line."""
    message = SafeMIMEMultipart(encoding="utf-8")
    del message[name]
    message[name] = value
    (encoded,) = [text for known, text in message.raw_items() if known == name]
    return POLICY.fold_binary(name, str(encoded))
