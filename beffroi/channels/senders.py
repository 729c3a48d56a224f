"""Which sender this machine uses."""

from __future__ import annotations

from collections.abc import Callable

from beffroi.channels import keys, webpush
from beffroi.channels.sending import Sender, Senders
from beffroi.channels.threads import ThreadSender
from beffroi.settings import Service, Site


def senders(site: Site, service: Service, now: Callable[[], float]) -> Senders:
    """Makes senders, one a thread. Raises `SettingsError` (key, contact) at once, not for each of them."""
    vapid, subject = keys.load(service.vapid_key), webpush.subject(site, service)
    channel = webpush.WebPush(vapid, subject, timeout=service.push_timeout, now=now)

    def make() -> Sender:
        return ThreadSender(channel, service.push_workers, now)

    return make
