"""One worker at a time in one place, and names that tell places apart."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from beffroi.errors import StoreError
from beffroi.store.worker import working


def test_second_worker_waits_for_the_first(tmp_path: Path) -> None:
    """Who starts later goes on when the first has ended, never beside it."""
    order: list[str] = []

    def second() -> None:
        with working(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    with working(tmp_path):
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]


def test_workers_of_one_place_know_one_another(tmp_path: Path) -> None:
    """Two runs differ in name, and each recognises the other's claims as those of a dead predecessor."""
    with working(tmp_path / "var") as one:
        pass
    with working(tmp_path / "var") as two:
        pass
    assert one.owner != two.owner
    assert one.predecessors == two.predecessors
    assert one.owner.startswith(two.predecessors)
    assert len(one.owner) <= 160


def test_two_places_never_take_each_other_for_dead(tmp_path: Path) -> None:
    """Two folders, as two machines or containers of one name have them, do not share a prefix."""
    with working(tmp_path / "a") as one, working(tmp_path / "b") as two:
        assert not one.owner.startswith(two.predecessors)
        assert not two.owner.startswith(one.predecessors)


def test_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A file where the folder should be is told, with what to look at."""
    (tmp_path / "var").write_text("")
    with pytest.raises(StoreError, match="ne s’ouvre pas : .* ; "), working(tmp_path / "var"):
        pass
