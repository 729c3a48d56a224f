"""The tasks: `python3 tasks.py NAME` anywhere, or `invoke NAME` within the project's environment."""

import sys

if __name__ == "__main__":  # run by a bare python3: invoke may not be installed yet
    from beffroi.bootstrap import run

    run(sys.argv[1:])
else:  # invoke keeps no bytecode unless it is asked to: all our modules would be compiled anew for each task
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

import gc
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import ParseError
from invoke.main import program
from invoke.tasks import task

from beffroi import bootstrap, due, leaving

if TYPE_CHECKING:
    from beffroi import commands, desk
else:

    class Late:
        """A module, imported when something of it is used: a list of tasks, or a timer that finds nothing to do, needs
        none of it."""

        def __init__(self, module: str) -> None:
            self.module = module

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self.module), name)

    commands, desk = Late("beffroi.commands"), Late("beffroi.desk")

bootstrap.again(sys.argv)


def _said(error: ParseError) -> str:
    """A command that invoke does not understand, told in French."""
    from beffroi import misspoken

    return misspoken.said(str(error.args[0]), getattr(error.context, "name", None) or "")


ParseError.__str__ = _said  # type: ignore[method-assign, assignment]  # invoke prints it, and has no other place for our words

# A task makes hundreds of thousands of objects, its imports included, and lets go of few: Python's own 700 cost a tenth
# of its time.
gc.set_threshold(100_000, 20, 20)

AT = {"at": "instant ISO 8601, par exemple 2026-05-04T09:30+02:00 ; maintenant par défaut"}


@task(
    optional=["changed"],
    help={
        "changed": "ce qui a changé depuis une révision de git, HEAD par défaut",
        "staged": "ce que le prochain commit contiendrait",
        "format": "forme du rapport : texte, json, github, forgejo ou gitlab",
        "json": "le rapport en JSON",
    },
)
def check(
    _: Context, changed: str | bool = "", staged: bool = False, format: str = "texte", json: bool = False
) -> None:
    """Contrôler les contenus, sans rien construire."""
    commands.check("HEAD" if changed is True else str(changed), staged, "json" if json else format)


@task(help={"port": "port d’écoute", "export": "dossier où écrire le formulaire, pour le mettre en ligne"})
def cms(_: Context, port: str = "8001", export: str = "") -> None:
    """Écrire dans un formulaire, sur http://localhost:8001/admin/."""
    commands.cms(commands.number("--port", port), export)


@task
def schema(_: Context) -> None:
    """Engendrer des modèles la référence des rédacteurs et les schémas JSON."""
    commands.schema()


@task
def hooks(_: Context) -> None:
    """Poser le crochet git qui refuse un commit fautif."""
    commands.hooks()


PROFILE = {"profile": "dire à la fin où le temps est allé"}


@task(help={**AT, **PROFILE, "clean": "tout refaire, sans rien reprendre de la construction précédente"})
def build(_: Context, at: str = "", clean: bool = False, profile: bool = False) -> None:
    """Contrôler, puis construire le site dans output/."""
    commands.build(at, clean, profile)


@task(positional=["path"], help={"path": "fichier de output/, ou adresse sur le site"})
def explain(_: Context, path: str) -> None:
    """Dire pourquoi la dernière construction a refait un fichier, ou non."""
    commands.explain(path)


@task(
    help={
        **AT,
        **PROFILE,
        "if_due": "seulement si quelque chose commence, finit ou reste à envoyer (pour une minuterie)",
        "yes": "ne rien demander avant de prévenir",
        "dry_run": "dire qui serait prévenu, sans rien mettre en ligne",
        "wait": "attendre l’index de recherche (pour une tâche de forge, dont la machine s’arrête avec elle)",
    }
)
def publish(
    _: Context,
    at: str = "",
    if_due: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    wait: bool = False,
    profile: bool = False,
) -> None:
    """Contrôler, construire, mettre en ligne et prévenir les abonnés."""
    if dry_run:
        commands.rehearse(at)
    elif not if_due:
        commands.publish(at, yes=yes, wait=wait, profile=profile)
    elif what := due.task(Path.cwd(), at):
        commands.catch_up(what, at)
    if len(getattr(program, "tasks", ())) == 1:  # those of this command line: none comes after
        leaving.through()


@task
def index(_: Context) -> None:
    """Faire l’index de recherche que la dernière publication a laissé à faire."""
    commands.index()


