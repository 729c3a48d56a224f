"""What builds remember is whole or it is nothing."""

from __future__ import annotations

import marshal
import shutil
from importlib.metadata import distributions
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.memo import PART, TOGETHER, Memo, key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small memo with two tables and a blob."""
    place = tmp_path / "cache"
    memo = Memo.open(place, "clé")
    assert "Première construction : tout est à faire." == memo.said
    memo.tables.update(cards={"a": (1, "été", None)}, search=(b"x", 2.5))
    memo.blobs.put(b"du texte")
    memo.save()
    return place


def test_what_was_saved_is_read(folder: Path) -> None:
    """Tables and blobs come back; another program or other settings have no use for them."""
    memo = Memo.open(folder, "clé")
    assert ("", {"a": (1, "été", None)}, (b"x", 2.5)) == (memo.said, memo.tables["cards"], memo.tables["search"])
    other = Memo.open(folder, "autre")
    assert ({}, "Mémoire des constructions écartée (le programme ou les réglages ont changé) ; tout est refait.") == (
        other.tables,
        other.said,
    )


def test_every_damage_is_seen(folder: Path, tmp_path: Path) -> None:
    """Cut anywhere, any byte changed: the whole memo is dropped, with one sentence, and no other error."""
    whole = (folder / "memo.bin").read_bytes()
    for at in range(len(whole)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            place = tmp_path / "damaged"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(folder, place)
            (place / "memo.bin").write_bytes(data)
            memo = Memo.open(place, "clé")
            assert {} == memo.tables, at
            assert "tout est refait." in memo.said


def test_a_killed_save_leaves_the_former_one(folder: Path) -> None:
    """What a killed build wrote beside is removed by the next one, and never read."""
    (folder / ".memo.bin.1").write_bytes(b"half")
    memo = Memo.open(folder, "clé")
    assert {"a": (1, "été", None)} == memo.tables["cards"]
    memo.save()
    assert [] == list(folder.glob(".memo.bin.*"))


TABLES = st.dictionaries(
    st.sampled_from([*chain(*TOGETHER), "static", "why"]),
    st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from([(1, "été"), (2,), b"x", 3, ()]), min_size=1),
)


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(TABLES, min_size=1, max_size=4), part=st.integers(1, 4))
def test_tables_come_back(steps: list[dict[str, dict[str, object]]], part: int) -> None:
    """Whatever becomes of tables from one save to the next, what is read is what was saved last: a name that only some
    have, one that comes or goes in the middle, a table that is gone."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("beffroi.memo.PART", part)
        for tables in steps:
            memo = Memo.open(Path(folder), "clé")
            memo.tables = {**tables, "born": 0}
            memo.save()
            found = Memo.open(Path(folder), "clé").tables
            assert {**tables, "born": 0} == found


class Named(NamedTuple):
    """Some row."""

    one: int
    other: str


def test_what_did_not_change_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the parts in which something changed are written anew, though rows have become named ones since."""
    memo = Memo.open(tmp_path, "clé")
    memo.tables = {"cards": {f"{number:05}": (number, "mot") for number in range(5 * PART)}}
    memo.save()
    memo = Memo.open(tmp_path, "clé")
    memo.tables["cards"] = {name: Named(*row) for name, row in memo.tables["cards"].items()}
    memo.tables["cards"]["01500"] = Named(0, "autre")
    written: list[object] = []
    real = marshal.dumps
    monkeypatch.setattr("beffroi.memo.marshal.dumps", lambda value: written.append(value) or real(value))
    memo.save()
    assert 3 == len(written)  # the rest, one part of five, the list of the parts
    found = Memo.open(tmp_path, "clé").tables["cards"]
    assert ((0, "autre"), (1501, "mot"), (4999, "mot")) == (found["01500"], found["01501"], found["04999"])


def test_the_key_names_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library that pages depend on is in the key, in the version that is installed; with another one, what was
    kept is not used."""
    found = {name.removesuffix(".dist-info").lower() for name in key._versions()}
    installed = {one.name.lower(): one.version for one in distributions()}
    assert {f"{name}-{installed[name]}" for name in key.LIBRARIES if name in installed} == found
    before = key.key_of({}, [], str(tmp_path))
    (tmp_path / "pelican-99.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert before != key.key_of({}, [], str(tmp_path))
