"""The search index of a site that is too large to wait for it: phones first, then a process of its own.

`BEFFROI_INDEX_AT_ONCE=0` makes every site such a one. Nobody sleeps here: the kernel's lock tells when that process ends.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from beffroi import deploy, due, indexing, locks
from beffroi.errors import BeffroiError
from beffroi.publish import Published, only_one, publish
from beffroi.site import build, search, standing
from tests.clean import clean
from tests.test_publish import tree
from tests.town import AT, Town

LATER = AT + timedelta(minutes=1)
WORD = "zanzibar"


@pytest.fixture
def large(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town of five items whose index never comes at once; published, so that there is an index."""
    monkeypatch.setenv("BEFFROI_INDEX_AT_ONCE", "0")
    for number in range(4):
        town.write(f"actualites/n{number}", f"title: Titre {number}\ndate: 2026-05-01", f"Le texte numéro {number}.")
    town.publish(wait=True)
    return town


def finished(town: Town) -> None:
    """Wait for the process of the index to end."""
    with (town.root / "var" / due.LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)


def state(town: Town) -> due.Due:
    """What is due."""
    return due.read(town.root / "var")


def known(folder: Path) -> dict[str, str]:
    """The pages that an index finds, and their text."""
    files = sorted((folder / "pagefind/fragment").iterdir())
    found = [json.loads(gzip.decompress(p.read_bytes()).removeprefix(search.SIGNATURE)) for p in files]
    return {one["url"]: one["content"] for one in found if one["meta"]}


def same(town: Town) -> None:
    """output/ and the release are those of a clean build, apart from one another; nothing is due."""
    wanted, output, live = clean(town, LATER), tree(town.output), tree(town.live)
    for found in (output, live):
        assert set() == {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)}
    assert all((town.output / n).stat().st_ino != (town.live / n).stat().st_ino for n in wanted)
    assert None is state(town).index


def held_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> Published:
    """A publication whose process of the index is killed before it did anything."""
    with monkeypatch.context() as patch:
        patch.setattr(indexing, "start", lambda *_: True)
        return town.publish(LATER)


def run(town: Town) -> list[str]:
    """The work of that process, here."""
    told: list[str] = []
    indexing.by_hand(town.root, told.append)
    return told


def test_the_index_follows(large: Town) -> None:
    """A publication ends with the former index in place and a process at work; once that is over, output/ and the
    release are, byte for byte, those of a clean build."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04", f"Le mot {WORD}.")
    with only_one_index(large):
        done = large.publish(LATER)
        assert done.index_follows
        assert "/actualites/neuf/" not in known(large.live)
        assert "/actualites/n0/" in known(large.live)
        assert "index" == state(large).task(LATER.timestamp())
        assert None is due.task(large.root, LATER.isoformat())  # somebody is at it
    assert "index" == due.task(large.root, LATER.isoformat())
    large.publish(LATER)
    finished(large)
    assert WORD in known(large.live)["/actualites/neuf/"]
    same(large)
    assert [] == list((large.root / "var/index").iterdir())
    assert "s de calcul" in (large.root / "var/index.log").read_text("utf-8")


@contextmanager
def only_one_index(town: Town) -> Iterator[None]:
    """The lock of the index in another hand."""
    lock = locks.taken(town.root / "var" / due.LOCK)
    assert lock is not None
    try:
        yield
    finally:
        os.close(lock)


def test_the_first_publication(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large site that never had an index has, at first, one of its lasting pages; the whole one follows."""
    monkeypatch.setenv("BEFFROI_INDEX_AT_ONCE", "1")
    town.write("pages/contact", "title: Contact", "Écrire à la mairie.")
    assert held_back(town, monkeypatch).index_follows
    for folder in (town.live, town.output):
        assert ["/contact/"] == list(known(folder))
    run(town)
    assert {"/contact/", "/actualites/bienvenue/"} == set(known(town.live))
    same(town)


