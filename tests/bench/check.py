"""How long `invoke check` takes: nothing known yet, nothing changed since, one file changed since."""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from pathlib import Path

from tests.town import Town

BODY = "Le pont rouvre demain, la circulation reprend. " * 20


def run(files: int = 10_000, translations: int = 100) -> None:
    """A town of that many items, each with a heading and a link to another one's, and translations whose age git tells."""
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder) / "ville")
        for number in range(files):
            _write(town, number, (number * 7) % files)
        _translate(town, translations)
        for name in ("rien de connu", "rien de changé", "rien de changé", "un fichier changé"):
            if name.startswith("un fichier"):
                _write(town, 0, 1)
            _measure(town, name)


def _write(town: Town, number: int, other: int) -> None:
    link = f"../{other % 25}/n{other}.md#titre-{other}"
    front = f"title: Nouvelle numéro {number}\ndate: 2026-05-04\nsummary: Le résumé {number}.\ntags: [eau, travaux]"
    town.write(f"actualites/{number % 25}/n{number}", front, f"## Titre {number}\n\n[Un lien]({link}).\n\n{BODY}")


def _translate(town: Town, count: int) -> None:
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nLANGUAGES = {"en": "English"}\n')
    for number in range(count):
        for name in (f"p{number}", f"p{number}.en"):
            town.write(f"patrimoine/{name}", f"title: Pont {number}\ndate: 2026-05-04", BODY)
    who = ("-c", "user.name=Mairie", "-c", "user.email=mairie@bourg.example")
    for words in (("init", "-q"), ("add", "content"), (*who, "commit", "-q", "-m", "Tout")):
        subprocess.run(["git", *words], cwd=town.root, check=True)


def _measure(town: Town, name: str) -> None:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = town.invoke("check")
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name} : {took:.2f} s, dont {cpu:.2f} s de calcul — {done.stdout.strip().splitlines()[-1]}")
