"""All faults of all content at once, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beffroi.check import check, report
from beffroi.content import read
from beffroi.errors import Fault
from beffroi.settings import read_site
from tests import strategies as s

SITES = Path(__file__).parent / "sites"
NAMES = sorted(folder.name for folder in SITES.iterdir() if folder.is_dir())


def told(folder: Path) -> str:
    """What `check` prints for the site in that folder."""
    tree = read(read_site(folder / "publishconf.py"))
    return report(check(tree), tree.files)


def content(folder: Path, files: Mapping[str, str | bytes]) -> str:
    """What `check` prints for those files, by path under `content/`; the closing line is left out."""
    for name in ("pelicanconf.py", "publishconf.py"):
        (folder / name).write_bytes((SITES / "tout-va-bien" / name).read_bytes())
    for name, text in files.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return "\n".join(told(folder).splitlines()[:-1]).replace("\u202f", " ").replace("\u00a0", " ")


def article(body: str, header: str = "") -> str:
    """A good item with that body."""
    return f"---\ntitle: A\ndate: 2026-05-04\n{header}---\n{body}\n"


@pytest.mark.parametrize("name", NAMES)
def test_sample_sites(name: str) -> None:
    """Each site is wrong in the way that its folder's name says, and `check` says exactly that."""
    assert (SITES / name / "expected.txt").read_text(encoding="utf-8") == told(SITES / name) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_sample_sites_are_wrong_in_one_file(name: str) -> None:
    """No line of a sample site's report is about the good item that each has."""
    assert "bonne-nouvelle.md:" not in told(SITES / name)


def test_five_faults_of_one_file_are_five_lines() -> None:
    """Nobody mends a fault to discover the next one."""
    lines = told(SITES / "five-faults").splitlines()
    assert (5, "5 fautes dans 1 fichier sur 2.") == (len(lines) - 1, lines[-1])


@pytest.mark.parametrize("name", ["tout-va-bien", "accents-dans-le-chemin-é"])
def test_good_sites_pass(name: str) -> None:
    """Correct content gives no fault and no warning, accents in paths or not."""
    assert [] == check(read(read_site(SITES / name / "publishconf.py")))


def test_the_faults_of_all_files_come_together(tmp_path: Path) -> None:
    """Schema faults of one file hide neither those of another nor its dead links; all are sorted by place."""
    found = content(
        tmp_path, {"actualites/b.md": article("[x](y.md)"), "actualites/a.md": "x", "zut/c.md": article("")}
    )
    assert ["content/actualites/a.md:1", "content/actualites/b.md:5", "content/zut/c.md:1"] == [
        line.rpartition(": ")[0][: len("content/actualites/a.md:1")].split(": ")[0] for line in found.splitlines()
    ]


@pytest.mark.parametrize(
    ("faults", "files", "expected"),
    [
        ([], 0, "Aucune faute dans 0 fichier."),
        ([], 74, "Aucune faute dans 74 fichiers."),
        ([Fault("a.md", 3, "bof")], 1, "a.md:3: bof\n1 faute dans 1 fichier sur 1."),
        (
            [Fault("a.md", 3, "bof", "warning")],
            2,
            "a.md:3: attention : bof\nAucune faute, 1 avertissement dans 1 fichier sur 2.",
        ),
        (
            [Fault("a.md", 1, "b"), Fault("a.md", 2, "b"), Fault("a.md", 3, "b", "warning")],
            74,
            "a.md:1: b\na.md:2: b\na.md:3: attention : b\n2 fautes, 1 avertissement dans 1 fichier sur 74.",
        ),
        ([Fault("\udce9.md", 1, "b")], 1, "?.md:1: b\n1 faute dans 1 fichier sur 1."),
    ],
)
def test_report(faults: list[Fault], files: int, expected: str) -> None:
    """One line a fault, warnings marked, and the counts; a file name that is no Unicode can still be printed."""
    assert expected == report(faults, files)


@pytest.mark.parametrize(
    "body",
    [
        "`[a](rien.md)`",
        "```\n[a](rien.md)\n![](rien.png)\n{filename}x\n# Titre\n```",
        "    [a](rien.md)",
        "~~~\n[a]: rien.md\n~~~",
        "\\[a](rien.md)",
        "<https://ailleurs.example/> <mairie@ailleurs.example> [t](tel:+33476000000)",
        "Note[^1].\n\n[^1]: Ici.",
        "<a id='la'></a>[a](#la) [haut](#)",
    ],
)
def test_what_is_no_dead_link(tmp_path: Path, body: str) -> None:
    """Code, escaped marks, outside addresses, footnotes and HTML anchors are no faults."""
    assert "" == content(tmp_path, {"actualites/a.md": article(body)})


