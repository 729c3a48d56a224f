"""Where a subscription may point to. Whoever subscribes chooses an address that our server will post to: without this
list it could be made to reach the town hall's own network (server-side request forgery)."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from beffroi.api.openapi import LENGTH
from beffroi.errors import SettingsError

_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}|localhost|\d{1,3}(?:\.\d{1,3}){3}|\[::1\]"
)
_PATTERN = re.compile(r"(?P<wild>\*\.)?(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?::(?P<port>\d{1,5}))?")
_ADDRESS = re.compile(r"[!-~]+")  # printable ASCII: no space, no control character, no look-alike letter


class PushHosts:
    """The allow-list `BEFFROI_PUSH_HOSTS`: `fcm.googleapis.com`, `*.push.apple.com`, for tests `127.0.0.1:8123`."""

    def __init__(self, patterns: str) -> None:
        self._patterns = [_parsed(part.strip().lower()) for part in patterns.split(",") if part.strip()]

    def refusal(self, endpoint: str) -> str | None:
        """Why this endpoint is refused (French), `None` when it is admitted."""
        if not isinstance(endpoint, str) or len(endpoint) > LENGTH or not _ADDRESS.fullmatch(endpoint):
            return f"l’adresse doit avoir au plus {LENGTH} caractères ASCII, sans espace."
        if any(mark in endpoint for mark in '\\<>"{}|^`#'):
            return "l’adresse contient un caractère interdit."
        try:
            parts = urlsplit(endpoint)
            port = parts.port
        except ValueError:
            return "l’adresse est illisible."
        host = parts.netloc.rsplit(":", 1)[0] if port is not None else parts.netloc
        if "@" in parts.netloc or not _HOST.fullmatch(host.lower()) or parts.netloc.endswith(":"):
            return "l’adresse doit être celle d’un service de notification, sans identifiant."
        if not any(_admits(pattern, parts.scheme, host.lower(), port) for pattern in self._patterns):
            return "ce service de notification n’est pas admis."
        return None


def _parsed(text: str) -> tuple[bool, str, int | None]:
    found = _PATTERN.fullmatch(text)
    if not found:
        raise SettingsError(
            f"BEFFROI_PUSH_HOSTS contient {text!r} ; écrivez des noms de machine, par exemple *.push.apple.com."
        )
    return bool(found["wild"]), found["host"], int(found["port"]) if found["port"] else None


def _admits(pattern: tuple[bool, str, int | None], scheme: str, host: str, port: int | None) -> bool:
    wild, name, only = pattern
    if not (host.endswith(f".{name}") if wild else host == name):
        return False
    if is_loopback(host):  # named in the list on purpose, for tests: any port unless the list says which
        return scheme in {"http", "https"} and only in {None, port or (443 if scheme == "https" else 80)}
    if _is_address(host):
        return False
    return scheme == "https" and (port or 443) == (only or 443)


def is_loopback(host: str) -> bool:
    """Whether the name is this very machine."""
    return host in {"localhost", "[::1]"} or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
