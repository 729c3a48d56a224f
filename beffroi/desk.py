"""The tasks around sending, at a terminal: workers, subscribers, a test on one's own phone, a new key, a new database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from beffroi.channels.delivered import Delivered
from beffroi.errors import BeffroiError, SettingsError
from beffroi.settings import SETTINGS, Service, Site, read_service, read_site
from beffroi.store import armed, figures, shards
from beffroi.store.db import connect, transaction
from beffroi.store.tables import subscriptions as table
from beffroi.terminal import out, plainly
from beffroi.text import clock, many

GOAL = 0.71
"""The share of households that the best known commune reached."""

RECENT = 600
"""Seconds within which a phone must have shown its subscription, to be taken for the agent's own."""


def worker(publish: bool) -> None:
    """Send what is owed until SIGTERM: alone on SQLite, through Procrastinate on PostgreSQL; `publish`, there, also
    publishes what is due."""
    with plainly() as root:
        site, service = read_site(root / SETTINGS), read_service(root)
        engine = connect(service.database)
        if engine.dialect.name == "postgresql":
            _cluster(site, service, engine, _publishes(root) if publish else None)
        else:
            _alone(site, service, engine)


def _cluster(site: Site, service: Service, engine: Engine, publish: Callable[[], None] | None) -> None:
    try:
        from beffroi import cluster
    except ModuleNotFoundError as error:
        raise SettingsError("Il manque le paquet des grappes ; installez beffroi[cluster].") from error
    keys = service.vapid_key
    if not keys.is_file():
        raise SettingsError(f"La clé {keys} est introuvable ; copiez-y celle de la machine qui publie.")
    cluster.work(site, service, engine, publish, lambda sentence: out.print(sentence, markup=False))


def _publishes(root: Path) -> Callable[[], None]:
    """A process of its own each time: a publication that dies takes no worker with it."""
    command = [sys.executable, "-m", "invoke", "publish", "--if-due", "--yes"]

    def publish() -> None:
        subprocess.run(command, cwd=root, check=False)

    return publish


def _alone(site: Site, service: Service, engine: Engine) -> None:
    from beffroi.channels.arming import prearm
    from beffroi.worker import work

    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())

    def idle() -> None:
        if service.push_prearm:
            prearm(engine, stopped.is_set)

    work(site, service, engine, stopped, idle=idle, told=_told_of)


def _told_of(done: Delivered) -> None:
    for sentence in done.sentences():
        out.print(sentence, markup=False)


def arm() -> None:
    """Make the key material of the next alert."""
    from beffroi.channels.arming import prearm

    with plainly() as root:
        service = read_service(root)
        engine = connect(service.database)
        if not service.push_prearm:
            raise SettingsError("BEFFROI_PUSH_PREARM vaut non : les clés des alertes se font à l’envoi.")
        made = prearm(engine)
        with transaction(engine) as connection:
            ready = armed.count(connection)
    ready_ = f"{many(ready, 'abonnement')} {'prêts' if ready > 1 else 'prêt'}"
    out.print(f"{many(made, 'préparé')}, {ready_} pour la prochaine alerte.", markup=False)


def subscribers() -> None:
    """Counts in the terminal, and the curve of a year in var/abonnes.svg."""
    from beffroi.store.curve import svg

    with plainly() as root:
        site, service = read_site(root / SETTINGS), read_service(root)
        today = datetime.now(UTC).date()
        with transaction(connect(service.database)) as connection:
            figures.count(connection, today.isoformat())
            since = (today - timedelta(days=365)).isoformat()
            found = figures.read(connection, site.categories, site.areas, since)
        households = int(site.raw.get("HOUSEHOLDS") or 0)
        goal = round(households * GOAL)
        for line in _told(site, found, households, goal):
            out.print(line, markup=False)
        picture = service.var / "abonnes.svg"
        picture.write_text(svg(found.curve, f"Abonnés, {site.publisher.title}", goal), encoding="utf-8")
    out.print(f"Courbe : {picture}", markup=False)


def _told(site: Site, found: figures.Figures, households: int, goal: int) -> list[str]:
    lines = [f"Abonnés : {found.total}"]
    if households:
        share = 100 * found.total / households
        lines.append(
            f"Objectif : {goal}, soit 71 % de {households} foyers ; aujourd’hui {share:.1f} %".replace(".", ",")
        )
    lines += [f"  {name.split('//')[-1]} : {count}" for name, count in found.vendors.items()]
    lines += [f"Rubrique {site.categories[slug].name} : {count}" for slug, count in found.categories.items()]
    lines += [f"Secteur {site.areas[slug].name} : {count}" for slug, count in found.areas.items()]
    lines.append(f"Seulement les alertes : {found.alerts_only}")
    lines += [f"Heures calmes {hours or 'aucune'} : {count}" for hours, count in found.quiet.items()]
    return lines


