import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.audit import chain
from clinic.audit.heads import send_away


class Command(BaseCommand):
    help = "The chain over who has seen what: seal it, verify it, show its head."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("seal", help="Seal what is new, and send the head away.")
        steps.add_parser("head", help="Print the newest seal.")
        verify = steps.add_parser("verify", help="Look whether anything was changed since.")
        verify.add_argument(
            "--heads",
            help="A file of heads that were sent away, one a line; - for what is typed.",
        )

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        if step == "seal":
            for seal in chain.seal():
                self.stdout.write(f"{seal}: {seal.count} accesses")
            send_away()
        elif step == "verify":
            self._verify(options["heads"])
        if last := chain.head():
            self.stdout.write(last.head)

    def _verify(self, heads: str | None) -> None:
        told = (sys.stdin.read() if heads == "-" else Path(heads).read_text()) if heads else ""
        lines = [line.split()[0] for line in told.splitlines() if line.strip()]
        if wrong := list(chain.verify(heads=lines)):
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"{sum(1 for _ in chain.seals())} seals, nothing was changed.")
