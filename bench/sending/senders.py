"""Ways to send mail and to claim messages, each a process that works when it is told to.

    python bench/sending/senders.py raw|django|product|claim

Each line that it reads is a request in JSON, each line that it prints is the answer. `raw` pushes
ready bytes through one connection of smtplib; `django` makes an EmailMultiAlternatives of ready
words and sends it through one connection of Django's backend; `product` does what a Celery worker
does when it is woken, until nothing is due.
"""

import json
import os
import smtplib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from aftercare.dispatch import run as dispatch  # noqa: E402
from aftercare.dispatch.claim import DUE  # noqa: E402
from aftercare.models import Message  # noqa: E402

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
Request = dict[str, Any]


def compose(words: Request) -> EmailMultiAlternatives:
    email = EmailMultiAlternatives(
        words["subject"], words["text"], settings.DEFAULT_FROM_EMAIL, [words["to"]]
    )
    email.attach_alternative(words["html"], "text/html")
    return email


def raw() -> Callable[[Request], Request]:
    server = smtplib.SMTP("127.0.0.1", settings.EMAIL_PORT)

    def send(request: Request) -> Request:
        content = compose(request["words"]).message().as_bytes().replace(b"\n", b"\r\n")
        began = time.perf_counter()
        for _ in range(request["messages"]):
            server.sendmail(settings.DEFAULT_FROM_EMAIL, [request["words"]["to"]], content)
        return {"seconds": time.perf_counter() - began}

    return send


def with_django() -> Callable[[Request], Request]:
    backend = get_connection(SMTP_BACKEND)
    backend.open()

    def send(request: Request) -> Request:
        began = time.perf_counter()
        for _ in range(request["messages"]):
            backend.send_messages([compose(request["words"])])
        return {"seconds": time.perf_counter() - began}

    return send


def product() -> Callable[[Request], Request]:
    connection.ensure_connection()

    def send(_: Request) -> Request:
        began, sent = time.perf_counter(), 0
        while called := dispatch.send_due(clock=timezone.now):
            sent += called
        return {"seconds": time.perf_counter() - began, "sent": sent}

    return send


def timed(work: Callable[[Request], Request]) -> Callable[[Request], Request]:
    """With the processor time of this process, which others on the machine do not change much."""

    def run(request: Request) -> Request:
        began = time.process_time()
        answer = work(request)
        return {**answer, "processor": time.process_time() - began}

    return run


def profiled(work: Callable[[Request], Request]) -> Callable[[Request], Request]:
    """With BENCH_PROFILE=FILE, what the product spends its time on is written there."""
    import cProfile

    def run(request: Request) -> Request:
        profile = cProfile.Profile()
        answer = profile.runcall(work, request)
        profile.dump_stats(os.environ["BENCH_PROFILE"])
        return answer

    return run


def claim() -> Callable[[Request], Request]:
    """Find what is due, then claim it, in batches; afterwards everything is as before."""

    def once(request: Request) -> Request:
        now, limit = timezone.now(), request["limit"]
        finding, claiming, claimed = [], [], 0
        for _ in range(request["times"]):
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(DUE, {"at": now, "limit": limit, "resting": []})
                assert len(cursor.fetchall()) == limit
            finding.append(time.perf_counter() - began)
            began = time.perf_counter()
            claimed += len(dispatch.claim(worker="bench", at=now, limit=limit))
            claiming.append(time.perf_counter() - began)
        with transaction.atomic():
            Message.objects.filter(worker="bench").update(
                status="PENDING", worker="", lease_until=None
            )
        return {"finding": finding, "claiming": claiming, "claimed": claimed}

    return once


def explain() -> dict[str, str]:
    """The plans of the statements of a claim, as the product sends them."""
    plans = {}

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
            plans["claim"] = "\n".join(line for (line,) in cursor.fetchall())
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(explained):
            dispatch.claim(worker="bench", at=timezone.now(), limit=500)
        transaction.set_rollback(True)
    return plans


def main(mode: str) -> None:
    ways = {"raw": raw, "django": with_django, "product": product, "claim": claim}
    work = ways[mode]()
    work = timed(work)
    if mode == "product" and "BENCH_PROFILE" in os.environ:
        work = profiled(work)
    for line in sys.stdin:
        request = json.loads(line)
        answer = explain() if request.get("explain") else work(request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
