"""What each task does at a terminal: call the package, show its progress, end with a sentence or a table in French."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from beffroi import due, forks
from beffroi.crier import crier
from beffroi.errors import BeffroiError
from beffroi.memo.stamps import Files
from beffroi.settings import SETTINGS, instant, read_service, read_site
from beffroi.terminal import Stages, err, out, plainly, sending, step, warn

if TYPE_CHECKING:  # each task imports what it needs: `check` answers before the others have loaded
    from rich.table import Table

    from beffroi.held import Held
    from beffroi.publish import Published
    from beffroi.told import Outlook

PUBLISHING = (
    "Publication arrêtée ({}) : le site en ligne est entier ; ce qui reste à faire ou à envoyer le sera à la prochaine "
    "publication."
)
SENDING = (
    "Envoi arrêté ({}) : les réponses reçues sont écrites ; le reste partira à la prochaine publication, ou avec : invoke "
    "deliver"
)
BUILDING = "Construction arrêtée ({}) : le site d’avant est entier ; relancez la commande."
INDEXING = "Index de recherche arrêté ({}) : celui d’avant sert encore ; relancez la commande."
"""What each says that is ended by Ctrl-C or SIGTERM."""

HELD = 3
"""Exit status of a publication that held back a faulty file."""

INDEX = (("à jour", ""), ("suit", "L’index de recherche suit en arrière-plan."))
"""What the closing table says of the search index: made, or being made."""


def hold(held: Sequence[Held]) -> None:
    """Show, first and last, what is faulty and what stands in its place."""
    if held:
        count = "1 fichier à corriger" if len(held) == 1 else f"{len(held)} fichiers à corriger"
        err.print(f"{count}, le reste est publié :", style="bold red", markup=False)
    for one in held:
        for sentence in one.sentences():
            err.print(sentence, style="red", markup=False)


def check(changed: str, staged: bool, form: str) -> None:
    """Check content, all of it or what changed; exit status 1 when something is to be corrected."""
    from beffroi.check.report import FORMATS
    from beffroi.check.run import run

    with plainly() as root:
        if form not in FORMATS:
            raise BeffroiError(f"Forme inconnue : « {form} » ; écrivez l’une de : {', '.join(FORMATS)}.")
        faults, files = run(read_site(root / SETTINGS), read_service(root).var, changed=changed, staged=staged)
    sys.stdout.write(FORMATS[form](faults, files) + "\n")
    if any(fault.level == "error" for fault in faults):
        sys.exit(1)


def number(option: str, text: str) -> int:
    """What an option says, where it is a whole number up to 65535; else a sentence, and exit status 1."""
    with plainly():
        if not (text.isascii() and text.isdecimal() and int(text) < 1 << 16):
            raise BeffroiError(f"{option} vaut « {text} » ; écrivez un nombre entier, 65535 au plus.")
    return int(text)


def cms(port: int, export: str) -> None:
    """The editors' form on this machine, or its files for a web server."""
    from beffroi.cms import app, exported

    with plainly() as root:
        site, cache = read_site(root / SETTINGS), read_service(root).var / "cache" / "check"
        package = app.package(root)
        if export:
            out.print(_short(exported.export(site, root / export, package)), markup=False)
        else:
            told = lambda url: err.print(f"Formulaire : {url} (Ctrl-C pour finir)", markup=False)  # noqa: E731
            app.serve(app.make_app(site, package, cache), port=port, told=told)


def schema() -> None:
    """Write anew what is generated from the models, where it differs."""
    from beffroi.schema import published

    with plainly() as root:
        for path in published.write(read_site(root / SETTINGS)):
            out.print(_short(path), markup=False)


def hooks() -> None:
    """Install the pre-commit hook."""
    from beffroi.hooks import install

    with plainly() as root:
        place = install(root, read_site(root / SETTINGS).content)
    out.print(f"Crochet posé : {_short(place)}", markup=False)


def build(at: str, clean: bool = False, profile: bool = False) -> None:
    """Check, build and verify, without putting anything online."""
    from beffroi.publish import checked, memory, only_one, rebuilt
    from beffroi.text import many

    with plainly(stopped=BUILDING) as root, Stages(profile) as stages:
        site, service = read_site(root / SETTINGS), read_service(root)
        with only_one(service.var):
            memo = memory(site, service, stages.step, clean=clean)
            tree, warnings = checked(site, memo, stages.step, None if clean else service.var / "cache" / "check")
            built = rebuilt(tree, instant(at), service, stages.step)
    warn(warnings)
    out.print(
        f"{many(len(built.items), 'contenu')} et {many(built.pages, 'page')} dans {built.out.name}/", markup=False
    )


