"""Passwords are hashed one at a time in each process, and step back behind all other work.

A hash takes 100 MB and a fifth of a second of eight threads, by design. Sixteen requests that hash
at once would take more memory than a web container has; and one alone takes both processors from
whoever is logged in already, unless its threads are the first that have to wait.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import Argon2PasswordHasher

NICE = 10  # a tenth of the weight of others, for each of the eight


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


# Its one thread begins with the first password: never before gunicorn has forked.
_alone = ThreadPoolExecutor(1, "hashing", _step_back)


class OneAtATime(Argon2PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        return _alone.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        return _alone.submit(super().verify, password, encoded).result()
