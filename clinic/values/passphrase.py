"""What somebody can open with a passphrase, and nobody else.

Note [Opened by a passphrase]
    A pack for bad days is encrypted every hour, and nobody types a passphrase then. So the key
    that is made of it (PBKDF2, as browsers have it) is kept, sealed with SECRET_KEY: the passphrase
    is nowhere, and whoever has a copy of the database alone opens nothing. Each passphrase has
    a salt of its own, each text a nonce; what stands beside a text in clear is sealed with it.
"""

import base64
import hashlib
import secrets
import unicodedata
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

ITERATIONS = 600_000  # OWASP, for PBKDF2 with SHA-256
SALT, NONCE, KEY = 16, 12, 32


class KeyLost(Exception):
    """SECRET_KEY is another since the passphrase was set: it must be set anew."""


@dataclass(frozen=True)
class PassphraseKey:
    key: bytes
    salt: bytes
    iterations: int

    @classmethod
    def of(cls, passphrase: str) -> "PassphraseKey":
        salt = secrets.token_bytes(SALT)
        typed = unicodedata.normalize("NFC", passphrase).encode()
        return cls(hashlib.pbkdf2_hmac("sha256", typed, salt, ITERATIONS, KEY), salt, ITERATIONS)

    def sealed(self) -> str:
        sealed = _seal().encrypt(self.key).decode()
        return f"{self.iterations}.{as_text(self.salt)}.{sealed}"

    @classmethod
    def unsealed(cls, text: str) -> "PassphraseKey":
        iterations, salt, sealed = text.split(".")
        try:
            key = _seal().decrypt(sealed)
        except InvalidToken:
            raise KeyLost from None
        return cls(key, base64.b64decode(salt), int(iterations))

    def encrypt(self, text: str, *, beside: str) -> dict[str, str | int]:
        """What a browser needs to open it with the passphrase. `beside` stands there in clear."""
        nonce = secrets.token_bytes(NONCE)
        data = AESGCM(self.key).encrypt(nonce, text.encode(), beside.encode())
        return {
            "salt": as_text(self.salt),
            "iterations": self.iterations,
            "nonce": as_text(nonce),
            "data": as_text(data),
        }


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _seal() -> Fernet:
    secret = f"downtime pack: {settings.SECRET_KEY}".encode()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret).digest()))
