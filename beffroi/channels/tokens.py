"""The VAPID tokens of this machine, on disk beside the key: whatever processes send, a vendor gets one for six hours.

Who reads the file could send in our name for as long as a token lives, to whoever's subscription they know: it is as
secret as the key, and has its mode. Losing it costs a signature.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from beffroi.records import dataclass

TOKEN_RENEWAL = 6 * 3600
"""Seconds. RFC 8292, section 2, allows 24 h; half of half leaves room for clocks that are wrong."""


@dataclass(frozen=True, slots=True)
class Token:
    """A signed header and the instant of its signature, in seconds since 1970."""

    signed_at: float
    authorization: str

    def fresh(self, now: float) -> bool:
        """Whether it may still be used; not where the clock was set back, as `exp` is then too far ahead."""
        return 0 <= now - self.signed_at < TOKEN_RENEWAL


def beside(key: Path) -> Path:
    """Where the tokens of that key are."""
    return key.with_name(f"{key.stem}-tokens.json")


def shared(path: Path, name: str, now: float, sign: Callable[[], Token]) -> Token:
    """The token of that name that another process signed, else a new one, for all of them.

    `name` says all that a token depends on. A file that cannot be read or written costs a signature, and no message.
    """
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return sign()
    hashed, kept = sha256(name.encode()).hexdigest(), dict[str, Token]()
    try:
        with open(number, "r+", encoding="ascii", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # who comes second waits for the signature of the first
            kept = {key: token for key, token in _read(file.read()).items() if token.fresh(now)}
            if hashed not in kept:
                kept[hashed] = sign()
                file.seek(0)
                file.truncate()
                json.dump({key: asdict(token) for key, token in kept.items()}, file)
    except OSError:  # a disk that is full, or broken
        pass
    return kept[hashed] if hashed in kept else sign()


def _read(text: str) -> dict[str, Token]:
    """What is legible: a process may have died as it wrote."""
    try:
        return {
            str(key): Token(float(one["signed_at"]), str(one["authorization"])) for key, one in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
