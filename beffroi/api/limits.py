"""Who may ask, and how often: rate per address, same origin only."""

from __future__ import annotations

import ipaddress
import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from beffroi.api.problems import Problem
from beffroi.errors import SettingsError
from beffroi.settings import Service, Site


class Guard:
    """Refuses with `Problem` 403 or 429. Counts live in memory: a restart forgets them, nothing else does."""

    def __init__(self, site: Site, service: Service) -> None:
        self._origin = site.origin
        try:
            self._rate = parse(service.rate_limit)
            trusted = [part.strip() for part in service.trusted_proxies.split(",") if part.strip()]
            self._proxies = [ipaddress.ip_network(part, strict=False) for part in trusted]
        except ValueError as error:
            raise SettingsError(
                f"BEFFROI_RATE_LIMIT ou BEFFROI_TRUSTED_PROXIES illisible ({error}) ; "
                "écrivez par exemple 30/minute et 127.0.0.1,::1."
            ) from error
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def __call__(self, request: Request) -> None:
        """Let the request pass, or raise."""
        self._same_origin(request)
        key = self._client(request)
        if not self._limiter.hit(self._rate, key):
            reset = self._limiter.get_window_stats(self._rate, key).reset_time
            wait = str(max(1, math.ceil(reset - time.time())))
            raise Problem(429, f"Trop de demandes ; réessayez dans {wait} s.", headers={"Retry-After": wait})

    def _same_origin(self, request: Request) -> None:
        """A page of another site must not subscribe our visitors (the Origin header is the browser's, not a page's)."""
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")  # behind a relay that holds the certificate we see http alone
        if origin is not None and origin not in {self._origin, f"https://{host}", f"http://{host}"}:
            raise Problem(403, "Cette demande vient d’une page d’un autre site.")
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"} and origin != self._origin:
            raise Problem(403, "Cette demande vient d’une page d’un autre site.")

    def _client(self, request: Request) -> str:
        """The address that asks: behind our own relay, the last one that it did not write itself."""
        address = request.client.host if request.client else ""
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        while hops and self._trusted(address):
            address = hops.pop()
        return _network(address)

    def _trusted(self, address: str) -> bool:
        ip = _ip(address)
        return ip is not None and any(ip in network for network in self._proxies)


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _network(address: str) -> str:
    """One household of IPv6 is a /64: its addresses count as one."""
    ip = _ip(address)
    if ip is None:
        return "inconnue"
    return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)