@task(
    help={"from_": "premier instant, ISO 8601 ; maintenant par défaut", "days": "nombre de jours, aujourd’hui compris"}
)
def plan(_: Context, from_: str = "", days: str = "30") -> None:
    """Dire, jour par jour, ce qui paraît et ce qui prend fin."""
    commands.plan(from_, commands.number("--days", days))


@task(help={"path": "fichier ou identifiant à ouvrir", "at": AT["at"], "port": "port d’écoute"})
def preview(_: Context, path: str = "", at: str = "", port: str = "8001") -> None:
    """Montrer un contenu sur chaque canal, avant publication, sur http://localhost:8001/_apercu/."""
    commands.preview(path, at, commands.number("--port", port))


@task(
    name="import",
    positional=["kind", "source"],
    help={
        "kind": "wordpress ou rss",
        "source": "fichier d’export, ou adresse d’un flux",
        "into": "dossier de ce qui n’a pas de rubrique ici",
        "chosen": "anciennes rubriques et dossiers : « Vie municipale=actualites,Sorties=agenda »",
        "media": "copie locale des fichiers de l’ancien site (wp-content/uploads)",
        "download": "télécharger les images qui manquent",
    },
)
def import_(
    _: Context, kind: str, source: str, into: str = "", chosen: str = "", media: str = "", download: bool = False
) -> None:
    """Reprendre les contenus d’un autre site : « import wordpress export.xml », « import rss https://… »."""
    commands.bring(kind, source, into, chosen, media, download)


@task(help=AT)
def adopt(_: Context, at: str = "") -> None:
    """Publier sans prévenir personne : ce qui est nouveau est tenu pour déjà annoncé."""
    commands.publish(at, adopt=True)


@task(help={"again": "reprendre aussi ce que les services de notification ont refusé"})
def deliver(_: Context, again: bool = False) -> None:
    """Envoyer les notifications encore dues, sans rien publier."""
    commands.deliver(again)


@task(help={"retry_failed": "reprendre aussi ce que les services de notification ont refusé"})
def announce(_: Context, retry_failed: bool = False) -> None:
    """Envoyer les notifications encore dues (autre nom de deliver)."""
    commands.deliver(retry_failed)


@task(positional=["what"], help={"what": "test : une notification d’essai", "endpoint": "l’adresse de son abonnement"})
def push(_: Context, what: str, endpoint: str = "") -> None:
    """Envoyer une notification d’essai à son propre téléphone."""
    desk.push(what, endpoint)


@task(help={"publish": "publier aussi ce qui est dû (PostgreSQL, machine qui a les contenus)"})
def worker(_: Context, publish: bool = False) -> None:
    """Envoyer ce qui est dû, aussi longtemps que l’on veut, à côté d’autres ouvriers."""
    desk.worker(publish)


@task
def arm(_: Context) -> None:
    """Préparer les clés de la prochaine alerte, pour qu’elle parte plus vite."""
    desk.arm()


@task
def subscribers(_: Context) -> None:
    """Compter les abonnés, sans en nommer aucun."""
    desk.subscribers()


@task(positional=["what", "to"], help={"what": "copy", "to": "adresse de la base où copier"})
def store(_: Context, what: str, to: str) -> None:
    """Copier la base dans une autre, par exemple de SQLite vers PostgreSQL."""
    desk.store(what, to)


@task(help={"rotate": "créer une nouvelle clé ; l’ancienne sert encore à qui s’était abonné avec elle"})
def keys(_: Context, rotate: bool = False) -> None:
    """Créer la clé des notifications si elle n’existe pas, et montrer sa moitié publique."""
    commands.keys()
    if rotate:
        desk.rotate()


@task(
    positional=["name"], help={"name": "nom du banc", "options": "ses options, « nom=nombre », séparées par un espace"}
)
def bench(_: Context, name: str, options: str = "") -> None:
    """Mesurer, sur cette machine ; voir docs/reference/benchmarks.md."""
    from tests.bench import run

    run(name, options)


@task(help={"port": "port d’écoute", "host": "adresse d’écoute"})
def serve(_: Context, port: str = "8000", host: str = "localhost") -> None:
    """Servir la version en ligne et les abonnements sur http://localhost:8000."""
    commands.serve(commands.number("--port", port), host)


@task(help={"args": "arguments de pytest, par exemple « tests/feeds -x »"})
def test(_: Context, args: str = "") -> None:  # noqa: PT028  # a task, not a test
    """Installer ce que les tests demandent (navigateurs compris), puis les lancer tous."""
    from tests.system import run

    run(args)


@task
def lint(_: Context) -> None:
    """Vérifier le code : ruff, mypy strict, couches d’import."""
    commands.shell(["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"])
