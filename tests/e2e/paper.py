"""Paper phones: subscriptions with real keys and no browser, for tests that read what 1,500 phones would have shown."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.push_rules import b64url, unb64url


@dataclass(frozen=True, slots=True)
class PaperKeys:
    """The secrets that a browser keeps for one subscription."""

    private: ec.EllipticCurvePrivateKey
    auth: bytes

    @classmethod
    def generate(cls) -> PaperKeys:
        """New keys, as `pushManager.subscribe()` makes them."""
        return cls(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16))

    @property
    def p256dh(self) -> str:
        """The public half, base64url."""
        return b64url(self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def subscription(self, endpoint: str) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` gives to the page."""
        keys = {"p256dh": self.p256dh, "auth": b64url(self.auth)}
        return {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> bytes:
        """The plaintext of an aes128gcm body (RFC 8291); http_ece.ECEException when it is not for these keys."""
        plain: bytes = http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        return plain

    def dump(self) -> dict[str, str]:
        """For another process."""
        number = self.private.private_numbers().private_value
        return {"private": b64url(number.to_bytes(32, "big")), "auth": b64url(self.auth)}

    @classmethod
    def load(cls, data: dict[str, str]) -> PaperKeys:
        """The reverse of `dump`."""
        number = int.from_bytes(unb64url(data["private"]), "big")
        return cls(ec.derive_private_key(number, ec.SECP256R1()), unb64url(data["auth"]))
