"""The documentation says what the program does, all of it, and no more."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from beffroi import content
from beffroi.api.problems import TITLES
from beffroi.check import check
from beffroi.errors import BeffroiError
from beffroi.feeds import FEEDS, jsonfeed, panel
from beffroi.model import FRESH, Alert, Event, Location
from beffroi.moments import AHEAD
from beffroi.schema import FIELDS, parse
from beffroi.settings import PUBLISHER_KEYS, Service, Site, site_from
from beffroi.site.defaults import PAGES
from beffroi.text import typeset
from tests.feeds.samples import ALERTS, FLOOD, LANCEY, NOON, PUBLISHER, hours, item

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GUIDE = ROOT / "content" / "README.md"
MARKDOWN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", GUIDE, *sorted(DOCS.rglob("*.md"))]
FRENCH = [GUIDE, *sorted((DOCS / "tutorial").glob("*.md")), *sorted((DOCS / "how-to").glob("*.md"))]
SETTINGS = {
    "SITENAME": "Essai",
    "SITEURL": "https://essai.example",
    "CATEGORIES": {"actualites": {"kind": "news"}, "alertes": {"kind": "alert"}},
    "AREAS": {"lancey": "Lancey", "brignoud": "Brignoud", "bourg": "Bourg"},
}


def reference(name: str) -> str:
    """One page of docs/reference."""
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def prose(path: Path) -> Iterator[str]:
    """The lines of a page outside its blocks of code."""
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        fence = line.lstrip().startswith("```")
        if not fenced and not fence:
            yield line
        fenced ^= fence


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of each table, without back-ticks."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def anchors(path: Path) -> set[str]:
    """The places of a page that a link may name, as forges spell them."""
    heads = (line.lstrip("#").strip().lower() for line in prose(path) if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in heads}


def returned(module: str, function: str) -> set[str]:
    """The keys of the dictionary that a function of beffroi/site returns."""
    tree = ast.parse((ROOT / "beffroi" / "site" / module).read_text(encoding="utf-8"))
    body = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    made = [node.value for node in body.body if isinstance(node, ast.Return)]
    return {key.value for value in made if isinstance(value, ast.Dict) for key in value.keys if key}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A commune with three areas and nothing to say."""
    return site_from(SETTINGS, tmp_path)


def faults(site: Site, line: str) -> list[str]:
    """What `check` answers to one line, of the front matter or of the text, in a file that is otherwise right."""
    found = re.match(r"\w+(?=:)", line)
    head = {"title": "title: Essai", "date": "date: 2026-05-04"} | ({found[0]: line} if found else {})
    path = site.content / "actualites" / "essai.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["---", *head.values(), "---", "", "Bonjour." if found else line, ""]), encoding="utf-8")
    return [fault.message for fault in check(content.read(site))]


def test_readme_commands() -> None:
    """The two commands, the address and the summary of the front page stand in its first 30 lines."""
    head = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    for words in ("tasks.py publish", "tasks.py test", "tasks.py serve"):
        assert f"python3 {words}" in head
    assert "http://localhost:8000" in head


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links(path: Path) -> None:
    """Every local link of every page leads to a file that exists, and to a heading that it has."""
    targets = re.findall(r"\]\(([^)\s]+)\)", "\n".join(re.sub(r"`[^`]*`", "", line) for line in prose(path)))
    local = [target for target in targets if not re.match(r"\w+:", target)]
    for target in local:
        name, _, fragment = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        assert place.exists(), target
        assert not fragment or fragment in anchors(place), target


@pytest.mark.parametrize("path", FRENCH, ids=lambda path: str(path.relative_to(ROOT)))
def test_typography(path: Path) -> None:
    """Pages for agents and technicians have French typography: `beffroi.text.typeset` finds nothing to mend."""
    assert [line for line in prose(path) if typeset(line) != line] == []


def test_every_page_is_listed() -> None:
    """The index of the documentation leads to every page of it."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if page.parent != DOCS]
    assert [page for page in pages if f"({page})" not in index] == []


def test_tasks() -> None:
    """Every task has a heading of its own, and each of its options is named; no heading is of a task that is gone."""
    tree = ast.parse((ROOT / "tasks.py").read_text(encoding="utf-8"))
    tasks = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", reference("tasks.md"), re.M | re.S))
    tasks = {name.strip("_"): node for name, node in tasks.items()}  # `import_`: a word of Python
    assert sorted(tasks) == sorted(sections)
    for name, node in tasks.items():
        for option in node.args.args[1:]:
            assert f"`--{option.arg.strip('_').replace('_', '-')}`" in sections[name]


def test_service_settings() -> None:
    """Every setting of the service is documented with its default, and no other one is."""
    told = {row[0]: row[1] for row in rows(reference("settings.md")) if row[0].startswith("BEFFROI_")}
    defaults = {f"BEFFROI_{field.name.upper()}": field.default for field in fields(Service)}
    assert sorted(defaults) == sorted(told)
    for name, default in defaults.items():
        if default not in {None, ""}:  # a default that another setting makes is told in words
            assert told[name] == f"{default:g}" if isinstance(default, float) else told[name] == str(default)


def test_derived_defaults() -> None:
    """The defaults that follow from `BEFFROI_VAR` are the documented ones."""
    service, told = Service(), reference("settings.md")
    assert f"`{service.database}`" in told
    assert f"`{service.vapid_key}`" in told
    assert f"`{service.current}`" in told


def test_commune_settings() -> None:
    """Every capital name of pelicanconf.py, and every key of PUBLISHER, is documented."""
    tree = ast.parse((ROOT / "pelicanconf.py").read_text(encoding="utf-8"))
    names = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    told = {row[0] for row in rows(reference("settings.md"))}
    assert set() == names - told
    assert set() == {f"PUBLISHER.{key}" for key in PUBLISHER_KEYS | {"name"}} - told
    assert {"APP_COLORS", "SOURCE_DATE_EPOCH"} <= told


def test_front_matter() -> None:
    """Every field of the front matter has a row in the editors' guide, and no row is of a field that is gone."""
    table = [row[0] for row in rows(GUIDE.read_text(encoding="utf-8")) if len(row) == 4]
    assert {*FIELDS, "Champ", "---"} == {name.split(".")[0] for name in table}