def test_as_an_editor_sees_it(large: Town) -> None:
    """`publish` says that the index follows; `explain` which index stands there, and then why it was made; `index` that
    nothing is left to do; `--if-due` says nothing more."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    at, env = LATER.isoformat(), {"BEFFROI_INDEX_AT_ONCE": "0"}
    with only_one_index(large):
        done = large.invoke("publish", "--at", at, env=env)
        assert 0 == done.returncode, done.stderr
        assert "L’index de recherche suit en arrière-plan." in done.stdout
        told = large.invoke("explain", "pagefind/pagefind-entry.json", env=env)
        assert "c’est encore l’index du site précédent" in told.stdout
        assert "déjà en cours" in large.invoke("index", env=env).stdout
    taken = large.invoke("publish", "--if-due", "--at", at, env=env)
    assert (0, "") == (taken.returncode, taken.stderr)
    assert "L’index de recherche est à jour" in taken.stdout
    assert "les pages ont changé" in large.invoke("explain", "pagefind/pagefind-entry.json", env=env).stdout
    again = large.invoke("publish", "--if-due", "--at", at, env=env)
    assert (0, "", "") == (again.returncode, again.stdout, again.stderr)
    same(large)


def test_waiting_for_it(large: Town) -> None:
    """`publish --wait` makes the index itself, after the announcement, for a machine that stops with its task."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    steps: list[str] = []
    done = publish(large.root, LATER, wait=True, step=steps.append)
    assert not done.index_follows
    assert ["Annonce", "Index de recherche"] == steps[-2:]
    assert large.live.resolve() == done.deployed.release
    same(large)


