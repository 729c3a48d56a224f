"""Run the service on this machine."""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from threading import Thread

import uvicorn
from rich.console import Console
from sqlalchemy import Engine

from beffroi.api.app import application
from beffroi.channels import keys
from beffroi.channels.arming import disarm, prearm
from beffroi.errors import BeffroiError, StoreError
from beffroi.settings import Service, Site
from beffroi.store.db import connect

ARMING = 30
"""Seconds between two looks for subscriptions that are not armed."""


def serve(site: Site, service: Service, *, port: int = 8000, host: str = "localhost") -> None:
    """Serve until SIGINT or SIGTERM. `port` 0 takes a free one, which the first line tells.

    No access log: nobody is observed. Raises `BeffroiError` where the port is taken.
    """
    keys.ensure(service.vapid_key)
    engine = connect(service.database)
    app = application(site, service, engine, keys.public_key(service.vapid_key))
    sockets = _listen(host, port)
    shown = sockets[0].getsockname()[1]
    # proxy_headers: who is a relay is BEFFROI_TRUSTED_PROXIES' to say, in one place.
    quiet = {"log_level": "warning", "access_log": False, "server_header": False, "proxy_headers": False}
    if service.push_prearm:
        Thread(target=_arming, args=(engine,), name="arming", daemon=True).start()
    else:
        disarm(engine)
    config = uvicorn.Config(app, lifespan="off", **quiet)  # type: ignore[arg-type]  # each of its own type
    Console(soft_wrap=True).print(
        f"Le site est sur http://{host}:{shown}{site.base}/ (Ctrl-C pour arrêter)", markup=False
    )
    with suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it, not a failure
        uvicorn.Server(config).run(sockets=sockets)


def _arming(engine: Engine) -> None:
    """In idle time, for ever: make the key material of the next alert, a few at a time, so that no citizen waits."""
    while True:
        with suppress(StoreError):  # the database is away: the next turn sees
            prearm(engine)
        time.sleep(ARMING)


NOT_OURS = "« {} » n’est pas une adresse de cette machine ; écrivez par exemple --host localhost, ou --host 0.0.0.0."


def _listen(host: str, port: int) -> list[socket.socket]:
    """One socket an address: `localhost` is 127.0.0.1 and, where the machine has it, ::1."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise BeffroiError(NOT_OURS.format(host)) from error
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, address in sorted(found, key=lambda entry: entry[0] != socket.AF_INET):
        place = (address[0], sockets[0].getsockname()[1] if sockets else port, *address[2:])
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(place)
            listener.listen(1024)  # whoever comes as soon as our first line is read waits, rather than being refused
        except OSError as error:
            listener.close()
            if sockets and error.errno == errno.EADDRNOTAVAIL:
                continue  # no IPv6 on this machine
            raise BeffroiError(_closed(host, port, error)) from error
        sockets.append(listener)
    return sockets


def _closed(host: str, port: int, error: OSError) -> str:
    """Why nobody can be heard there, and what to type."""
    if error.errno == errno.EADDRINUSE:
        return f"Le port {port} est déjà pris sur {host} ; choisissez-en un autre : invoke serve --port {port + 1}."
    if error.errno == errno.EACCES:
        return (
            f"Le port {port} est réservé à root ; choisissez-en un autre, au-dessus de 1023 : invoke serve --port 8000."
        )
    return NOT_OURS.format(host)
