"""The tasks: `python3 tasks.py NAME` anywhere, or `invoke NAME` within the project's environment."""

import sys

if __name__ == "__main__":  # run by a bare python3: invoke may not be installed yet
    from beffroi.bootstrap import run as bootstrap

    bootstrap(sys.argv[1:])

from invoke.collection import Collection  # noqa: F401  # part of what a task file offers
from invoke.context import Context
from invoke.tasks import task

from beffroi import commands


@task(help={"at": "instant ISO 8601 du contrôle ; maintenant par défaut"})
def check(_: Context, at: str = "") -> None:
    """Contrôler tous les contenus, sans rien construire."""
    commands.check()


@task(help={"at": "instant ISO 8601 ; maintenant par défaut"})
def build(_: Context, at: str = "") -> None:
    """Contrôler, puis construire le site dans output/."""
    commands.build(at)


@task(help={"at": "instant ISO 8601 ; maintenant par défaut"})
def publish(_: Context, at: str = "") -> None:
    """Contrôler, construire, mettre en ligne et prévenir les abonnés."""
    commands.publish(at)