def explain(path: str) -> None:
    """Say why the last build made one output, or did not."""
    from beffroi.publish import memory
    from beffroi.site.build import explained

    with plainly() as root:
        site = read_site(root / SETTINGS)
        place = str(site.raw.get("OUTPUT_PATH") or "output")
        name = path.removeprefix("./").removeprefix(f"{place}/").lstrip("/")
        name = f"{name}index.html" if not name or name.endswith("/") else name
        told = explained(memory(site, read_service(root), step), name)
    out.print(told, markup=False)


def index() -> None:
    """Make the search index that the last publication left to be made."""
    from beffroi.indexing import by_hand

    with plainly(stopped=INDEXING) as root:
        by_hand(root, lambda sentence: out.print(sentence, markup=False))


def publish(
    at: str,
    adopt: bool = False,
    yes: bool = False,
    wait: bool = False,
    profile: bool = False,
    excused: type[BeffroiError] | None = None,
) -> None:
    """The whole road, with a table at its end of what reached whom; exit status 3 where a file is faulty, 1 where a
    message was refused."""
    with plainly(excused, stopped=PUBLISHING) as root, Stages(profile) as stages, ExitStack() as beside:
        read_service(root)  # how many processes may work: both are born before all that they do not need
        commit = due.head(root)
        look = beside.enter_context(forks.beside(partial(Files.below, str(read_site(root / SETTINGS).content))))
        tell = beside.enter_context(crier(root, wanted=not profile))
        from beffroi import publish as publishing

        done = publishing.publish(
            root,
            instant(at),
            adopt=adopt,
            wait=wait,
            step=stages.step,
            progress=beside.enter_context(sending()),
            hold=hold,
            confirm=partial(_asked, yes),
            tell=tell,
            below=(commit, look),
        )
    warn(done.warnings)
    reached, *troubles = done.delivered.sentences()
    for sentence in [*done.announced.sentences(), *troubles]:
        out.print(f"• {sentence}", markup=False)
    out.print(_table(done, reached))
    hold(done.held)
    if done.held:
        sys.exit(HELD)
    if done.delivered.failed or done.announced.faults:
        sys.exit(1)


def _asked(yes: bool, outlook: Outlook) -> bool:
    """Say what is about to be told; at a terminal, ask."""
    if not outlook.told:
        return True
    for sentence in outlook.sentences():
        err.print(
            f"  {sentence}", style="yellow" if outlook.too_many and sentence == outlook.pace() else "", markup=False
        )
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    err.print("Prévenir maintenant ? [o/N] ", style="bold", end="", markup=False)
    if sys.stdin.readline().strip().lower() in {"o", "oui", "y", "yes"}:
        return True
    err.print("Le site est en ligne ; personne n’est prévenu. La prochaine publication le redemandera.", style="yellow")
    return False


def rehearse(at: str) -> None:
    """What a publication would tell, without publishing."""
    from beffroi import publish as publishing

    with plainly(stopped=BUILDING) as root, Stages() as stages:
        outlook = publishing.rehearse(root, instant(at), step=stages.step, hold=hold)
    out.print("\n".join(outlook.sentences()), markup=False)


def catch_up(what: due.Task, at: str) -> None:
    """What a timer starts: a publication, only the messages that are owed, or the index. Another publication at work is
    no fault: the next turn sees whether it did all."""
    from beffroi.publish import Busy

    if what == "publish":
        publish(at, excused=Busy)
    elif what == "index":
        index()
    else:
        deliver(again=False, excused=Busy)


def plan(start: str, days: int) -> None:
    """The calendar of what starts and ends, a heading a day."""
    from beffroi import content
    from beffroi import plan as planning
    from beffroi.text import day

    with plainly() as root:
        site = read_site(root / SETTINGS)
        first, last = planning.period(instant(start, site.zone), days, site.zone)
        tree = content.read(site)
    lines = planning.told(planning.calendar(tree, first, last), site.zone)
    out.print("\n".join(lines or [f"Rien ne commence ni ne finit avant le {day(last.date())}."]), markup=False)
    for entry in planning.drafts(tree):
        out.print(f"Brouillon, ne paraîtra pas : {entry.document.front.title} ({entry.source})", markup=False)
    warn(tree.faults)


