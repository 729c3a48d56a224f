"""An alert goes ahead: it is online, and phones ring, before its banner is on every page; nothing that stops the second
half leaves the site so."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import beffroi.publish as publishing
from beffroi import due, forks, indexing
from beffroi.errors import BeffroiError, VerifyError
from beffroi.mirror import Mirror
from beffroi.publish import Published, publish, rehearse
from beffroi.site import build
from beffroi.site.search import owns
from beffroi.told import Outlook, Said
from tests.clean import clean
from tests.test_publish import tree
from tests.town import AT, Town

ALERT = "title: Crue de l’Isère\ndate: 2026-05-04 10:00\nseverity: Severe\nend: 2026-05-04 12:00"
OLD = "patrimoine/vieux-1/index.html"


@pytest.fixture(params=[1, 2], ids=["one core", "two cores"])
def town_of(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town of a few pages, published, in which an alert waits to be, and need not wait for any page."""
    monkeypatch.setattr(forks, "asked", forks.asked)
    monkeypatch.setenv("BEFFROI_WORKERS", str(request.param))
    monkeypatch.setenv("BEFFROI_KEEP_RELEASES", "2")
    monkeypatch.setenv("BEFFROI_INDEX_AT_ONCE", "0")
    monkeypatch.setattr(indexing, "start", lambda *_: True)  # it follows, in other tests
    monkeypatch.setattr(build, "AWAIT", 0)
    town = Town(tmp_path / "ville")
    for number in range(5):
        town.write(f"patrimoine/vieux-{number}", f"title: Vieux {number}\ndate: 2025-01-{number + 1:02}")
    town.publish()
    town.write("alertes/crue", ALERT)
    yield town


def same(town: Town, found: dict[str, bytes]) -> None:
    """These are the files of a clean build, but for the search index."""
    wanted = clean(town)
    differ = {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)}
    assert set() == {name for name in differ if not owns(name)}


def whole(town: Town) -> None:
    """output/ and the live release are those of a clean build; no publication is due."""
    same(town, tree(town.output))
    same(town, tree(town.live))
    assert not due.read(town.root / "var").running


def has(folder: Path, name: str) -> bool:
    """Whether that file speaks of the alert."""
    return "Crue de l’Isère" in (folder / name).read_text("utf-8")


def told(town: Town, seen: Callable[[], None]) -> Published:
    """A publication; `seen` looks at the site when phones are about to ring."""

    def confirm(_: Outlook) -> bool:
        seen()
        return True

    return publish(town.root, AT, confirm=confirm)