def test_guide_examples(site: Site) -> None:
    """Each example of the editors' table is accepted; so is the whole file that the guide shows."""
    text = GUIDE.read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", text, re.S)
    whole = parse(shown[0].encode(), "guide.md", site, page=False)
    assert whole.warnings == ()
    parse(f"---\ntitle: x\ndate: 2026-05-04\n{shown[1]}---\n".encode(), "guide.md", site, page=False)
    for name, _, _, example in (row for row in rows(text) if len(row) == 4 and "." not in row[0] and ": " in row[3]):
        head = {"title": "title: x", "date": "date: 2026-05-04"} | {name: example}
        parse(("---\n" + "\n".join(head.values()) + "\n---\n").encode(), "guide.md", site, page=False)


def test_guide_messages(site: Site) -> None:
    """`check` answers each line of the guide's table of faults with that very sentence."""
    table = GUIDE.read_text(encoding="utf-8").split("| Vous écrivez | Il répond |")[1]
    told = [row for row in rows(table) if len(row) == 2 and row[0] != "---"]
    assert len(told) > 20
    for line, message in told:
        assert message in faults(site, line)


def test_tutorial_alert(site: Site) -> None:
    """The alert to copy at three in the morning is accepted as it stands."""
    shown = re.search(r"```yaml\n(.*?)```", (DOCS / "how-to/alerte-3h-du-matin.md").read_text(encoding="utf-8"), re.S)
    assert shown
    text = "\n".join(line.removeprefix("   ") for line in shown[1].splitlines())
    assert parse(text.encode(), "alerte.md", site, page=False).warnings == ()


def test_theme() -> None:
    """Every name that templates are given is documented: context, functions, filters, pages."""
    told = reference("theme.md")
    given = (("work.py", "context"), ("work.py", "_lists"), ("templating.py", "names"), ("templating.py", "filters"))
    names = set().union(*(returned(*place) for place in given))
    assert len(names) > 15
    assert sorted(name for name in names if f"`{name}`" not in told and f"`{name}(" not in told) == []
    assert [name for name in PAGES if f"`{name}.html`" not in told] == []


def test_feeds() -> None:
    """Every feed, every field of `_beffroi` and of the panel file is documented."""
    event = Event(hours(1), hours(2), place="Place", price="Gratuit")
    full = item(category=ALERTS, alert=Alert(), event=event, image=FLOOD, areas=(LANCEY,), panel="x", push="y",
                location=Location(45, 5, "Place"), start=NOON, end=hours(3))  # fmt: skip
    own = jsonfeed.entry(full, PUBLISHER, NOON.tzinfo)["_beffroi"]
    told = {row[0] for row in rows(reference("feeds.md"))}
    nested = {f"{key}.{inner}" for key in ("event", "location") for inner in own[key]}
    assert set() == (set(own) - {"event", "location"} | nested) - told
    technicians = (DOCS / "how-to/brancher-un-panneau.md").read_text(encoding="utf-8")
    for line in panel.render([full], PUBLISHER, NOON).decode().splitlines():
        if found := re.match(r'\s*"(\w+)":', line):
            assert f'"{found[1]}":' in technicians
            assert f"`{found[1]}`" in reference("feeds.md")
    assert [name for name in FEEDS if f"`{name}`" not in reference("feeds.md")] == []


def test_panel_limits() -> None:
    """The figures told to technicians are those of the program."""
    told = (DOCS / "how-to/brancher-un-panneau.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert (timedelta(days=10), timedelta(days=30), 20, 60) == (AHEAD, FRESH, panel.LIMIT, panel.DETAIL)
    for words in ("dix jours", "30 jours", "Vingt messages", "60 caractères", panel.VERSION):
        assert words in told


def test_api() -> None:
    """Every status that the service may answer with is documented with its title."""
    told = dict(row[:2] for row in rows(reference("api.md")) if row[0].isdecimal())
    assert {str(status): title for status, title in TITLES.items()} == told


def test_errors() -> None:
    """Every class of expected error is documented."""

    def tree(kind: type[BeffroiError]) -> Iterator[str]:
        yield kind.__name__
        for child in kind.__subclasses__():
            if child.__module__ == "beffroi.errors":
                yield from tree(child)

    assert [name for name in tree(BeffroiError) if f"`{name}`" not in reference("messages.md")] == []


def test_layers() -> None:
    """The layers that the architecture draws are those that import-linter checks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    page = (DOCS / "explanation/architecture.md").read_text(encoding="utf-8")
    drawn = re.search(r"```layers\n(.*?)```", page, re.S)
    assert drawn
    assert [layer.replace("beffroi.", "") for layer in layers] == drawn[1].splitlines()
