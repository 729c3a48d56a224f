"""The editors' form end to end, in Chromium: create, edit, be refused, see the commit, and publish what was saved."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from beffroi.cms.app import make_app, package
from beffroi.settings import read_site
from tests.e2e.chromium import Chromium
from tests.town import AT, REPO, Town

FILE = "content/alertes/crue-de-la-riviere.md"
SAVED = """---
title: Crue de la rivière
date: 2026-05-04 09:30
summary: Éloignez-vous des berges jusqu’à mercredi.
end: 2026-05-06
severity: Severe
areas: [bas]
panel: "Crue : évitez les berges"
---

L’eau monte.
"""


class Room:
    """A town with its repository, and the form open in a browser."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Mairie")
        self.git("config", "user.email", "mairie@essai.example")
        self.git("add", "content")
        self.git("commit", "-q", "-m", "Départ")

    def git(self, *words: str) -> str:
        """What git answers."""
        return subprocess.run(["git", *words], cwd=self.town.root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def room(town: Town) -> Room:
    """One town."""
    return Room(town)


@pytest.fixture
def url(room: Room) -> Iterator[str]:
    """The form, served as `invoke cms` does."""
    site = read_site(room.town.root / "publishconf.py")
    app = make_app(site, package(REPO), room.town.root / "var" / "cache" / "check")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    socket = server.config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://localhost:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def day(page: Page, name: str, words: str, hour: str = "") -> None:
    """Choose a day, and an hour or none."""
    page.locator(f"[id^='{name}-field']").first.fill(words)
    if hour:
        page.locator(f"[id^='{name}-field'] + input").first.fill(hour)


def write(page: Page, name: str, words: str) -> None:
    """Replace what an input holds, as with a keyboard."""
    page.locator(f"[id^='{name}-field']").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def choose(page: Page, name: str, label: str) -> None:
    """Choose in a list."""
    page.locator(f"[id^='{name}-field']").first.click()
    page.get_by_role("option", name=label, exact=True).click()


def publish(page: Page) -> None:
    """The button, then its first choice."""
    page.get_by_role("button", name="Publier").click()
    page.get_by_role("menuitem", name="Publier maintenant").click()


@pytest.mark.e2e
def test_from_the_form_to_the_site(room: Room, url: str) -> None:
    """An alert is written in the form: its file is exactly as by hand, it is a commit, `check` passes, `publish` shows
    it. It is edited, then refused with the sentence of `check`, and nothing of the refused words is left. No request
    leaves the machine."""
    with Chromium(url, guard=False, viewport={"width": 1400, "height": 1000}) as browser:
        page = browser.page
        page.goto(f"{url}/admin/")
        page.get_by_role("button", name="Se connecter").click()
        page.get_by_role("link", name="Alertes").first.wait_for()
        page.goto(f"{url}/admin/#/collections/alertes/new")
        page.locator("#title-field-1, [id^='title-field']").first.fill("Crue de la rivière")
        day(page, "date", "2026-05-04", "09:30")
        page.locator("[id^='summary-field']").fill("Éloignez-vous des berges jusqu’à mercredi.")
        day(page, "end", "2026-05-06")
        choose(page, "severity", "Grave")
        choose(page, "areas", "Le Bas")
        page.locator("[id^='panel-field']").fill("Crue : évitez les berges")
        page.locator("[data-slate-editor]").first.click()
        page.keyboard.type("L’eau monte.")
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Crue de la rivière")
        publish(page)
        page.wait_for_url("**/entries/crue-de-la-riviere")
        assert SAVED == (room.town.root / FILE).read_text("utf-8")
        assert f"{FILE}\n" == room.git("show", "--format=", "--name-only", "HEAD")
        assert "" == room.git("status", "--porcelain", "content")
        assert 0 == room.town.invoke("check").returncode
        room.town.publish(AT)
        assert "Crue de la rivière" in (room.town.live / "alertes/crue-de-la-riviere/index.html").read_text("utf-8")

        write(page, "panel", "Crue, débroussaillement")
        publish(page)
        expect(page.get_by_text("choisissez un mot de 16 lettres au plus")).to_be_visible()
        assert SAVED == (room.town.root / FILE).read_text("utf-8")
        write(page, "panel", "Crue, déviation")
        publish(page)
        assert SAVED.replace("Crue : évitez les berges", "Crue, déviation") == wait_text(room, "Crue, déviation")
        page.get_by_text("MODIFICATIONS ENREGISTRÉES").wait_for()
        assert ["Corriger", "Ajouter", "Départ"] == [
            line.split()[0] for line in room.git("log", "--format=%s").splitlines()
        ]
        assert "" == room.git("status", "--porcelain", "content")
        assert [] == browser.third_party


@pytest.mark.e2e
def test_a_file_in_a_subfolder(room: Room, url: str) -> None:
    """What lies in a subfolder of a category is listed, opened and saved where it is."""
    name = "content/actualites/2025/ancien.md"
    room.town.write("actualites/2025/ancien", "title: Une ancienne nouvelle\ndate: 2025-05-04")
    with Chromium(url, guard=False, viewport={"width": 1400, "height": 1000}) as browser:
        page = browser.page
        page.goto(f"{url}/admin/")
        page.get_by_role("button", name="Se connecter").click()
        page.get_by_role("link", name="Actualités").first.click()
        page.get_by_text("Une ancienne nouvelle").click()
        page.locator("[id^='summary-field']").fill("Un résumé.")
        publish(page)
        assert "summary: Un résumé.\n" in wait_text(room, "Un résumé.", name)
        page.get_by_text("MODIFICATIONS ENREGISTRÉES").wait_for()
    assert f"{name}\n" == room.git("show", "--format=", "--name-only", "HEAD")


def wait_text(room: Room, words: str, name: str = FILE) -> str:
    """The file, once it has these words."""
    path = room.town.root / name
    for _ in range(200):
        if words in (text := path.read_text("utf-8")):
            return text
        threading.Event().wait(0.05)
    return path.read_text("utf-8")
