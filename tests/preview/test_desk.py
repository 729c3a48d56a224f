"""The preview as an editor uses it: the real task, in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.chromium import Chromium
from tests.preview.test_preview import FLOOD
from tests.town import Town


@contextmanager
def previewing(town: Town, *words: str) -> Iterator[str]:
    """`invoke preview` on a free port; yields the address that it tells."""
    invoke = str(Path(sys.executable).with_name("invoke"))
    command = [invoke, "preview", *words, "--at", "2026-05-13T09:00+02:00"]
    running = subprocess.Popen(
        [*command, "--port", "0"], cwd=town.root, env=town.environment(), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout
    try:
        found = re.search(r"http://localhost:\d+/_apercu/", running.stdout.readline())
        assert found
        yield found[0]
    finally:
        running.terminate()
        running.wait(20)
        running.stdout.close()


def test_the_desk(town: Town) -> None:
    """In Chromium: the page in its frame, the panel in amber, another instant by the slider's stops; a file that is
    saved is shown without a touch; nothing leaves the machine, and nothing but this machine's names is answered. A narrow
    window is not overflowed, and an editor whose preview does not answer is told so."""
    town.write("alertes/crue", FLOOD, "Quittez **les berges**.")
    with previewing(town, "content/alertes/crue.md") as url, Chromium(url) as browser:
        page = browser.page
        page.goto(url)
        frame = page.frame_locator('iframe[title="La page sur un téléphone"]')
        expect(frame.locator("h1")).to_have_text(re.compile("Crue de l’Isère"), timeout=60_000)
        expect(page.locator(".wall").first).to_contain_text("CRUE")
        expect(page.locator("#state")).to_contain_text("Visible à cet instant")
        page.get_by_role("button", name="prend fin").click()
        expect(page.locator("#state")).to_contain_text("Plus d’actualité")
        town.write("alertes/crue", FLOOD.replace("Crue de l'Isère", "Crue finie"), "Rentrez.")
        expect(frame.locator("h1")).to_have_text(re.compile("Crue finie"), timeout=60_000)
        refused(url)
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator("body:not(.is-busy)")).to_have_count(1, timeout=60_000)
        assert 390 >= page.locator("#item").evaluate("one => one.getBoundingClientRect().right")
        page.route("**/panes*", lambda route: route.fulfill(body="502 Bad Gateway"))
        page.get_by_role("button", name="Maintenant").click()
        expect(page.locator("#faults")).to_contain_text("relancez")


def refused(url: str) -> None:
    """A page of the web that lets its own name point to this machine reads nothing."""
    request = urllib.request.Request(url, headers={"Host": "ailleurs.example"})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request)
    assert 400 == answer.value.code


@pytest.mark.parametrize("words", [(), ("alertes/crue",), ("--path", "content/alertes/crue.md")])
def test_the_word_may_be_left_out(town: Town, words: tuple[str, ...]) -> None:
    """`invoke preview` alone shows the first item, `invoke preview alertes/crue` that one."""
    town.write("alertes/crue", FLOOD)
    with previewing(town, *words) as url, urllib.request.urlopen(url) as answer:
        name = "alertes/crue" if words else "actualites/bienvenue"
        assert f'<option value="{name}" selected' in answer.read().decode()


@pytest.mark.parametrize("words", [("--path", "content/rien.md"), ("content/rien.md",)])
def test_an_unknown_file(town: Town, words: tuple[str, ...]) -> None:
    """A path that is no content is refused with an example, exit status 1."""
    done = town.invoke("preview", *words)
    assert 1 == done.returncode
    assert "content/rien.md" in done.stderr
    assert "content/actualites/mon-actualite.md" in done.stderr
