"""What builds remember is whole or it is nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beffroi.memo import Memo


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
