"""Who we are for push services (RFC 8292): one token a vendor, signed by py_vapid, shared by all senders of a machine."""

from __future__ import annotations

import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from beffroi.channels.tokens import Token, shared
from beffroi.errors import SettingsError

if TYPE_CHECKING:
    from py_vapid import Vapid02

TOKEN_LIFE = 12 * 3600


class Tokens:
    """The Authorization header of each vendor, signed anew every six hours (RFC 8292, section 2).

    `former` are keys of before a rotation, by public half (base64url): browsers that subscribed with one of them only
    hear who signs with it. `subject` is a `mailto:` or `https:` address. `file` is where the tokens of all processes
    are, if they are to share them. Raises `SettingsError` where py_vapid refuses the subject: here, and not for each
    message.
    """

    def __init__(
        self,
        vapid: Vapid02,
        subject: str,
        now: Callable[[], float],
        former: Mapping[str, Vapid02] | None = None,
        file: Path | None = None,
    ) -> None:
        self._keys = {"": vapid, **(former or {})}
        self._subject = subject
        self._now = now
        self._file = file
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], Token] = {}
        self.authorization("https://push.invalid")

    def authorization(self, origin: str, key: str = "") -> str:
        """The header's value for one vendor and one of our public keys; the present one where that is unknown."""
        if key not in self._keys:
            key = ""
        now = self._now()
        with self._lock:
            token = self._kept.get((origin, key))
            if token is None or not token.fresh(now):
                token = self._kept[origin, key] = self._token(origin, key, now)
            return token.authorization

    def _token(self, origin: str, key: str, now: float) -> Token:
        vapid = self._keys[key]

        def sign() -> Token:
            return Token(now, self._signed(vapid, origin, now))

        if self._file is None:
            return sign()
        return shared(self._file, f"{public(vapid)} {self._subject} {origin}", now, sign)

    def _signed(self, vapid: Vapid02, origin: str, now: float) -> str:
        from py_vapid import VapidException

        # Always a new dict: a shared one carries the first vendor's `aud` to all others, who answer 403.
        claims = {"aud": origin, "exp": int(now) + TOKEN_LIFE, "sub": self._subject}
        try:
            return str(vapid.sign(claims)["Authorization"])
        except VapidException as error:
            raise SettingsError(
                f"Contact {self._subject!r} refusé pour les services de notification ; dans BEFFROI_VAPID_SUBJECT, "
                "écrivez mailto: et une adresse, ou https:// et un nom de domaine seul."
            ) from error


def public(vapid: Vapid02) -> str:
    """The public half as browsers know it: the uncompressed point, base64url without padding (87 characters)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode("ascii")
