"""The process that decodes one upload: `python -I child.py WORK MEMORY_BYTES CPU_SECONDS`.

It reads the file from its input, and answers with a line of JSON and the bytes of what it has made.
Nothing of the product is imported, so it holds no key and knows no database.
"""

import json
import resource
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

WORKS = {"picture": "pictures", "table": "tables"}


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Before anything is read. The kernel ends it a second after it was told to end, and first of
    all where memory is short."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(work: str, memory_bytes: int, cpu_seconds: int) -> None:
    limit(memory_bytes, cpu_seconds)
    sys.path.insert(0, str(Path(__file__).parent))
    module = import_module(WORKS[work])
    answer = sys.stdout.buffer
    try:
        facts, files = module.decoded(sys.stdin.buffer.read())
    except MemoryError:
        sys.exit(3)
    except module.Refused as refusal:
        answer.write(json.dumps({"refused": refusal.kind, "words": str(refusal)}).encode())
        return
    told = {"facts": facts, "sizes": [len(one) for one in files]}
    answer.write(json.dumps(told).encode() + b"\n")
    for one in files:
        answer.write(one)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
