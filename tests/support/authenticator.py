"""A device that keeps passkeys, in software: what it answers can be wrong in any one way."""

import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils.crypto import get_random_string
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8000"  # PUBLIC_URL of the tests


class Authenticator:
    def __init__(self, *, counts: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = get_random_string(16).encode()
        self.count, self._step = 0, 1 if counts else 0
        self.owner = b""

    def create(self, options: Any, **wrong: Any) -> str:
        asked = options["publicKey"]
        self.owner = websafe_decode(asked["user"]["id"])
        es256: Any = ES256
        public = dict(es256.from_cryptography_key(self.key.public_key()))
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor.encode(public)
        data = self._data(asked["rp"]["id"], held, **wrong)
        made = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._client_data("webauthn.create", asked["challenge"], **wrong)
        return self._written(clientDataJSON=said, attestationObject=made)

    def get(self, options: Any, **wrong: Any) -> str:
        asked = options["publicKey"]
        data = self._data(asked["rpId"], **wrong)
        said = self._client_data("webauthn.get", asked["challenge"], **wrong)
        key = wrong.get("key", self.key)
        signature = key.sign(data + sha256(said).digest(), ec.ECDSA(SHA256()))
        handle = wrong.get("owner", self.owner)
        return self._written(
            clientDataJSON=said, authenticatorData=data, signature=signature, userHandle=handle
        )

    def _data(self, rp_id: str, held: bytes = b"", /, **wrong: Any) -> bytes:
        self.count += self._step
        flags = wrong.get("flags", PRESENT | VERIFIED) | (HAS_KEY if held else 0)
        count = wrong.get("count", self.count)
        digest = sha256(wrong.get("rp_id", rp_id).encode()).digest()
        return digest + bytes([flags]) + int(count).to_bytes(4, "big") + held

    def _client_data(self, kind: str, challenge: str, /, **wrong: Any) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": wrong.get("challenge", challenge),
            "origin": wrong.get("origin", ORIGIN),
            "crossOrigin": wrong.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _written(self, **response: bytes) -> str:
        name = websafe_encode(self.id)
        encoded = {key: websafe_encode(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": encoded})