def test_each_dead_link_has_its_own_line(tmp_path: Path) -> None:
    """The same dead link written twice, and once in code, is reported on its two lines; so is a reference's address."""
    body = "`[a](x.md)`\n\n[a](x.md)\n\n[b](x.md) [c][d]\n\n[d]: y.md"
    found = content(tmp_path, {"actualites/a.md": article(body)})
    assert [7, 9, 11] == [int(line.split(":")[1]) for line in found.splitlines()]


@pytest.mark.parametrize(
    ("href", "sentence"),
    [
        ("crue.md", "Lien mort : « crue.md » n’existe pas ; écrivez « ../alertes/crue.md »."),
        ("../alertes/Crues.md", "Lien mort : « ../alertes/Crues.md » n’existe pas ; écrivez « ../alertes/crue.md »."),
        ("/alertes/cru/", "Lien mort : « /alertes/cru/ » n’existe pas ; écrivez « ../alertes/crue.md »."),
        ("zzz.pdf", "Lien mort : « zzz.pdf » n’existe pas ; corrigez l’adresse."),
        ("../../../etc/passwd", "Lien mort : « ../../../etc/passwd » n’existe pas ; corrigez l’adresse."),
        ("http://[", "Lien mort : « http://[ » n’existe pas ; corrigez l’adresse."),
        ("a%00.md", "Lien mort : « a%00.md » n’existe pas ; corrigez l’adresse."),
        (
            "../alertes/crue.md#que-fair",
            "Lien mort : « #que-fair » n’est pas dans content/alertes/crue.md ; écrivez « #que-faire ».",
        ),
        (
            "data:text/html,x",
            "Lien « data:text/html,x » refusé ; une adresse commence par « https: », « mailto: » ou « tel: ».",
        ),
        ("exemple.fr/a", "Lien « exemple.fr/a » incomplet ; écrivez « https://exemple.fr/a »."),
    ],
)
def test_link_sentences(tmp_path: Path, href: str, sentence: str) -> None:
    """A dead link names what exists and was probably meant, as it must be written in that file."""
    alert = article("## Que faire ?", "end: 2026-05-05\n")
    found = content(tmp_path, {"alertes/crue.md": alert, "actualites/a.md": article(f"[a](<{href}>)")})
    assert f"content/actualites/a.md:5: {sentence}" == found.removeprefix("content/actualites/a.md:5: attention : ")


def test_a_very_long_address_is_a_dead_link(tmp_path: Path) -> None:
    """A path longer than any file system takes is a fault, not a crash."""
    found = content(tmp_path, {"actualites/a.md": article(f"[a]({'x' * 5000}.md)")})
    assert found.startswith("content/actualites/a.md:5: Lien mort : « xxx")


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_content_brings_it_down(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever stands in a body, in any bytes, the rest is checked and the dead link of the other file is told."""
    bits = st.sampled_from(
        ["[", "](", ")", "![", "<", ">", "<a href=", '"', "`", "```\n", "\n", "{filename}", "#", "<![", "&#", "|"]
    )
    body = data.draw(st.lists(bits | st.text(max_size=5), max_size=30).map("".join) | st.text())
    raw = data.draw(st.just(article(body).encode("utf-8", "replace")) | st.binary() | s.fronts().map(s.file_of))
    found = content(tmp_path, {"actualites/a.md": raw, "actualites/b.md": article("[x](zz.md)")})
    assert "content/actualites/b.md:5: Lien mort" in found


def test_content_that_markdown_cannot_convert(tmp_path: Path) -> None:
    """A body that breaks the converter is one fault, and the other files are checked."""
    found = content(tmp_path, {"actualites/a.md": article("a\n: b\n" * 2000), "actualites/b.md": article("[x](zz.md)")})
    assert [
        "content/actualites/a.md:5: Le texte n’a pas pu être mis en page ; retirez le HTML et les listes imbriquées.",
        "content/actualites/b.md:5: Lien mort : « zz.md » n’existe pas ; corrigez l’adresse.",
    ] == found.splitlines()