def push(what: str, endpoint: str) -> None:
    """A test notification to one subscription: the one given, else the last one that was shown, minutes ago."""
    from beffroi.channels import webpush
    from beffroi.channels.senders import senders
    from beffroi.channels.sending import Outgoing, Target

    with plainly() as root:
        if what != "test":
            raise BeffroiError(f"« {what} » est inconnu ; écrivez : invoke push test")
        site, service = read_site(root / SETTINGS), read_service(root)
        engine = connect(service.database)
        row = _own(engine, endpoint)
        _disturb(engine, row[2], site.zone)
        fields = {"title": f"Essai de {site.publisher.title}", "body": "Cet appareil reçoit bien les notifications."}
        fields |= {"navigate": f"{site.publisher.url}/", "lang": site.publisher.lang, "dir": "ltr", "tag": "essai"}
        own = {"category": "", "severity": None, "id": "essai"}
        payload = webpush.fitted({"web_push": 8030, "notification": fields, "beffroi": own})
        message = Outgoing(payload.encode(), "high", webpush.topic("essai"), int(time.time()) + 600)
        with closing(senders(site, service, time.time)()) as sender:
            (result,) = sender.send(message, [Target(*row)], stop=lambda: False)
        if result.outcome == "closed" and result.retry_at is not None:
            with transaction(engine) as connection:
                shards.close(connection, row[2], result.retry_at)
        if result.outcome != "sent":
            raise BeffroiError(f"La notification d’essai n’est pas partie : {result.reason}.")
    out.print("Notification d’essai partie ; elle arrive dans les secondes qui viennent.", markup=False)


def _disturb(engine: Engine, origin: str, zone: ZoneInfo) -> None:
    """Raises `BeffroiError` where that vendor asked to be left alone for now."""
    with transaction(engine) as connection:
        until, now = shards.closed_until(connection, origin), time.time()
    if now < until <= now + shards.LONGEST_CLOSURE:
        then = clock(datetime.fromtimestamp(until, UTC).astimezone(zone))
        raise BeffroiError(
            f"{urlsplit(origin).netloc} a demandé qu’on le laisse jusqu’à {then} ; relancez la commande après."
        )


def _own(engine: Engine, endpoint: str) -> tuple[int, str, str, str, str, None, str]:
    columns = table.c
    query = select(columns.id, columns.endpoint, columns.origin, columns.p256dh, columns.auth, columns.vapid)
    if endpoint:
        query = query.where(columns.endpoint == endpoint)
    else:
        query = query.where(columns.seen_at > int(time.time()) - RECENT).order_by(columns.seen_at.desc())
    with transaction(engine) as connection:
        row = connection.execute(query.limit(1)).first()
    if row is None:
        raise BeffroiError(
            "Aucun abonnement récent : ouvrez la page « Recevoir les alertes » sur votre téléphone, enregistrez vos "
            "choix, puis relancez la commande dans les dix minutes."
        )
    return (row[0], row[1], row[2], row[3], row[4], None, row[5])


def store(what: str, to: str) -> None:
    """Copy the database into another one."""
    from beffroi.publish import only_one
    from beffroi.store.copy import copy

    with plainly() as root:
        if what != "copy":
            raise BeffroiError(f"« {what} » est inconnu ; écrivez : invoke store copy ADRESSE")
        service = read_service(root)
        target = read_service(root, database_url=to)
        with only_one(service.var):
            counts = copy(connect(service.database), connect(target.database))
    for name, count in counts.items():
        out.print(f"{name} : {count}", markup=False)
    out.print("Copie faite ; donnez maintenant cette adresse à BEFFROI_DATABASE_URL.", markup=False)


def rotate() -> None:
    """A new VAPID key; the former one goes on serving whoever subscribed with it."""
    from beffroi.channels import keys
    from beffroi.store.subscriptions import stamp

    with plainly() as root:
        service = read_service(root)
        former = keys.public_key(service.vapid_key)
        stamp(connect(service.database), former)
        kept = keys.rotate(service.vapid_key)
        public = keys.public_key(service.vapid_key)
    out.print(f"Nouvelle clé publique : {public}", markup=False)
    out.print(
        f"L’ancienne est gardée dans {kept.name}. Relancez serve : chaque appareil change à sa visite.", markup=False
    )