def _table(done: Published, reached: str) -> Table:
    from rich import box
    from rich.table import Table

    from beffroi.feeds import FEEDS
    from beffroi.text import many

    built, deployed, delivered, url = done.built, done.deployed, done.delivered, done.site.publisher.url
    change = f"{many(deployed.written, 'écrit')}, {many(deployed.removed, 'retiré')}"
    told = [decision.item for decision in done.announced.decisions if decision.why.told]
    table = Table(show_header=False, title="Publication", title_justify="left", box=box.SIMPLE)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Site", f"{many(len(built.items), 'contenu')}, {many(built.pages, 'page')}", f"{url}/")
    table.add_row("Flux", str(len(FEEDS)), "\n".join(f"{url}/feeds/{name}" for name in FEEDS))
    changed = deployed.written or deployed.removed
    table.add_row("Fichiers", change if changed else "aucun changement", _short(deployed.release))
    table.add_row("Recherche", *INDEX[done.index_follows])
    table.add_row("Nouveautés", str(len(told) or "rien de nouveau"), "\n".join(item.url for item in told))
    table.add_row("Téléphones", str(delivered.told), reached)
    return table


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def deliver(again: bool, excused: type[BeffroiError] | None = None) -> None:
    """Send what is still owed, without building anything."""
    from beffroi.publish import send

    with plainly(excused, stopped=SENDING) as root, sending() as progress:
        done = send(root, again=again, progress=progress)
    for sentence in done.sentences():
        out.print(sentence, markup=False)


def preview(path: str, at: str, port: int) -> None:
    """One item on every channel side by side, until Ctrl-C."""
    from beffroi.preview.app import Preview
    from beffroi.preview.run import run
    from beffroi.preview.stage import Stage

    with plainly() as root:
        stage = Stage(root, SETTINGS, read_service(root))
        if path and stage.entry(path) is None:
            raise BeffroiError(f"« {path} » n’est pas un contenu lisible ; lancez « check », ou écrivez par exemple "
                               "content/actualites/mon-actualite.md.")  # fmt: skip
        run(Preview(stage, path, instant(at)), root, port)


def bring(kind: str, source: str, into: str, chosen: str, media: str, download: bool) -> None:
    """Content of another site as files; exit status 1 where `check` refuses one of them."""
    from beffroi import importing
    from beffroi.importing.report import summary

    with plainly() as root:
        site, service = read_site(root / SETTINGS), read_service(root)
        pairs = dict(pair.rsplit("=", 1) for pair in chosen.split(",") if "=" in pair)
        folders = {name.strip(): folder.strip() for name, folder in pairs.items()}
        done = importing.bring(
            kind, source, site, service.var, into=into, chosen=folders, media=media, download=download
        )
    for line in summary(done.written):
        out.print(f"• {line}", markup=False)
    warn(done.faults)
    left = len(set(done.written.losses))
    out.print(f"• {left} point(s) à relire ou non repris : {_short(done.report)}", markup=False)
    if any(fault.level == "error" for fault in done.faults):
        sys.exit(1)


def keys() -> None:
    """Make the VAPID key where there is none, and show its public half."""
    from beffroi.channels import keys as vapid

    with plainly() as root:
        path = read_service(root).vapid_key
        made = vapid.ensure(path)
        public = vapid.public_key(path)
    out.print(f"{_short(path)} : {'clé créée (droits 600)' if made else 'la clé existe déjà'}", markup=False)
    out.print(f"Clé publique : {public}", markup=False)


def serve(port: int, host: str) -> None:
    """The live release and the subscription service, until Ctrl-C."""
    from beffroi.api.serve import serve as run

    with plainly() as root:
        run(read_site(root / SETTINGS), read_service(root), port=port, host=host)


def shell(*commands: Sequence[str]) -> None:
    """Run development commands one after the other; all of them run, the first failure gives the exit status."""
    failed = [code for command in commands if (code := subprocess.run(command, check=False).returncode)]
    if failed:
        sys.exit(failed[0])
