"""Sixteen people who log in at once do not take the memory of sixteen hashes."""

import os
import sys
import threading

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.module_loading import import_string

from clinic.accounts.hashing import NICE, OneAtATime


def together(hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether one hashes while another one does, of two threads that want to."""
    both, found = threading.Barrier(2), []

    def hashed(*_: object) -> str:
        try:
            both.wait(0.2)
        except threading.BrokenBarrierError:
            found.append(False)
        else:
            found.append(True)
        return ""

    for name in ("encode", "verify"):
        monkeypatch.setattr(Argon2PasswordHasher, name, hashed)
    threads = [
        threading.Thread(target=hasher.encode, args=("password", "salt")),
        threading.Thread(target=hasher.verify, args=("password", "encoded")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_process_hashes_one_password_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert together(OneAtATime(), monkeypatch) == [False, False]
    assert together(Argon2PasswordHasher(), monkeypatch) == [True, True]  # the control arm


@pytest.mark.skipif(sys.platform != "linux", reason="a priority is a process's elsewhere")
def test_whoever_hashes_waits_for_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def priority(*_: object) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    monkeypatch.setattr(Argon2PasswordHasher, "verify", priority)
    before = priority()

    assert int(OneAtATime().verify("password", "encoded")) == NICE
    assert priority() == before


def test_production_hashes_so() -> None:
    assert OneAtATime in map(import_string, settings.PASSWORD_HASHERS)
