"""A mail server that takes everything and keeps nothing, so many ms after it has the body.

`python bench/sending/sink.py MS [plain]` prints its port, and for each line that it reads, how many
messages it has taken. It offers PIPELINING, as nearly all mail servers do; `plain`, it does not.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiosmtpd.controller import Controller

from clinic.embedded.process import free_port


class Sink:
    def __init__(self, seconds: float, pipelining: bool) -> None:
        self.taken, self.seconds, self.pipelining = 0, seconds, pipelining

    async def handle_EHLO(
        self, _: Any, session: Any, __: Any, hostname: str, answer: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*answer[:-1], "250-PIPELINING", answer[-1]] if self.pipelining else answer

    async def handle_DATA(self, *_: Any) -> str:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        self.taken += 1
        return "250 OK"


if __name__ == "__main__":
    sink = Sink(float(sys.argv[1]) / 1000, pipelining="plain" not in sys.argv)
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    print(controller.port, flush=True)
    for _ in sys.stdin:
        print(sink.taken, flush=True)
    controller.stop()
