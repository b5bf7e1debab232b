"""How soon a chart says what the rules find: python -m bench.rules.preview [REQUESTS]

In the clinic of the demo, over HTTP as the page of a chart sends it: while somebody types, what
stands there is kept and the findings are answered; and the page itself, and the API's findings.
One after the other in one process, with commits on. Fails if the p95 of the preview is over 100 ms;
beside it, what Python and its process of PostgreSQL used of the processor.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

from bench.guarded.arms import Backend
from bench.servers import databases
from bench.stats import Machine, percentile, table

LIMIT_MS = 100
DEPTHS = ("0.50", "1.00", "1.50", "2.00", "2.50")
FIELD = re.compile(r'<(?:input|textarea)[^>]*? name="([^"]+)"(?:[^>]*? value="([^"]*)")?')


def main(requests: int) -> None:
    with databases(None):
        os.environ |= {"CLINIC_DEMO": "true", "SECOND_FACTOR_ROLES": ""}
        import django

        django.setup()
        from django.core.management import call_command

        with open(os.devnull, "w") as nowhere:
            for command in ("migrate", "seed_catalogue", "seed_demo"):
                call_command(command, stdout=nowhere)
        machine = Machine()
        machine.look()
        met = measure(requests)
        machine.look()
        print(machine.line())
    sys.exit(0 if met else 1)


def measure(requests: int) -> bool:
    from django.conf import settings

    settings.THROTTLES = {}
    rows = [row for session in in_the_chair() for row in of_one(session, requests)]
    print(table(rows))
    return all(met for *_, met in rows)


def of_one(session: Any, requests: int) -> Iterator[tuple[str, str, str, bool]]:
    from django.test import Client
    from django.urls import reverse

    url = reverse("admin:treatment_sessions_treatmentsession_chart", args=[session.pk])
    client = Client()
    client.force_login(session.practitioner)
    page = client.get(url).content.decode()
    fields = {name: unescape(value) for name, value in FIELD.findall(page)}
    depths = [name for name in fields if name.endswith("depth_mm")]

    def preview(number: int) -> Any:
        typed = {name: DEPTHS[(number + place) % 5] for place, name in enumerate(depths)}
        passes = {name.replace("depth_mm", "passes"): "3" for name in depths}
        sent = {**fields, **typed, **passes, "do": "draft"}
        return client.post(url, sent, headers={"X-Chart": "findings"})

    def opened(number: int) -> Any:
        return client.get(url)

    for name, send, limit in (("findings", preview, LIMIT_MS), ("page", opened, None)):
        took, used, answer = timed(send, requests)
        p95 = percentile(took, 95)
        told = f"p50 {percentile(took, 50):.0f}, p95 {p95:.0f}, most {max(took):.0f} ms"
        told += f"; of the processor {percentile(used, 50):.0f}, p95 {percentile(used, 95):.0f}"
        told += f"; {statements(send)} statements, {len(answer.content):,} bytes"
        words = f"{session.area}, {len(depths)} zones: {name}"
        yield words, f"p95 ≤ {limit} ms" if limit else "–", told, limit is None or p95 <= limit


def in_the_chair() -> Any:
    """The treatments of the demo that have begun, or might."""
    from sessions.lifecycle import Status
    from sessions.models import Kind, TreatmentSession

    here = (Status.CHECKED_IN, Status.IN_PROGRESS)
    rows = TreatmentSession.objects.filter(kind=Kind.TREATMENT, status__in=here)
    sessions = list(rows.select_related("practitioner", "area").order_by("pk"))
    # by hand: what the rules ask for before one begins is not what is measured
    rows.update(status=Status.IN_PROGRESS)
    return sessions


def timed(send: Callable[[int], Any], requests: int) -> tuple[list[float], list[float], Any]:
    """Milliseconds of each, and of the processor; and the last answer."""
    took, used, backend = [], [], Backend()
    for number in range(-5, requests):  # five to warm up
        before, began = time.process_time() + backend.used(), time.perf_counter()
        answer = send(number)
        if number >= 0:
            took.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() + backend.used() - before))
        assert answer.status_code == 200, answer.content
        assert b'role="alert"' not in answer.content, answer.content
    return took, used, answer


def statements(send: Callable[[int], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        send(0)
        return sum("SAVEPOINT" not in query["sql"] for query in queries)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
