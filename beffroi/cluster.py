"""Workers on any number of machines, with PostgreSQL: Procrastinate wakes them, the ledger keeps them right.

A job says only (item, vendor, shard). One that is lost is asked for again within a second, by `sweep`; one that comes
twice finds its shard taken or done. What a dead worker had in hand goes back to the queue, and its lease runs out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import field
from threading import Event

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine

from beffroi.announce import Clock, dispatch
from beffroi.channels.arming import disarm
from beffroi.channels.dispatch import Dispatch
from beffroi.channels.doubt import Doubt
from beffroi.channels.hand import Tally
from beffroi.errors import StoreError
from beffroi.records import dataclass
from beffroi.retention import retain
from beffroi.settings import Service, Site
from beffroi.store import journal, ledger, shards, summaries
from beffroi.store.db import transaction
from beffroi.store.troubles import told
from beffroi.worker import mended, name

QUEUE, PUBLISH = "envois", "publications"
JOBS = 8
"""At once in one worker: more than there are vendors, so that a slow one holds up no other."""

SCHEMA_LOCK = 823107
GONE = 10.0
"""Seconds without a connection after which the database is taken for gone: the queue would wait for 30 at each step."""

PAUSE = 5.0
"""Seconds before a database that went away is looked for again."""

STALLED = 30
"""Seconds without a sign of life after which a worker's jobs are given to others."""


def conninfo(engine: Engine) -> str:
    """The database's address as libpq reads it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def prepare(engine: Engine) -> None:
    """Make Procrastinate's tables where there are none; workers that start together wait for the first of them."""
    with psycopg.connect(conninfo(engine)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if found == (None,):
            connection.execute(SchemaManager.get_schema().encode())


def work(
    site: Site,
    service: Service,
    engine: Engine,
    publish: Callable[[], None] | None = None,
    say: Callable[[str], None] = lambda sentence: None,
    pause: float = PAUSE,
) -> None:
    """Be a worker until SIGTERM or SIGINT: one that loses its database looks for it again, and says so. `say` hears
    French sentences; see `Cluster`."""
    handlers = (("procrastinate", _Said(say)), ("asyncio", _Said(say)), ("psycopg.pool", logging.NullHandler()))
    for logger, handler in handlers:
        log = logging.getLogger(logger)
        log.addHandler(handler)
        log.propagate = False
    stopped = Event()
    while True:
        why = "la connexion s’est perdue"
        try:
            prepare(engine)
            asyncio.run(Cluster(site, service, engine, publish, say, stopped).run())
        except (psycopg.Error, ConnectorException, StoreError) as error:
            why = told(error.__cause__ or error)
        if stopped.is_set():
            return
        say(f"La base de données ne répond plus : {why} ; nouvel essai dans {pause:.0f} s.")
        for number in (signal.SIGTERM, signal.SIGINT):  # the loop of events, now closed, took its own away
            signal.signal(number, lambda *_: stopped.set())
        if stopped.wait(pause):
            return


class _Said(logging.Handler):
    """What the queue has to report, in one line and without a traceback."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Say what went wrong."""
        error = record.exc_info[1] if record.exc_info else None
        self._say(f"File d’attente des envois : {told(error.__cause__ or error) if error else record.getMessage()}")


@dataclass
class Cluster:
    """One worker. `publish` is called where something is due, on machines that have the content; None on others. `say`
    hears of a database that was put back."""

    site: Site
    service: Service
    engine: Engine
    publish: Callable[[], None] | None = None
    say: Callable[[str], None] = lambda sentence: None
    stopped: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.owner = name()
        self.doubt = Doubt(spare=1)
        if not self.service.push_prearm:
            disarm(self.engine)
        self.app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=conninfo(self.engine), timeout=GONE)
        )
        task, periodic = self.app.task, self.app.periodic
        self._send = task(name="send", queue=QUEUE)(self.send)
        periodic(cron="* * * * * *")(
            task(name="sweep", queue=QUEUE, queueing_lock="sweep", pass_context=False)(self.sweep)
        )
        periodic(cron="* * * * *")(task(name="rescue", queue=QUEUE, queueing_lock="rescue")(self.rescue))
        periodic(cron="17 3 * * *")(task(name="retain", queue=QUEUE, queueing_lock="retain")(self.retain))
        periodic(cron="* * * * *")(task(name="publish", queue=PUBLISH, queueing_lock="publish")(self.look))

    def dispatch(self) -> Dispatch:
        """Everything to send with."""
        return dispatch(self.site, self.service, self.engine, self.owner, Clock())

    def send(self, item: str, vendor: str, shard: int) -> None:
        """Go through one shard, where it is free and due; `item` and `vendor` are for whoever reads the queue."""
        run = self.dispatch()
        run.stopped = self.stopped
        run.owner = f"{self.owner}/{shard}"
        tally = Tally()
        with self.doubt.share() as share, closing(run.senders()) as sender:
            run.one(sender, share, tally, shard=shard)
        if tally.sent:
            journal.sent(self.engine, self.service.var, int(time.time()))

    async def sweep(self, timestamp: int) -> None:
        """Ask for everything that is due and in nobody's hands."""
        found = await asyncio.to_thread(self._due)
        for shard, item, vendor in found:
            with suppress(AlreadyEnqueued):
                job = self._send.configure(queueing_lock=f"shard-{shard}")
                await job.defer_async(item=item, vendor=vendor, shard=shard)

    def _due(self) -> list[tuple[int, str, str]]:
        now = int(time.time())
        if restored := mended(self.service, self.engine):
            for sentence in restored.alarms:
                self.say(sentence)
        with transaction(self.engine) as connection:
            ledger.expire(connection, now)
            summaries.compose(connection, now, self.site.zone, self.dispatch().summary)
            return shards.due_now(connection, now)

    async def rescue(self, timestamp: int) -> None:
        """What a dead worker was doing goes back to the queue (Procrastinate's own recipe)."""
        manager = self.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            await manager.retry_job(job)

    def retain(self, timestamp: int) -> None:
        """Once a night: forget what need not be kept."""
        retain(self.service, self.engine, time.time())

    def look(self, timestamp: int) -> None:
        """Every minute, on a machine that has the content: publish where something is due."""
        if self.publish is not None:
            self.publish()

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT; what is in flight is then waited for."""
        queues = [QUEUE, *([PUBLISH] if self.publish else [])]
        loop = asyncio.get_running_loop()
        async with self.app.open_async():
            working = asyncio.create_task(
                self.app.run_worker_async(
                    queues=queues,
                    name=self.owner,
                    concurrency=JOBS,
                    fetch_job_polling_interval=1.0,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    stalled_worker_timeout=STALLED,
                )
            )

            def stop() -> None:
                self.stopped.set()
                working.cancel()

            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
            with suppress(asyncio.CancelledError):
                await working
