"""Which sender this machine uses."""

from __future__ import annotations

from collections.abc import Callable

from beffroi.channels import keys, webpush
from beffroi.channels.sending import Sender, Senders
from beffroi.settings import Service, Site


def senders(site: Site, service: Service, now: Callable[[], float]) -> Senders:
    """Makes senders, one a thread, that share their VAPID tokens. Raises `SettingsError` (key, contact) at once."""
    from beffroi.channels.pushing import WebPush  # imported late: most publications have nothing to send
    from beffroi.channels.tokens import beside
    from beffroi.channels.vapid import Tokens, public

    former = {public(key): key for key in map(keys.load, keys.former(service.vapid_key))}
    place = beside(service.vapid_key)
    tokens = Tokens(keys.load(service.vapid_key), webpush.subject(site, service), now, former, place)

    def slow() -> Sender:
        from beffroi.channels.reference import Reference
        from beffroi.channels.threads import ThreadSender

        return ThreadSender(Reference(tokens, timeout=service.push_timeout, now=now), service.push_workers, now)

    def make() -> Sender:
        return WebPush(tokens, timeout=service.push_timeout, now=now)

    return slow if service.push_reference else make
