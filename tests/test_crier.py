"""The process that gets ready to tell phones while the site is built: it tells the same, and dies with its parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beffroi import crier as crying
from beffroi import due, forks
from beffroi.channels import keys
from beffroi.settings import read_service
from beffroi.store import ledger
from beffroi.store.db import connect, transaction
from tests.e2e.push_service import Behaviour, PushService
from tests.store.samples import subscribe
from tests.town import Town

PHONES = 40


@contextmanager
def phones(town: Town) -> Iterator[PushService]:
    """A town after its first publication, with an alert that was not published and `PHONES` subscribers."""
    town.publish()
    service = read_service(town.root)
    engine = connect(service.database)
    with PushService() as push:
        with transaction(engine) as connection:
            for one in push.subscribe(PHONES, keys.public_key(service.vapid_key)):
                secrets = (one["keys"]["p256dh"], one["keys"]["auth"])
                subscribe(connection, one["endpoint"], origin=push.origin, keys=secrets)
        now, end = (time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + later)) for later in (-3600, 36000))
        town.write("alertes/crue", f"title: Crue\ndate: {now}\nseverity: Severe\nurgency: Immediate\nend: {end}")
        yield push
    engine.dispose()


def started(town: Town, *task: str) -> subprocess.Popen[str]:
    """`invoke publish`, with a crier even on one core, in a group of its own; or that task."""
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *(task or ("publish", "--yes"))],
        cwd=town.root,
        env=town.environment({"BEFFROI_WORKERS": "2", "BEFFROI_PUSH_TIMEOUT": "2"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def crier_of(process: subprocess.Popen[str]) -> int:
    """The first child that it has and that lives: who looked at the content was born before, and has ended."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
    return next(int(one) for one in children if _lives(one))


def _lives(number: str) -> bool:
    return Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"


def owed(town: Town) -> int:
    """What the ledger says."""
    engine = connect(read_service(town.root).database)
    with transaction(engine) as connection:
        count = ledger.owed(connection)
    engine.dispose()
    return count


def test_command_tells_everybody_once(town: Town) -> None:
    """`invoke publish` tells each phone once, and reports what its crier said."""
    with phones(town) as push:
        said, _ = (process := started(town)).communicate(timeout=120)
        assert (0, PHONES) == (process.returncode, len(push.journal)), said
        assert len({message.endpoint for message in push.journal}) == PHONES
        assert f"{PHONES} prévenus" in said
        assert "Crue (alertes/crue) : nouveau" in said


@pytest.mark.parametrize("victim", ["parent", "crier"])
def test_death_of_either_loses_nobody(town: Town, victim: str) -> None:
    """Killed while phones are told: nobody goes on telling, and `deliver` tells those who are left."""
    with phones(town) as push:
        push.behave(None, Behaviour(action="hang", after=10))
        process = started(town)
        push.wait_for(lambda: len(push.journal) >= 10)
        crier = crier_of(process)
        end = os.pidfd_open(crier)
        os.kill(process.pid if victim == "parent" else crier, signal.SIGKILL)
        assert select.select([end], [], [], 30)[0], "the crier lives on"
        os.close(end)
        said, _ = process.communicate(timeout=60)
        if victim == "crier":
            assert (1, True) == (process.returncode, crying.DEAD in said), said
        push.behave(None, None)
        assert owed(town) == PHONES
        assert 0 == town.invoke("deliver").returncode
        assert len({message.endpoint for message in push.journal}) == PHONES
        assert owed(town) == 0


@pytest.mark.parametrize("everybody", [True, False])
@pytest.mark.parametrize(
    ("number", "word", "status"), [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)]
)
def test_interruption_keeps_what_was_answered(
    town: Town, everybody: bool, number: signal.Signals, word: str, status: int
) -> None:
    """Ctrl-C, or the SIGTERM of a service that is stopped, said to all or to the parent alone, ends both in a sentence; the
    answers that came are written, the others are owed, and due."""
    with phones(town) as push:
        push.behave(None, Behaviour(action="hang", after=10))
        process = started(town)
        push.wait_for(lambda: len(push.journal) >= 10)
        crier = crier_of(process)
        (os.killpg if everybody else os.kill)(process.pid, number)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == status, said
        assert f"Publication arrêtée ({word}) : le site en ligne est entier ; ce qui reste à faire ou à envoyer" in said
        assert "Traceback" not in said
        assert not Path(f"/proc/{crier}").exists()
        assert owed(town) == PHONES - 10
        assert due.read(town.root / "var").task(time.time()) == "publish"


def test_a_delivery_that_is_stopped(town: Town) -> None:
    """`deliver` at SIGTERM, said twice as some do: a sentence, what was answered is written, the rest is owed."""
    with phones(town) as push:
        push.behave(None, Behaviour(action="hang", after=0))
        process = started(town)
        push.wait_for(lambda: owed(town) == PHONES)
        process.kill()
        process.communicate(timeout=60)
        push.behave(None, Behaviour(action="hang", after=10))
        process = started(town, "deliver")
        push.wait_for(lambda: len(push.journal) >= 10)
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert (143, True, False) == (process.returncode, "Envoi arrêté (SIGTERM) : " in said, "Traceback" in said), (
            said
        )
        assert owed(town) == PHONES - 10


def test_fault_of_the_crier_is_a_sentence(town: Town) -> None:
    """A key that others can read is told as from this process, once the site is online; nobody was told."""
    with phones(town) as push:
        read_service(town.root).vapid_key.chmod(0o644)
        said, _ = (process := started(town)).communicate(timeout=120)
        assert process.returncode == 1
        assert "est lisible par d’autres utilisateurs" in said
        assert "Traceback" not in said
        assert [] == push.journal
        assert (town.live / "alertes/crue/index.html").is_file()


def test_no_word_before_it_is_asked(town: Town) -> None:
    """A crier that is never asked tells nobody, makes no database, and is gone at the end."""
    with crying.crier(town.root) as one:
        assert one is not None or forks.workers() < 2
    assert not (town.root / "var" / "beffroi.sqlite3").exists()


def test_not_wanted(town: Town) -> None:
    """Without a second process allowed, or wanted, there is none."""
    with crying.crier(town.root, wanted=False) as one:
        assert one is None
