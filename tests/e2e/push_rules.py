"""What push services check before they accept a message: RFC 8030 (transport), 8188, 8291 (encryption), 8292 (VAPID).

Pure functions without state, so that each rule can be tested by itself. The strictest vendor wins: a message that
passes here is accepted by Mozilla, Google, Apple and Microsoft.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

MAX_BODY = 4096
MAX_TTL = 2_419_200  # four weeks, what FCM keeps; a longer wish is cut, as RFC 8030 5.2 allows
DAY = 86_400
_HEADER = 16 + 4 + 1  # salt, record size, length of the key id
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Apple answers 403 BadJwtToken to an address without a real domain, and to "mailto: <a@b.fr>".
_SUB = re.compile(r"mailto:[^@\s<>]+@[^@\s<>]+\.[a-z]{2,}|https://[^/\s]+\.[a-z]{2,}(/\S*)?", re.IGNORECASE)


class Refused(Exception):
    """The service does not take this message: HTTP status, and a reason to read in a failing test."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


def b64url(data: bytes) -> str:
    """Base64url without padding, as every Web Push document writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """Read base64url, padded or not; ValueError on any other character."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", text):
        raise ValueError(f"not base64url: {text!r}")
    bare = text.rstrip("=")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def check_ttl(headers: Mapping[str, str], minimum: int) -> int:
    """RFC 8030 5.2: TTL is mandatory; Windows also refuses 0."""
    text = headers.get("ttl")
    if text is None:
        raise Refused(400, "TTL missing")
    if not re.fullmatch(r"[0-9]+", text):
        raise Refused(400, f"TTL not a number of seconds: {text!r}")
    if int(text) < minimum:
        raise Refused(400, f"TTL {text} below {minimum}")
    return min(int(text), MAX_TTL)


def check_topic(headers: Mapping[str, str]) -> str | None:
    """RFC 8030 5.4: at most 32 base64url characters; Apple decodes it, so that length mod 4 = 1 cannot be."""
    topic = headers.get("topic")
    if topic is not None and (not _TOPIC.fullmatch(topic) or len(topic) % 4 == 1):
        raise Refused(400, f"Topic not 1 to 32 decodable base64url characters: {topic!r}")
    return topic


def check_urgency(headers: Mapping[str, str]) -> None:
    """RFC 8030 5.3: four words."""
    if headers.get("urgency", "normal") not in {"very-low", "low", "normal", "high"}:
        raise Refused(400, f"Urgency unknown: {headers['urgency']!r}")


def check_body(headers: Mapping[str, str], body: bytes) -> None:
    """RFC 8291 4: aes128gcm, one record, at most 4,096 bytes. A message without payload is allowed."""
    if len(body) > MAX_BODY:
        raise Refused(413, f"body of {len(body)} bytes, more than {MAX_BODY}")
    if not body:
        return
    if headers.get("content-encoding") != "aes128gcm":
        raise Refused(400, f"Content-Encoding not aes128gcm: {headers.get('content-encoding')!r}")
    if len(body) < _HEADER or len(body) < _HEADER + body[20] + 17:
        raise Refused(400, "body shorter than an aes128gcm record")
    if body[20] != 65 or body[_HEADER] != 4:
        raise Refused(400, "key id is not an uncompressed P-256 point")
    if len(body) - _HEADER - 65 > int.from_bytes(body[16:20], "big"):
        raise Refused(400, "more than one record")


def check_vapid(headers: Mapping[str, str], *, origin: str, now: float, subscribed_key: str | None) -> None:
    """RFC 8292: signed by the key the subscription was made with, for this service, for at most a day."""
    token, key = _authorization(headers.get("authorization"))
    claims = _claims(token, key)
    if subscribed_key is not None and unb64url(key) != unb64url(subscribed_key):
        raise Refused(403, "VapidPkHashMismatch: not the public key of the subscription")
    if claims.get("aud") != origin:
        raise Refused(403, f"BadJwtToken: aud {claims.get('aud')!r} is not {origin!r}")
    exp = claims.get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        raise Refused(403, f"BadJwtToken: exp not a number: {exp!r}")
    if not now < exp <= now + DAY:
        raise Refused(403, f"BadJwtToken: exp {exp - now:+.0f} s from now, must be within 24 h")
    if not _SUB.fullmatch(str(claims.get("sub", ""))):
        raise Refused(403, f"BadJwtToken: sub not a real mailto: or https: address: {claims.get('sub')!r}")


def _authorization(header: str | None) -> tuple[str, str]:
    """The token and the key of `vapid t=..., k=...`."""
    if header is None:
        raise Refused(403, "MissingProviderToken: no Authorization")
    scheme, _, rest = header.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme.lower() != "vapid" or not fields.get("t") or not fields.get("k"):
        raise Refused(403, "Authorization is not `vapid t=..., k=...`")
    return fields["t"], fields["k"]


@lru_cache(maxsize=4096)
def _claims(token: str, key: str) -> dict[str, Any]:
    """The verified claims. Remembered: a sender rightly signs once for many phones."""
    try:
        head, claims, signature = token.split(".")
        raw = unb64url(signature)
        if json.loads(unb64url(head)).get("alg") != "ES256" or len(raw) != 64:
            raise Refused(403, "BadJwtToken: not ES256")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64url(key))
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
        parsed = json.loads(unb64url(claims))
    except InvalidSignature:
        raise Refused(403, "BadJwtToken: signature does not match k") from None
    except (ValueError, binascii.Error) as error:
        raise Refused(403, f"BadJwtToken: unreadable: {error}") from None
    if not isinstance(parsed, dict):
        raise Refused(403, "BadJwtToken: claims are not an object")
    return parsed
