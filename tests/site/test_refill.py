"""Pages that get another banner are put straight into the twin: whatever stops that, nobody sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from beffroi import forks
from beffroi.errors import BeffroiError, VerifyError
from beffroi.mirror import File, Mirror
from tests.clean import clean
from tests.test_publish import tree
from tests.town import AT, Town

ALERT = "title: Crue\ndate: 2026-05-04 10:00\nseverity: Severe\nend: 2026-05-04 12:00"


@pytest.fixture
def standing(town: Town) -> Town:
    """A town of a few pages, published, in which an alert then waits to be."""
    for number in range(5):
        town.write(f"patrimoine/vieux-{number}", f"title: Vieux {number}\ndate: 2025-01-{number + 1:02}")
    town.publish()
    town.write("alertes/crue", ALERT)
    return town


@pytest.mark.parametrize("pages", [0, 1, 4])
def test_a_refill_that_fails_half_way(standing: Town, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    """After so many pages the disk is full: `output/` and the live release keep every byte, and the next publication
    leaves what a clean one does."""
    before = tree(standing.output)
    real, done = Mirror.write, list[str]()

    def write(mirror: Mirror, name: str, digest: bytes, data: bytes) -> File:
        if len(done) == pages:
            raise OSError(28, "No space left on device")
        done.append(name)
        return real(mirror, name, digest, data)

    monkeypatch.setattr(forks, "asked", 1)
    with monkeypatch.context() as patched:
        patched.setattr(Mirror, "write", write)
        with pytest.raises(BeffroiError):
            standing.publish()
    assert (before, before) == (tree(standing.output), tree(standing.live.resolve()))
    standing.publish()
    found = tree(standing.output)
    assert found == tree(standing.live.resolve())
    assert clean(standing) == found


def test_a_refilled_site_that_is_refused(standing: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where verification refuses what was refilled, nobody sees it, and the next publication leaves what a clean one
    does."""
    before = tree(standing.output)

    def refuse(*_: object) -> None:
        raise VerifyError("non")

    with monkeypatch.context() as patched:
        patched.setattr("beffroi.publish.verify", refuse)
        with pytest.raises(VerifyError):
            standing.publish()
    assert (before, before) == (tree(standing.output), tree(standing.live.resolve()))
    standing.publish()
    assert clean(standing) == tree(standing.output)


def test_a_banner_that_comes_and_goes(standing: Town) -> None:
    """When the alert is over, pages have the bytes that they had before it."""
    page = "patrimoine/vieux-0/index.html"
    before = (standing.output / page).read_bytes()
    standing.publish()
    assert "Crue" in (standing.live / page).read_text("utf-8")
    standing.publish(AT + timedelta(hours=2))
    assert before == (standing.output / page).read_bytes() == (standing.live / page).read_bytes()
