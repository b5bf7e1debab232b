"""An SMS gateway as a process of its own, whose ledger says what patients really received.

    python bench/faults/provider.py KIND LEDGER BEFORE AFTER

It speaks the generic HTTP gateway of `aftercare.channels.sms` on a free port, which it prints, and
takes up to BEFORE ms until it accepts a message and up to AFTER ms from there until it says so.
What it has accepted stays accepted, whether the client is still there or not. KIND "dedupe" takes
two messages with one key for one, "lookup" can be asked by key, "none" does neither.
Each line of the ledger is the time and the key of one message on its way to a patient.
"""

import asyncio
import json
import os
import random
import sys
import time


class Gateway:
    def __init__(self, kind: str, ledger: str, before: float, after: float) -> None:
        self.kind, self.before, self.after = kind, before / 1000, after / 1000
        self.ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.accepted: set[str] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                verb, path, _ = head.split(" ", 2)
                length = head.lower().partition("content-length:")[2].split("\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                status, answer = await self.answer(verb, path, body)
                content = json.dumps(answer)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n{content}".encode()
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the worker was killed
        finally:
            writer.close()

    async def answer(self, verb: str, path: str, body: bytes) -> tuple[str, dict[str, str]]:
        if verb == "POST":
            key = json.loads(body)["key"]
            await asyncio.sleep(random.uniform(0, self.before))
            self.accept(key)
            await asyncio.sleep(random.uniform(self.after / 2, self.after))
            return "200 OK", {"id": key}
        key = path.rpartition("/")[2].rpartition("=")[2]
        if self.kind == "lookup" and key in self.accepted:
            return "200 OK", {"id": key}
        return "404 Not Found", {}

    def accept(self, key: str) -> None:
        if self.kind == "dedupe" and key in self.accepted:
            return
        self.accepted.add(key)
        os.write(self.ledger, f"{time.time():.6f} {key}\n".encode())


async def main(kind: str, ledger: str, before: str, after: str) -> None:
    gateway = Gateway(kind, ledger, float(before), float(after))
    server = await asyncio.start_server(gateway.talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
