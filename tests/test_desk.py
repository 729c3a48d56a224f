"""The tasks around sending, as an agent runs them: in a process of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing

from sqlalchemy import select, update

from beffroi.channels import keys
from beffroi.channels.senders import senders
from beffroi.settings import read_service, read_site
from beffroi.store import armed
from beffroi.store.db import connect, transaction
from beffroi.store.subscriptions import Subscription, put
from beffroi.store.tables import subscriptions
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour
from tests.town import Town as Commune


def phone(town: Commune, service: PushService) -> str:
    """A citizen's phone, just subscribed; its endpoint."""
    settings = read_service(town.root)
    keys.ensure(settings.vapid_key)
    (made,) = service.subscribe(1, keys.public_key(settings.vapid_key))
    put(connect(settings.database), Subscription(made["endpoint"], **made["keys"]), time.time())
    return str(made["endpoint"])


def test_counts_name_nobody(town: Commune) -> None:
    """`subscribers` counts, tells the share of the households, and draws; no endpoint shows anywhere."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write("\nHOUSEHOLDS = 10\n")
    with PushService() as service:
        endpoint = phone(town, service)
        done = town.invoke("subscribers")
    assert (0, "") == (done.returncode, done.stderr)
    picture = (town.root / "var" / "abonnes.svg").read_text("utf-8")
    assert "Abonnés : 1\nObjectif : 7, soit 71 % de 10 foyers ; aujourd’hui 10,0 %\n" in done.stdout
    assert "Rubrique Alertes : 1" in done.stdout
    assert endpoint not in done.stdout + picture


def test_push_to_my_own_phone(town: Commune) -> None:
    """`push test` reaches the phone that was subscribed a moment ago; an hour later it says what to do first."""
    with PushService() as service:
        phone(town, service)
        assert 0 == town.invoke("push", "test").returncode
        assert ["Essai de Bourg-Essai"] == [one.payload["notification"]["title"] for one in service.journal]
        with transaction(connect(read_service(town.root).database)) as connection:
            connection.execute(update(subscriptions).values(seen_at=int(time.time()) - 3600))
        late = town.invoke("push", "test")
    assert (1, True) == (late.returncode, "ouvrez la page « Recevoir les alertes »" in late.stderr)


def test_push_to_a_vendor_that_wants_peace(town: Commune) -> None:
    """`push test` obeys a Retry-After as every sender does: the second one asks nothing, and says when to come back."""
    with PushService() as service:
        phone(town, service)
        service.behave(None, Behaviour(status=429, retry_after="600"))
        first, second = town.invoke("push", "test"), town.invoke("push", "test")
        assert len(service.refused) == 1
    assert (1, 1) == (first.returncode, second.returncode)
    assert "réponse 429" in first.stderr
    assert "a demandé qu’on le laisse jusqu’à" in second.stderr


def test_new_key_loses_nobody(town: Commune) -> None:
    """After `keys --rotate`, who subscribed with the former key is still reached, with it; new ones with the new one."""
    with PushService() as service:
        former = phone(town, service)
        assert 0 == town.invoke("keys", "--rotate").returncode
        settings, site = read_service(town.root), read_site(town.root / "publishconf.py")
        assert [0o600, 0o600] == [path.stat().st_mode & 0o777 for path in settings.var.glob("vapid*.pem")]
        new = phone(town, service)
        engine = connect(settings.database)
        with transaction(engine) as connection:
            kept = dict(connection.execute(select(subscriptions.c.endpoint, subscriptions.c.vapid)).all())
        assert kept[former] == keys.public_key(keys.former(settings.vapid_key)[0])
        assert kept[new] == ""
        assert 0 == town.invoke("push", "test", "--endpoint", former).returncode
        assert 0 == town.invoke("push", "test", "--endpoint", new).returncode
        assert {former, new} == {one.endpoint for one in service.journal}
        assert [] == service.refused
        with closing(senders(site, settings, time.time)()) as sender:
            assert sender


def test_arming_and_copying(town: Commune) -> None:
    """`arm` prepares each subscription once; `store copy` takes everything but that to another database."""
    with PushService() as service:
        phone(town, service)
        assert "1 préparé, 1 abonnement prêt pour" in town.invoke("arm").stdout
        assert "0 préparé, 1 abonnement prêt pour" in town.invoke("arm").stdout
        target = f"sqlite:///{town.root / 'autre.sqlite3'}"
        done = town.invoke("store", "copy", target)
        assert "subscriptions : 1" in done.stdout
        with transaction(connect(target)) as connection:
            assert armed.count(connection) == 0
        again = town.invoke("store", "copy", target)
        assert (1, True) == (again.returncode, "n’est pas vide" in again.stderr)


def test_worker_sends_and_stops(town: Commune) -> None:
    """`worker` on SQLite sends what another process announced, and ends by SIGTERM with status 0."""
    with PushService() as service:
        phone(town, service)
        town.publish()
        command = [sys.executable, "-m", "invoke", "worker"]
        with subprocess.Popen(command, cwd=town.root, env=town.environment()) as worker:
            town.write("alertes/crue", "title: Crue\ndate: 2026-05-04\nseverity: Severe\nend: 2026-05-06")
            with transaction(connect(read_service(town.root).database)) as connection:
                from beffroi.store import ledger
                from tests.store.samples import announcement

                ledger.record(connection, [announcement("alertes/crue")], int(time.time()))
            service.wait_for(lambda: len(service.journal) == 1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0


def test_rehearsal_changes_nothing(town: Commune) -> None:
    """`publish --dry-run` says who would be told; the site and the ledger stay as they are."""
    with PushService() as service:
        phone(town, service)
        town.publish()
        from datetime import datetime

        today = datetime.now().date().isoformat()
        town.write("actualites/neuf", f"title: Neuf\ndate: {today}")
        done = town.invoke("publish", "--dry-run")
        assert "1 contenu → 1 téléphone" in done.stdout
        assert not (town.live / "actualites" / "neuf").exists()
        again = town.invoke("publish", "--dry-run")
        assert done.stdout == again.stdout
        assert [] == service.journal
