"""A mail server that takes everything and keeps nothing, so many ms after it has the body.

`python bench/sink.py MS` prints its port, and for each line that it reads, how many messages it
has taken.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aiosmtpd.controller import Controller

from clinic.embedded.process import free_port


class Sink:
    def __init__(self, seconds: float) -> None:
        self.taken, self.seconds = 0, seconds

    async def handle_DATA(self, *_: Any) -> str:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        self.taken += 1
        return "250 OK"


if __name__ == "__main__":
    sink = Sink(float(sys.argv[1]) / 1000)
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    print(controller.port, flush=True)
    for _ in sys.stdin:
        print(sink.taken, flush=True)
    controller.stop()