def test_where_no_process_can_be_started(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The publication makes the index itself."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    monkeypatch.setattr(indexing.sys, "executable", str(large.root / "absent"))
    assert not large.publish(LATER).index_follows
    same(large)


def test_a_small_site_waits(town: Town) -> None:
    """Up to the limit of the settings, a publication ends with the index in place, and starts no process."""
    town.publish()
    town.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04", f"Le mot {WORD}.")
    assert not town.publish(LATER).index_follows
    assert not (town.root / "var" / due.LOCK).exists()
    same(town)


@pytest.mark.parametrize("how", ["deleted", "withdrawn", "draft"])
def test_a_page_that_has_gone_is_found_no_more(large: Town, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the deployment on, before any new index, no fragment of the index has its words."""
    front = "title: Fête\ndate: 2026-05-02"
    path = large.write("actualites/fete", front, f"Venez voir {WORD}.")
    large.publish(wait=True)
    assert "/actualites/fete/" in known(large.live)
    if how == "deleted":
        path.unlink()
    else:
        more = {"withdrawn": "status: withdrawn\nreason: Annulé.\nupdated: 2026-05-04", "draft": "status: draft"}[how]
        large.write("actualites/fete", f"{front}\n{more}", f"Venez voir {WORD}.")
    assert held_back(large, monkeypatch).index_follows
    for folder in (large.live, large.output):
        assert "/actualites/fete/" not in known(folder)
        assert "/actualites/n0/" in known(folder)
        packed = [p for p in folder.rglob("*.pf_fragment") if WORD.encode() in gzip.decompress(p.read_bytes())]
        assert [] == packed
    run(large)
    same(large)


def test_a_page_that_comes_back_before_the_index(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A withdrawal undone before the new index was made: the page is found again, though the site is what it was."""
    front = "title: Fête\ndate: 2026-05-02"
    path = large.write("actualites/fete", front, f"Venez voir {WORD}.")
    large.publish(wait=True)
    path.unlink()
    held_back(large, monkeypatch)
    large.write("actualites/fete", front, f"Venez voir {WORD}.")
    assert held_back(large, monkeypatch).index_follows
    run(large)
    assert WORD in known(large.live)["/actualites/fete/"]
    same(large)


def test_a_publication_during_the_index(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site changes while Pagefind reads it: that index is thrown away, the one of the newer site is made; nothing
    of the first is ever online."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    real, turns = search.prepared, []

    def prepared(site: Path, var: Path, pages: bytes) -> search.Index:
        made = real(site, var, pages)
        turns.append(pages)
        if len(turns) == 1:
            large.write("actualites/autre", "title: Autre\ndate: 2026-05-04")
            assert large.publish(LATER).index_follows  # neither refused nor starting a second process
            assert "/actualites/neuf/" not in known(large.live)
        return made

    monkeypatch.setattr(search, "prepared", prepared)
    run(large)
    assert 2 == len(set(turns))
    same(large)


def test_a_release_that_goes_while_it_is_read(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release that Pagefind reads becomes another one: what it made of it is not trusted, failed or not."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    real, turns = search.prepared, []

    def prepared(site: Path, var: Path, pages: bytes) -> search.Index:
        turns.append(site)
        if len(turns) == 1:
            for number in range(6):
                large.write("actualites/autre", f"title: Autre {number}\ndate: 2026-05-04")
                large.publish(LATER)
            assert not site.exists()
            raise BeffroiError("des fichiers ont disparu")
        return real(site, var, pages)

    monkeypatch.setattr(search, "prepared", prepared)
    run(large)
    assert 2 == len(turns)
    same(large)


def test_pagefind_fails(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site stays as it is; the timer tries again a quarter of an hour later, a publication at once."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    before = tree(large.live)

    def index(*_: object) -> search.Index:
        raise BeffroiError("Pagefind ne veut pas.")

    with monkeypatch.context() as patch:
        patch.setattr(search, "index", index)
        patch.setattr(indexing.time, "time", LATER.timestamp)
        with pytest.raises(BeffroiError, match="ne veut pas"):
            run(large)
    assert before == tree(large.live)
    assert (None, "index") == tuple(
        state(large).task(LATER.timestamp() + s) for s in (indexing.RETRY - 1, indexing.RETRY)
    )
    assert large.publish(LATER).index_follows
    finished(large)
    same(large)


POINTS = {
    "while Pagefind runs": (search, "index"),
    "once the index is made": (indexing, "_settled"),
    "before the release is switched": (deploy, "switch"),
    "once the release is switched": (standing, "amend"),
    "before output/ is exchanged": (standing, "exchange"),
    "once output/ is exchanged": (standing.Memo, "save"),
    "before it is no more due": (indexing, "replace"),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("after", ["publish", "timer"])
def test_killed(large: Town, point: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL at each step: what stands online stays whole, the index stays due, and the next publication, or the
    timer, brings the site to the bytes of a clean build."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    killed(POINTS[point], lambda: run(large))
    assert set(known(large.live)) >= {f"/actualites/n{number}/" for number in range(4)}
    assert "index" == due.task(large.root, LATER.isoformat())
    if after == "publish":
        large.publish(LATER)
        finished(large)
    else:
        run(large)
        assert tree(large.live) == clean(large)
        assert not large.publish(LATER).index_follows  # what output/ could not take then, the next build takes
    same(large)


def killed(place: tuple[object, str], work: Callable[[], object]) -> None:
    """Do that in a process that dies when it comes to that place."""
    child = os.fork()
    if not child:
        setattr(*place, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        try:
            work()
        finally:
            os._exit(0)
    assert signal.SIGKILL == os.WTERMSIG(os.waitpid(child, 0)[1])


def test_a_publication_waits_while_the_index_is_put_in_place(large: Town) -> None:
    """The lock of the site, which the index holds for a moment, refuses no publication: it waits."""
    with locks.site(large.root / "var"):
        child = os.fork()
        if not child:
            done = False
            try:
                with only_one(large.root / "var"):
                    done = True
            finally:
                os._exit(0 if done else 1)
        assert (0, 0) == os.waitpid(child, os.WNOHANG)
    assert 0 == os.WEXITSTATUS(os.waitpid(child, 0)[1])


def test_output_that_somebody_wrote_into(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release gets its index all the same; output/ gets it from the next build, without Pagefind."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    (large.output / "actualites/n0/index.html").write_text("autre chose", encoding="utf-8")
    run(large)
    assert "/actualites/neuf/" in known(large.live)
    monkeypatch.setattr(build.indexing, "index", None)
    assert not large.publish(LATER).index_follows
    monkeypatch.undo()
    same(large)


def test_an_index_that_waits_and_is_damaged(large: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte that changed in an index that waits: it is made anew."""
    large.write("actualites/neuf", "title: Neuf\ndate: 2026-05-04")
    held_back(large, monkeypatch)
    killed(POINTS["once the index is made"], lambda: run(large))
    [path] = (large.root / "var/index").glob("*/pagefind/pagefind-entry.json")
    path.write_bytes(path.read_bytes() + b" ")
    run(large)
    same(large)


def test_names_of_pages(tmp_path: Path) -> None:
    """The page of each fragment is known by its file, whatever its address is made of."""
    names = ["index.html", "actualités/fête du pont/index.html", "vieux.html", "a%20b/index.html", 'g"u/index.html']
    for name in names:
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        html = f"<html><body><main data-pagefind-body><h1>{len(name)}</h1><p>Le pont.</p></main></body></html>"
        (tmp_path / "site" / name).write_text(html, encoding="utf-8")
    made = search.index(tmp_path / "site", tmp_path)
    assert sorted(names) == sorted(made.fragments)
    assert set(made.fragments.values()) == {name for name in made.files if "/fragment/" in name}