def test_what_stands_when_phones_ring(town_of: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of the alert, the front page and every feed have it already, and a page of before is as it was; at the end
    all of them have its banner, in a release that amends the first, with one to go back to."""
    town, releases = town_of, town_of.live.parent / "releases"
    before, former = tree(town.live), town.live.resolve().name
    first: list[Path] = []

    def seen() -> None:
        if forks.asked == 1:  # else another process is at it
            assert before[OLD] == (town.live / OLD).read_bytes()
        first.append(releases / f"{int(former) + 1:06}")
        names = ["alertes/crue/index.html", "index.html", "feeds/feed.json", "feeds/rss.xml", "feeds/panel.json"]
        assert [] == [name for name in names if not has(first[0], name)]

    done = told(town, seen)
    assert 1 == len(first)
    assert ("alertes/crue",) == tuple(item.id for item in done.announced.told)
    assert has(town.live, OLD)
    assert f"{int(former) + 2:06}" == done.deployed.release.name == town.live.resolve().name
    after = tree(town.live)
    assert done.deployed.written >= len({name for name in after if before.get(name) != after[name] and not owns(name)})
    assert before == tree(releases / former)
    assert [] == done.warnings
    whole(town)
    assert () == town.publish().announced.decisions


def test_nothing_to_wait_for(town_of: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few pages get another banner, or what changes them is no alert, there is one release."""
    monkeypatch.setattr(build, "AWAIT", 200)
    assert "000002" == town_of.publish().deployed.release.name
    whole(town_of)
    monkeypatch.setattr(build, "AWAIT", 0)
    (town_of.root / "content/alertes/crue.md").unlink()
    assert "000003" == town_of.publish().deployed.release.name


def test_a_rehearsal_is_whole(town_of: Town) -> None:
    """What a publication would tell is said of a site with its banner everywhere."""
    rehearse(town_of.root, AT)
    same(town_of, tree(town_of.output))


def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, what verifies refuses a site that was verified once."""
    real, times = publishing.verify, list[int]()

    def verify(*of: object) -> None:
        times.append(1)
        if len(times) > 1:
            raise VerifyError("une page manque.")
        real(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "verify", verify)


def test_a_second_half_that_fails(town_of: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Phones were told: the publication ends as such, with a warning, and is due; the next one brings the banner, and tells
    nobody again."""
    with monkeypatch.context() as patched:
        refusing(patched)
        done = town_of.publish()
    assert ("alertes/crue",) == tuple(item.id for item in done.announced.told)
    (warning,) = map(str, done.warnings)
    for words in ("son bandeau manque encore", "une page manque.", "invoke publish"):
        assert words in warning
    assert not has(town_of.live, OLD)
    assert has(town_of.live, "index.html")
    assert "publish" == due.task(town_of.root, AT.isoformat())
    assert () == town_of.publish().announced.decisions
    whole(town_of)


def test_a_memory_that_cannot_be_written(town_of: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all pages have their banner and only the memory is missing, the warning says that and no publication is due;
    the next one does anew what this one did not note."""
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_keep", _full)
        done = town_of.publish()
    (warning,) = map(str, done.warnings)
    assert "Tout est publié, mais la mémoire des constructions n’a pas pu être écrite" in warning
    assert done.deployed.release == town_of.live.resolve()
    whole(town_of)
    town_of.write("actualites/suite", "title: Suite\ndate: 2026-05-04")
    assert ("actualites/suite",) == tuple(item.id for item in town_of.publish().announced.told)
    whole(town_of)


def _full(*_: object) -> None:
    """A disk without room."""
    raise OSError(28, "No space left on device", "memo.bin")


def test_phones_that_cannot_be_told(town_of: Town) -> None:
    """Whatever becomes of phones, every page gets its banner; the publication is due."""

    def tell(*_: object, **__: object) -> Said:
        raise BeffroiError("Personne n’est joignable.")

    with pytest.raises(BeffroiError, match="joignable"):
        publish(town_of.root, AT, tell=tell)
    assert has(town_of.live, OLD)
    assert "publish" == due.task(town_of.root, AT.isoformat())
    assert ("alertes/crue",) == tuple(item.id for item in town_of.publish().announced.told)
    whole(town_of)


POINTS: dict[str, tuple[object, str, int]] = {
    "before the first release": (publishing, "deploy", 1),
    "once it is online": (publishing, "_here", 1),
    "before the second build": (publishing, "rebuilt", 2),
    "at a page's banner": (Mirror, "write", 3),
    "before output/ is exchanged": (build, "exchange", 2),
    "before the second release": (publishing, "deploy", 2),
    "before the memo is written": (publishing, "_keep", 1),
    "before the end is noted": (publishing, "_ended", 1),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed(town_of: Town, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL at each step: the publication is due, and the next one leaves the bytes of a clean build; the alert is told
    once in all."""
    owner, name, turn = POINTS[point]
    if not (child := os.fork()):
        _dies(owner, name, turn)
        try:
            town_of.publish()
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    with (town_of.root / "var/publish.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the kernel has ended its children, which inherited it
    assert signal.SIGKILL == os.WTERMSIG(status) or forks.asked == 2
    assert "publish" == due.task(town_of.root, AT.isoformat())
    assert json.loads((town_of.live / "feeds/feed.json").read_bytes())["items"]
    town_of.publish()
    whole(town_of)
    assert () == town_of.publish().announced.decisions


def _dies(owner: object, name: str, turn: int) -> None:
    """Whichever process comes there for that time is killed."""
    real, times = getattr(owner, name), list[int]()

    def work(*of: object, **by: object) -> object:
        times.append(1)
        if len(times) == turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*of, **by)

    setattr(owner, name, work)
