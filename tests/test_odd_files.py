"""Files as real disks hold them: names of other systems, links, pipes."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from beffroi import content
from beffroi.check import examine
from beffroi.errors import BuildError, CheckFailed
from beffroi.memo.blobs import REF
from beffroi.memo.stamps import digest
from beffroi.mirror import Mirror
from beffroi.settings import read_site
from beffroi.site import standing
from beffroi.site.build import Build
from tests.town import AT, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town with a folder of images."""
    town = Town(tmp_path / "ville")
    (town.root / "content/images").mkdir()
    return town


def told(town: Town) -> list[str]:
    """The sentences of `check`, without their place."""
    return [fault.message for fault in examine(read_site(town.root / "publishconf.py")).faults]


def test_a_suffix_in_capitals(town: Town) -> None:
    """`AVIS.MD` is published like any other: Pelican alone does not know how to read it."""
    path = town.write("actualites/avis", "title: Avis\ndate: 2026-05-03")
    path.rename(path.with_name("AVIS.MD"))
    town.publish(AT)
    assert "<h1>Avis</h1>" in (town.output / "actualites/avis/index.html").read_text(encoding="utf-8")


def test_a_name_that_a_mac_wrote(town: Town) -> None:
    """An image whose name is in NFD on the disk is the one that the editor names in NFC: both look the same."""
    name = unicodedata.normalize("NFD", "Noël.png")
    Image.new("RGB", (8, 8)).save(town.root / "content/images" / name)
    image = "image:\n  src: Noël.png\n  alt: Un sapin"
    town.write(
        "actualites/noel", f"title: Noël\ndate: 2026-05-03\nsummary: Bref.\n{image}", "![Sapin](../images/Noël.png)"
    )
    assert [] == told(town)
    town.publish(AT)
    page = (town.output / "actualites/noel/index.html").read_text(encoding="utf-8")
    assert (1, 1) == (page.count('alt="Sapin"'), page.count('alt="Un sapin"'))


@pytest.mark.parametrize("target", ["soi.md", "/etc/passwd", "../../pelicanconf.py", "absent.md"])
def test_a_link_that_leads_out_of_the_content(town: Town, target: str) -> None:
    """What lies elsewhere on the machine is neither read nor published, and a link to itself stops nothing."""
    (town.root / "content/actualites/soi.md").symlink_to(target)
    (town.root / "content/images/secret.txt").symlink_to(target)
    town.write("actualites/lien", "title: Lien\ndate: 2026-05-03\nsummary: Bref.", "[là](../images/secret.txt)")
    assert [
        "Lien mort : « ../images/secret.txt » n’existe pas ; corrigez l’adresse.",
        "fichier illisible ; vérifiez ses droits, ou le fichier auquel il renvoie.",
    ] == [message.replace("\u202f", " ").replace("\u00a0", " ") for message in told(town)]
    assert 2 == len(town.publish(AT).held)
    assert not list(town.output.glob("fichiers/*"))


def test_a_link_within_the_content(town: Town) -> None:
    """A link to another file of the content is that file."""
    (town.root / "content/agenda").mkdir()
    (town.root / "content/agenda/bienvenue.md").symlink_to("../actualites/bienvenue.md")
    town.publish(AT)
    assert (town.output / "agenda/bienvenue/index.html").is_file()


def test_a_pipe_is_not_waited_for(town: Town) -> None:
    """What is no file is told, not read for ever."""
    os.mkfifo(town.root / "content/actualites/tuyau.md")
    assert ["fichier illisible"] == [message.partition(" ;")[0].partition("\u202f;")[0] for message in told(town)]


def test_a_text_in_the_place_of_an_image(town: Town) -> None:
    """The sentence does not propose the very file that was written."""
    town.write("actualites/vue", "title: Vue\ndate: 2026-05-03\nsummary: Bref.", "![Vue](bienvenue.md)")
    assert "« bienvenue.md » n’est pas une image admise ; enregistrez-la en JPEG ou en PNG." in [
        message.replace("\u202f", " ").replace("\u00a0", " ") for message in told(town)
    ]


def test_a_folder_that_cannot_be_read(town: Town) -> None:
    """Nothing leaves the site because the system does not give a folder: it is told, and nothing is published. Rights
    stop nobody here, who may be root; a path that is too long does."""
    (town.root / "content/alertes").mkdir()
    at = os.open(town.root / "content/alertes", os.O_RDONLY)
    for _ in range(22):
        os.mkdir("d" * 200, dir_fd=at)
        at, above = os.open("d" * 200, os.O_RDONLY, dir_fd=at), at
        os.close(above)
    os.close(at)
    with pytest.raises(CheckFailed) as failed:
        town.publish(AT)
    assert str(failed.value).startswith("content/alertes/ddd")
    assert "Le dossier est illisible\u202f; vérifiez ses droits." in str(failed.value)


def test_a_twin_that_is_gone(tmp_path: Path) -> None:
    """Somebody removed the folder that waits for the next site: its first file may lie at its root."""
    first = tmp_path / "a"
    first.write_bytes(b"a")
    mirror = Mirror(str(tmp_path / "twin"))
    mirror.inspect()
    mirror.put("404.html", digest(b"a"), str(first), link=True)
    shutil.rmtree(tmp_path / "twin")
    mirror.inspect()
    mirror.put("404.html", digest(b"a"), str(first), link=True)
    assert b"a" == (tmp_path / "twin/404.html").read_bytes()


def test_a_memory_that_is_found_damaged_late(town: Town) -> None:
    """A byte that changed where only a page's template reads it: the memory is dropped, the same command then works."""
    town.publish(AT)
    site, var = read_site(town.root / "publishconf.py"), town.root / "var"
    memo = standing.memory(site, var)
    card = Build(content.read(site, memo=memo), AT, town.output, var).work.known[0]
    assert memo.blobs.path
    with memo.blobs.path.open("r+b") as file:
        file.seek(REF.unpack(card.item)[0])
        file.write(b"?")
    page = town.output / "actualites/bienvenue/index.html"
    page.unlink()
    shutil.rmtree(var / "twin", ignore_errors=True)
    with pytest.raises(BuildError, match="Mémoire des constructions écartée .* ; relancez la commande."):
        town.publish(AT)
    town.publish(AT)
    assert "Bonjour" in page.read_text(encoding="utf-8")
