from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.db.rotation import BATCH, Used, encrypted_models, keys_used, rotate

ROUNDS = 20


class Command(BaseCommand):
    help = (
        "Bring every value of the encrypted columns under the first of FIELD_KEYS. It works beside "
        "an open clinic, and may be stopped and begun again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing: say how many values each key has made",
        )
        parser.add_argument(
            "--batch", type=int, default=BATCH, help=f"rows for each commit ({BATCH})"
        )

    def handle(self, *args: Any, check: bool, batch: int, **options: Any) -> None:
        used = keys_used() if check else self._rotate(max(1, batch))
        self._tell(used)
        if used.unopened:
            where = "; ".join(f"{count} in {name}" for name, count in used.unopened.items())
            raise CommandError(
                f"None of FIELD_KEYS opens {used.unopened.total()} values ({where}). They were left"
                " as they are: put the key that has made them behind the others."
            )

    def _rotate(self, batch: int) -> Used:
        """Note [Rotation beside an open clinic] 4."""
        for _ in range(ROUNDS):
            used = Used()
            changed = sum(
                rotate(model, used, self._progress, batch=batch) for model in encrypted_models()
            )
            if not changed:
                return used
        raise CommandError(
            "Somebody goes on writing with another first key: start web, worker and beat anew with"
            " these FIELD_KEYS, then this once more."
        )

    def _progress(self, said: str) -> None:
        self.stdout.write(said)
        self.stdout.flush()

    def _tell(self, used: Used) -> None:
        for number in range(len(settings.FIELD_KEYS)):
            count = used.values[number]
            if number and not count:
                self.stdout.write(
                    f"Key {number + 1} is used nowhere any more: take it out of FIELD_KEYS, and "
                    "keep it in the safe as long as there are backups from before."
                )
            else:
                self.stdout.write(f"Key {number + 1} of FIELD_KEYS: {count} values.")
