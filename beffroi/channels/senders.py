"""Which sender this machine uses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from beffroi.channels import keys, webpush
from beffroi.channels.sending import Sender, Senders
from beffroi.settings import Service, Site

if TYPE_CHECKING:
    from beffroi.channels.http2.lobby import Lobby
    from beffroi.channels.vapid import Tokens


def tokens(site: Site, service: Service, now: Callable[[], float]) -> Tokens:
    """The VAPID tokens of this machine. Raises `SettingsError` (key, contact)."""
    from beffroi.channels.tokens import beside
    from beffroi.channels.vapid import Tokens, public

    former = {public(key): key for key in map(keys.load, keys.former(service.vapid_key))}
    place = beside(service.vapid_key)
    return Tokens(keys.load(service.vapid_key), webpush.subject(site, service), now, former, place)


def senders(site: Site, service: Service, now: Callable[[], float], lobby: Lobby | None = None) -> Senders:
    """Makes senders, one a thread, that share their VAPID tokens, and the connections that are in the lobby. Raises
    `SettingsError` (key, contact) at once."""
    from beffroi.channels.pushing import WebPush  # imported late: most publications have nothing to send
    from beffroi.channels.road import Road

    signed, road = tokens(site, service, now), partial(Road, lobby=lobby)

    def slow() -> Sender:
        from beffroi.channels.reference import Reference
        from beffroi.channels.threads import ThreadSender

        return ThreadSender(Reference(signed, timeout=service.push_timeout, now=now), service.push_workers, now)

    def make() -> Sender:
        return WebPush(signed, timeout=service.push_timeout, now=now, transport=road)

    return slow if service.push_reference else make
