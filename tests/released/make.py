"""Keep what a release leaves behind: `./run release VERSION`.

Makes a database with the migrations of today and rows in every table, and writes its dump, its
facts and the checksums of the migrations beside this file.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from bench.servers import databases


def main(version: str) -> None:
    with databases(None), tempfile.TemporaryDirectory() as media:
        os.environ |= {"CLINIC_DEMO": "true", "MEDIA_ROOT": media}
        import django

        django.setup()
        from django.core.management import call_command

        from tests.released import dumps, facts, fill

        call_command("migrate", verbosity=0)
        fill.fill()
        told = facts.facts()
        if empty := [table for table, rows in told["rows"].items() if not rows]:
            sys.exit(f"No row in {', '.join(empty)}: add one in tests/released/fill.py")
        dumps.keep(version, dumps.dump(os.environ["DATABASE_URL"]), json.dumps(told, indent=0))
    size = Path(dumps.FOLDER / f"{version}.sql.gz").stat().st_size
    print(f"{version}: {sum(told['rows'].values())} rows in {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
