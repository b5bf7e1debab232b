"""The demo's inbox: the e-mails and SMS as patients get them, read from the captured files."""

import email
import email.policy
import json
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

NEWEST = 200
POWERLESS = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def page(request: HttpRequest) -> HttpResponse:
    """The list, which follows what comes in while it is watched."""
    return render(request, "clinic/inbox.html", {"messages": newest()})


def messages(request: HttpRequest) -> JsonResponse:
    """The newest messages, newest first; `?to=` narrows to one address or number."""
    to = request.GET.get("to")
    return JsonResponse({"messages": [m for m in newest() if to is None or m["to"] == to]})


@xframe_options_sameorigin
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of one e-mail, alone and powerless: no scripts, no requests."""
    path = _folder() / f"{name}.eml"
    if not path.exists():
        raise Http404
    part = _parse(path).get_body(("html", "plain"))
    body = part.get_content() if part else ""
    answer = HttpResponse(body)
    answer["Content-Security-Policy"] = POWERLESS
    return answer


def newest() -> list[dict[str, Any]]:
    files = [*_folder().glob("*.eml"), *_folder().glob("*.sms.json")]
    files.sort(key=lambda file: file.stat().st_mtime, reverse=True)
    return [_read(file) for file in files[:NEWEST]]


def _folder() -> Path:
    return Path(settings.INBOX_DIR or "/nonexistent")


def _parse(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def _read(path: Path) -> dict[str, Any]:
    received_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if path.suffix == ".json":
        sms = json.loads(path.read_text(encoding="utf-8"))
        return {
            "id": path.name.partition(".")[0],
            "kind": "SMS",
            "to": sms["to"],
            "from": sms["from"],
            "subject": "",
            "text": sms["text"],
            "received_at": received_at,
        }
    message = _parse(path)
    text = message.get_body(("plain",))
    return {
        "id": path.stem,
        "kind": "EMAIL",
        "to": str(message["To"]),
        "from": parseaddr(str(message["From"]))[0],
        "subject": str(message["Subject"]),
        "text": text.get_content() if text else "",
        "received_at": received_at,
    }
